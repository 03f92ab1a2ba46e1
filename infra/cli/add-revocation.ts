import type { AccessToken } from '../../lib/oauth/access-token.ts';
import { includes, type Revocation, reaches, revocableBy } from '../../lib/oauth/revocation.ts';
import type { RevocationStore } from '../../lib/store/revocation.ts';

/**
 * Puts an entry on the list that covers many tokens, unless one that is there covers as much. Those that it makes
 * superfluous are removed afterwards, so that repeating a command does not make the list longer.
 * @returns the entry that is in force
 */
export async function addRevocation(store: RevocationStore, entry: Revocation): Promise<Revocation> {
  const others = (await store.since(0)).filter(({ kind, id }) => kind === entry.kind && id === entry.id);
  const enough = others.find((other) => includes(other, entry));
  if (enough) return enough;
  await store.put(entry);
  for (const other of others) if (includes(entry, other)) await store.remove(other);
  return entry;
}

/** The entries by which a token is revoked. */
export function findRevocations(entries: readonly Revocation[], token: AccessToken): Revocation[] {
  const ids = revocableBy(token);
  return entries.filter((entry) => ids[entry.kind] === entry.id && reaches(entry, token));
}
