import type { AccessToken } from '../../lib/oauth/access-token.ts';
import { covers, type Revocation, revocationIds, supersedes } from '../../lib/oauth/revocation.ts';
import type { RevocationStore } from '../../lib/store/revocation.ts';

/**
 * Puts an entry that covers many tokens on the revocation list, unless an existing entry covers as many. Entries that the new
 * one makes superfluous are removed, so that repeating a command does not make the list longer.
 * @returns the entry that is in force: the new one or the existing one
 */
export async function addRevocation(store: RevocationStore, entry: Revocation): Promise<Revocation> {
  const others = (await store.since(0)).filter(({ kind, id }) => kind === entry.kind && id === entry.id);
  const wider = others.find((other) => supersedes(other, entry));
  if (wider) return wider;
  await store.put(entry);
  for (const other of others) if (supersedes(entry, other)) await store.remove(other);
  return entry;
}

/** The entries of the revocation list that cover a token. */
export function entriesCovering(entries: readonly Revocation[], token: AccessToken): Revocation[] {
  const ids = revocationIds(token);
  return entries.filter((entry) => ids[entry.kind] === entry.id && covers(entry, token));
}
