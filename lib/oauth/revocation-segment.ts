// The rules of the revocation list: a chain of numbered segments, each one item. Entries are added to the last segment only. The
// next one is made when the last is full, and a full segment never changes. docs/decisions/one-revocation-list.md

import { isWithin, type Moment } from '../clock.ts';

/** Times are seconds since the epoch. */
export interface Segment {
  readonly number: number;
  readonly created_at: number;
  /** When the table may delete it. */
  readonly expires_at: number;
  /** The number of writes that added something; it only grows, and a write that is repeated counts twice. */
  readonly fill: number;
  /** Packed, in base64. */
  readonly entries: readonly string[];
}

/** So many of the longest kind fit into 4 KB, which one read unit reads. */
export const SEGMENT_ENTRIES = 200;

export const isFull = ({ fill }: Pick<Segment, 'fill'>): boolean => fill >= SEGMENT_ENTRIES;

/**
 * Seconds for which the table keeps a segment after its last entry has expired: far longer than a writer's knowledge of the end
 * of the list may be old, so that nobody makes a segment anew whose successors others have read already.
 */
const KEEP_SECONDS = 3_600;

/** Seconds. The end of a segment is a multiple of it, so that most entries do not move the end. */
const STEP_SECONDS = 900;

/** From when on all entries have expired. */
export const endOf = ({ expires_at }: Pick<Segment, 'expires_at'>): number => expires_at - KEEP_SECONDS;

/** `expires_at` of a segment for an entry that expires then. */
export const keptUntil = (expires_at: number): number =>
  Math.ceil(expires_at / STEP_SECONDS) * STEP_SECONDS + KEEP_SECONDS;

/** Seconds: a writer that knows the end of the list for longer reads it again before it makes a segment. */
const FRESH_SECONDS = 60;

/** The last segment as a writer knows it. */
export interface KnownEnd {
  readonly last: Segment | undefined;
  /** When it was read. */
  readonly at: Moment;
}

/** What a writer has to do next. */
export type Step =
  | { readonly step: 'read' }
  /** It has expired, so the table may delete it. Full, it takes no more entries. Kept longer, it stays the last one for all writers. */
  | { readonly step: 'seal'; readonly number: number; readonly expires_at: number }
  | { readonly step: 'append'; readonly number: number; readonly mayCreate: boolean; readonly expires_at: number };

/** @param expires_at of the entry */
export function nextStep(known: KnownEnd | undefined, expires_at: number, now: Moment): Step {
  if (!known) return { step: 'read' };
  const { last, at } = known;
  const until = keptUntil(expires_at);
  if (last && !isFull(last) && endOf(last) > now.time) {
    return { step: 'append', number: last.number, mayCreate: false, expires_at: Math.max(last.expires_at, until) };
  }
  if (!isWithin({ since: at, seconds: FRESH_SECONDS }, now)) return { step: 'read' };
  // If it were deleted before the next one is made, another writer would take an older one for the last, and make a next one of its own.
  const isSafe = last && endOf(last) >= now.time - FRESH_SECONDS;
  if (last && !(isFull(last) && isSafe))
    return { step: 'seal', number: last.number, expires_at: now.time + KEEP_SECONDS };
  return { step: 'append', number: last ? last.number + 1 : 0, mayCreate: true, expires_at: until };
}
