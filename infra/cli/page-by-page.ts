import type { ReadOptions, RevocationStore } from '../../lib/store/revocation.ts';

/** Segments: a quarter of what a page may hold. */
const PAGE = 64;

/**
 * A function gives all pages of a reading of the list one deadline, and goes on with its next request. A command has no next
 * request, so each page has a deadline of its own; and pages are small, as the line to the table may be slow.
 */
export function pageByPage(store: RevocationStore): RevocationStore {
  const small = ({ startedAt: _, limit = PAGE, ...options }: ReadOptions = {}): ReadOptions => ({
    ...options,
    limit: Math.min(limit, PAGE),
  });
  return {
    ...store,
    read: (from, options) => store.read(from, small(options)),
    readFormer: (from, options) => store.readFormer(from, small(options)),
  };
}
