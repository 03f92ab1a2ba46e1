import { subjectTag } from '../../lib/oauth/grant-id.ts';
import { revoke } from '../../lib/oauth/grant-state.ts';
import { randomId } from '../../lib/oauth/handle.ts';
import type { RevocationKind } from '../../lib/oauth/revocation.ts';
import type { EpochKind } from '../../lib/store/epoch.ts';
import type { Store } from './store.ts';

/** The epoch of each kind that has one, and what it is known by there. */
const epochIds = {
  client: (id) => id,
  subject: subjectTag,
  issuer: (id) => id,
} as const satisfies Record<EpochKind, (id: string) => string>;

/**
 * Ends the grants behind the access tokens that an entry of the revocation list names, so that no refresh makes new ones.
 * Comes before the entry: afterwards no token comes of what was given before.
 * @param issued_until seconds since the epoch: grants that were given up to this time end
 */
export async function endGrants(
  { epochs, grants }: Pick<Store, 'epochs' | 'grants'>,
  kind: Exclude<RevocationKind, 'token'>,
  id: string,
  issued_until: number,
): Promise<void> {
  if (kind === 'grant') await grants.change(id, revoke(randomId(), issued_until));
  else if (kind !== 'key') await epochs.put(kind, epochIds[kind](id), issued_until);
}
