import { createRevocation, type Revocation } from '../../lib/oauth/revocation.ts';
import { addRevocation } from './add-revocation.ts';
import type { DeployedSettings } from './disable-client.ts';
import { revokeGrants } from './revoke-grants.ts';
import type { Store } from './store.ts';

/**
 * Signs a subject out everywhere: an epoch ends sessions and grants, an entry on the revocation list ends access tokens. The
 * epoch comes first, so that no token is issued from an old grant after the entry. Safe to repeat.
 * @param delay seconds for which sessions and tokens from requests in flight are refused as well; 0 when the subject may
 * sign in again at once
 */
export async function signOutSubject(
  store: Store,
  sub: string,
  { lifetime }: Pick<DeployedSettings, 'lifetime'>,
  delay = 0,
): Promise<{ revocation: Revocation }> {
  const now = store.clock();
  await revokeGrants(store, 'subject', sub, now + delay);
  const revocation = await addRevocation(store.revocations, createRevocation('subject', sub, { now, lifetime, delay }));
  return { revocation };
}
