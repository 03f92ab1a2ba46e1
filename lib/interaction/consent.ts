import type { Clock } from '../clock.ts';
import { mergeAccess } from '../oauth/consent.ts';
import { Unavailable } from '../oauth/errors.ts';
import type { ConsentStore } from '../store/consent.ts';
import type { ConsentRequest } from './continuation.ts';

export interface ConsentContext {
  readonly clock: Clock;
  readonly consents: ConsentStore;
}

/** Other windows of the same person may change the consent. */
const MAX_WRITES = 3;

export async function rememberConsent(
  sub: string,
  { client_id, access }: ConsentRequest,
  { consents, clock }: ConsentContext,
): Promise<void> {
  for (let tries = 0; tries < MAX_WRITES; tries++) {
    const seen = await consents.find(sub, client_id);
    const consent = { sub, client_id, ...mergeAccess(access, seen), given_at: clock() };
    if (await consents.replace(consent, seen)) return;
  }
  throw new Unavailable('the consent');
}
