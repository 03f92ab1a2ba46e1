import { subjectTag } from '../../lib/oauth/grant-id.ts';
import { revocationTransition } from '../../lib/oauth/grant-state.ts';
import { randomId } from '../../lib/oauth/handle.ts';
import type { RevocationKind } from '../../lib/oauth/revocation.ts';
import type { EpochKind } from '../../lib/store/epoch.ts';
import type { Store } from './store.ts';

/** The id of the epoch for each kind that has one. */
const epochIds = {
  client: (id) => id,
  subject: subjectTag,
  issuer: (id) => id,
} as const satisfies Partial<Record<EpochKind, (id: string) => string>>;

/**
 * Revokes the grants behind the access tokens that an entry of the revocation list is about to cover, so that no refresh
 * issues new ones. Call this before adding the entry: then no token is issued from an old grant after the entry.
 * @param issued_until seconds since the epoch: grants given up to this time are revoked
 */
export async function revokeGrants(
  { epochs, grants }: Pick<Store, 'epochs' | 'grants'>,
  kind: Exclude<RevocationKind, 'consent' | 'session' | 'token'>,
  id: string,
  issued_until: number,
): Promise<void> {
  if (kind === 'grant') await grants.change(id, revocationTransition(randomId(), issued_until));
  else if (kind !== 'key') await epochs.put(kind, epochIds[kind](id), issued_until);
}
