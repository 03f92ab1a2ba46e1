import type { Clock } from '../clock.ts';
import { mergeAccess } from '../oauth/consent.ts';
import { Unavailable } from '../oauth/errors.ts';
import { consentEpochId, subjectTag } from '../oauth/grant-id.ts';
import type { Consent, ConsentStore } from '../store/consent.ts';
import type { EpochStore } from '../store/epoch.ts';
import type { ConsentRequest } from './continuation.ts';

export interface ConsentContext {
  readonly clock: Clock;
  readonly consents: ConsentStore;
  readonly epochs: Pick<EpochStore, 'find'>;
}

/** Other windows of the same person may change the consent. */
const MAX_WRITES = 3;

/** Undefined also when it was withdrawn, but is still there. */
export async function findConsent(
  sub: string,
  client_id: string,
  context: ConsentContext,
): Promise<Consent | undefined> {
  const { consent, isWithdrawn } = await readConsent(sub, client_id, context);
  return isWithdrawn ? undefined : consent;
}

async function readConsent(sub: string, client_id: string, { consents, epochs }: ConsentContext) {
  const [consent, epoch] = await Promise.all([
    consents.find(sub, client_id),
    epochs.find('consent', consentEpochId(subjectTag(sub), client_id)),
  ]);
  return { consent, isWithdrawn: consent !== undefined && epoch !== undefined && consent.given_at <= epoch };
}

/** @returns when it was given */
export async function rememberConsent(
  sub: string,
  { client_id, access }: ConsentRequest,
  context: ConsentContext,
): Promise<number> {
  // Not later, so that a withdrawal in the meantime ends it.
  const given_at = context.clock();
  for (let tries = 0; tries < MAX_WRITES; tries++) {
    const { consent: seen, isWithdrawn } = await readConsent(sub, client_id, context);
    const consent = { sub, client_id, ...mergeAccess(access, isWithdrawn ? undefined : seen), given_at };
    if (await context.consents.replace(consent, seen)) return given_at;
  }
  throw new Unavailable('the consent');
}
