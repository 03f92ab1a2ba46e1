import { type Revocation, revokeAll } from '../../lib/oauth/revocation.ts';
import { addRevocation } from './add-revocation.ts';
import type { Deployed } from './disable-client.ts';
import { endGrants } from './end-grants.ts';
import type { Store } from './store.ts';

/**
 * Signs a subject out everywhere: an epoch ends its sessions and grants, an entry on the revocation list its access tokens.
 * First the epoch: afterwards no token comes of a grant that was given before. Repeating it makes good what was missed.
 * @param delay seconds for which something may still be given that must not live, by requests that are under way; 0 where
 * the subject may sign in again at once
 */
export async function endSubject(
  store: Store,
  sub: string,
  { lifetime }: Pick<Deployed, 'lifetime'>,
  delay = 0,
): Promise<{ revocation: Revocation }> {
  const now = store.clock();
  await endGrants(store, 'subject', sub, now + delay);
  const revocation = await addRevocation(store.revocations, revokeAll('subject', sub, { now, lifetime, delay }));
  return { revocation };
}
