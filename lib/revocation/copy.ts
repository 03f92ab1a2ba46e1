import { ENTRY_BYTES, issuedUntilAt, packRevocation, tagAt, unpackInto } from '../oauth/packed-revocation.ts';
import type { Revocation } from '../oauth/revocation.ts';
import { endOf, isFull, SEGMENT_ENTRIES, type Segment } from '../oauth/revocation-segment.ts';
import { MalformedItem } from '../store/items.ts';
import { createPackedIndex } from './packed-index.ts';

/** An entry as far as the list still knows it. Times are seconds since the epoch. */
export interface FoundEntry {
  /** It was not added earlier. */
  readonly revoked_after: number;
  /** `Infinity` = covers tokens whenever they were issued. */
  readonly issued_until: number;
  /** Until then at least it is kept. */
  readonly expires_at: number;
}

/**
 * Seconds by which a clock may be set back: an entry is forgotten that much after it has expired, so nothing is missing by the
 * earlier time.
 */
export const SET_BACK_SECONDS = 5;

/** What a container knows of the list. Nothing is forgotten before it expires, in whatever order it is read. */
export interface Copy {
  merge(segment: Segment, now: number): void;
  /** Of version 0.1.0. */
  mergeFormer(entries: readonly Revocation[], now: number): void;
  /** How many entries were ever added. */
  added(): number;
  /** Whether the test holds for an entry with one of these keys, which are not made for an empty list. */
  some(keys: () => readonly Buffer[], test: (entry: FoundEntry) => boolean): boolean;
  /** Entries that take from a share. */
  count(tag: number): number;
  /** Those that were certainly added in this second or the `seconds - 1` before, which are at most `RECENT_SECONDS`. */
  countRecent(tag: number, seconds: number, now: number): number;
  /** Drops what has expired, at most once a minute. */
  prune(now: number): void;
}

/** The entries of one segment in memory. */
interface Held {
  number: number;
  created_at: number;
  end: number;
  readonly bytes: Buffer;
  count: number;
  /** Entries that come later were added after it: when the segment was made, or when it was last read. */
  unseen_since: number;
  /** Undefined once the segment is full, because nothing is added any more. */
  known: Set<string> | undefined;
}

const PRUNE_SECONDS = 60;

export const RECENT_SECONDS = 60;

const isForgotten = (end: number, now: number) => end <= now - SET_BACK_SECONDS;

export function createCopy(): Copy {
  const index = createPackedIndex<Held>();
  const all = new Set<Held>();
  const bySegment = new Map<string, Held>();
  const byFormerEntry = new Map<string, Held>();
  const counts = new Map<number, number>();
  /** By second and tag. */
  const recent = new Map<number, Map<number, number>>();
  /** The last block for entries of version 0.1.0, which may have room for more: they can come one at a time. */
  let former: Held | undefined;
  let added = 0;
  let prunedAt = Number.NEGATIVE_INFINITY;

  function open(created_at: number, end: number): Held {
    const bytes = Buffer.alloc(SEGMENT_ENTRIES * ENTRY_BYTES);
    const held: Held = {
      number: 0,
      created_at,
      end,
      bytes,
      count: 0,
      unseen_since: created_at,
      known: new Set(),
    };
    index.add(held);
    all.add(held);
    return held;
  }

  function insert(held: Held, packed: readonly string[], now: number) {
    const isRoom = held.count + packed.length <= SEGMENT_ENTRIES;
    if (!isRoom || !unpackInto(held.bytes, held.count * ENTRY_BYTES, packed)) {
      throw new MalformedItem('REVOKED SEGMENT', 'entries');
    }
    const to = held.count + packed.length;
    while (held.count < to) index.insert(held, held.count++);
    added += packed.length;
    const second = Math.min(held.unseen_since, now);
    countTags(held, to - packed.length, (tag, length) => {
      addTo(counts, tag, length);
      if (second > now - RECENT_SECONDS) addTo(recentAt(second), tag, length);
    });
  }

  function recentAt(second: number): Map<number, number> {
    const found = recent.get(second) ?? new Map<number, number>();
    recent.set(second, found);
    return found;
  }

  /** Entries of one client often follow one another. */
  function countTags({ bytes, count: to }: Held, from: number, add: (tag: number, length: number) => void) {
    let [tag, length] = [0, 0];
    for (let position = from; position <= to; position++) {
      const next = position < to ? tagAt(bytes, position * ENTRY_BYTES) : 0;
      if (next === tag) length++;
      else {
        if (tag !== 0) add(tag, length);
        [tag, length] = [next, 1];
      }
    }
  }

  function addTo(counts: Map<number, number>, tag: number, change: number) {
    const sum = (counts.get(tag) ?? 0) + change;
    if (sum === 0) counts.delete(tag);
    else counts.set(tag, sum);
  }

  return {
    merge(segment, now) {
      const end = endOf(segment);
      if (isForgotten(end, now)) return;
      // A list that was wholly deleted begins again with the same numbers.
      const name = `${segment.number}/${segment.created_at}`;
      const held = bySegment.get(name) ?? open(segment.created_at, end);
      bySegment.set(name, held);
      held.end = Math.max(held.end, end);
      const { known } = held;
      if (!known) return;
      const added = held.count === 0 ? segment.entries : segment.entries.filter((packed) => !known.has(packed));
      insert(held, added, now);
      held.unseen_since = now;
      if (isFull(segment)) held.known = undefined;
      else for (const packed of added) known.add(packed);
    },

    mergeFormer(entries, now) {
      for (const entry of entries) {
        const packed = packRevocation(entry);
        const name = `${packed}/${entry.expires_at}`;
        if (isForgotten(entry.expires_at, now) || byFormerEntry.has(name)) continue;
        if (!former || former.count === SEGMENT_ENTRIES || !all.has(former)) former = open(entry.revoked_at, 0);
        insert(former, [packed], now);
        byFormerEntry.set(name, former);
        former.created_at = Math.min(former.created_at, entry.revoked_at);
        former.end = Math.max(former.end, entry.expires_at);
      }
    },

    added: () => added,

    some: (keys, test) =>
      all.size > 0 &&
      keys().some((key) =>
        index.some(key, ({ created_at, end, bytes }, at) =>
          test({ revoked_after: created_at, issued_until: issuedUntilAt(bytes, at), expires_at: end }),
        ),
      ),

    count: (tag) => counts.get(tag) ?? 0,

    countRecent(tag, seconds, now) {
      let found = 0;
      for (let second = now; second > now - seconds; second--) found += recent.get(second)?.get(tag) ?? 0;
      return found;
    },

    prune(now) {
      if (Math.abs(now - prunedAt) < PRUNE_SECONDS) return;
      prunedAt = now;
      for (const held of all) {
        if (!isForgotten(held.end, now)) continue;
        countTags(held, 0, (tag, length) => addTo(counts, tag, -length));
        all.delete(held);
        index.drop(held);
      }
      for (const second of recent.keys()) if (Math.abs(now - second) >= RECENT_SECONDS) recent.delete(second);
      for (const names of [bySegment, byFormerEntry]) {
        for (const [name, held] of names) if (!all.has(held)) names.delete(name);
      }
    },
  };
}
