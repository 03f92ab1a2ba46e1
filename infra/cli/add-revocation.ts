import type { AccessToken } from '../../lib/oauth/access-token.ts';
import { Unavailable } from '../../lib/oauth/errors.ts';
import { type Revocation, type RevocationKind, revocationIds, revocationKinds } from '../../lib/oauth/revocation.ts';
import type { FoundEntry } from '../../lib/revocation/copy.ts';
import type { RevocationList, Revocations } from '../../lib/revocation/list.ts';

/**
 * Puts an entry that covers many tokens on the revocation list, unless an existing entry covers as many: repeating a command
 * does not make the list longer. If the list cannot be read, the entry is added all the same: a second one does no harm.
 * @returns what is in force: the new entry, or as much as the list still knows of the existing one
 */
export async function addRevocation(revocations: RevocationList, entry: Revocation): Promise<Revocation> {
  const { kind, id, issued_until = Number.POSITIVE_INFINITY, expires_at } = entry;
  const known = await readIfAvailable(revocations);
  const wider = known
    ?.find(kind, id)
    .find((other) => other.issued_until >= issued_until && other.expires_at >= expires_at);
  if (!wider) {
    await revocations.add(entry);
    return entry;
  }
  const until = wider.issued_until;
  return {
    kind,
    id,
    revoked_at: wider.revoked_after,
    ...(Number.isFinite(until) && { issued_until: until }),
    expires_at: wider.expires_at,
  };
}

async function readIfAvailable(revocations: RevocationList): Promise<Revocations | undefined> {
  try {
    return await revocations.fresh(0);
  } catch (error) {
    if (error instanceof Unavailable) return undefined;
    throw error;
  }
}

export interface CoveringEntry extends Omit<FoundEntry, 'issued_until'> {
  readonly kind: RevocationKind;
  readonly id: string;
}

/** The entries of the revocation list that cover a token. */
export function entriesCovering(revocations: Revocations, token: AccessToken): CoveringEntry[] {
  const ids = revocationIds(token);
  const { iat, aud } = token.claims;
  return revocationKinds.flatMap((kind) => {
    const id = ids[kind];
    if (id === undefined) return [];
    const atOneAudience = kind === 'token' && typeof aud === 'string' ? revocations.find(kind, id, aud) : [];
    return [...revocations.find(kind, id), ...atOneAudience]
      .filter((entry) => iat <= entry.issued_until)
      .map(({ revoked_after, expires_at }) => ({ kind, id, revoked_after, expires_at }));
  });
}
