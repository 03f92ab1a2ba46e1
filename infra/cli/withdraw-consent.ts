import { setTimeout } from 'node:timers/promises';
import { consentEpochId, subjectTag } from '../../lib/oauth/grant-id.ts';
import { consentId, createRevocation, type Revocation } from '../../lib/oauth/revocation.ts';
import { Problem } from '../problem.ts';
import { addRevocation } from './add-revocation.ts';
import type { DeployedSettings } from './disable-client.ts';
import type { Store } from './store.ts';

/** Seconds by which the clock of the store can be late, because the date in its answers has no fractions. */
const LATE = 1;

/**
 * Ends all that a client has got for a subject, however much that is: an epoch ends the consent and the grants that came from it, an
 * entry on the revocation list ends access tokens. The epoch comes first, so that no token is issued from an old grant after the
 * entry. Safe to repeat. Returns when what the subject allows from now on is not covered any more.
 * @throws Problem when it was interrupted
 */
export async function withdrawConsent(
  { clock, epochs, revocations, consents }: Pick<Store, 'clock' | 'epochs' | 'revocations' | 'consents'>,
  sub: string,
  client_id: string,
  { lifetime }: Pick<DeployedSettings, 'lifetime'>,
): Promise<{ revocation: Revocation }> {
  const now = clock();
  const until = now + LATE;
  try {
    await epochs.put('consent', consentEpochId(subjectTag(sub), client_id), until);
    const entry = createRevocation('consent', consentId(sub, client_id), { now, lifetime, delay: LATE });
    const revocation = await addRevocation(revocations, entry);
    await consents.remove(sub, client_id, until);
    await setTimeout((until + 1 - clock()) * 1000);
    return { revocation };
  } catch (error) {
    throw new Problem(
      `the consent may be withdrawn in part only: ${(error as Error).message}; run the same command again`,
    );
  }
}
