import { type Revocation, revocationKinds } from '../oauth/revocation.ts';
import { SEGMENT_ENTRIES, type Segment } from '../oauth/revocation-segment.ts';
import { BinarySet } from './attribute-value.ts';
import { parseItem } from './items.ts';
import { number, oneOf, optional, parser, type Shape, text } from './shape.ts';
import type { Item, Range, Table } from './table.ts';

/** One partition. Nobody deletes from it but the TTL of the table. */
export interface RevocationStore {
  /** From this segment on. */
  read(from: number, options?: ReadOptions): Promise<ListPage>;
  /** Entries of version 0.1.0. @param from a place: those that come before it are left out */
  readFormer(from: string, options?: Omit<ReadOptions, 'isWhole'>): Promise<ListPage>;
  last(): Promise<Segment | undefined>;
  /** Adds an entry, once, to a segment that is not full and expires no later than this. @returns undefined if it cannot */
  append(entry: NewEntry): Promise<Segment | undefined>;
  /** From now on, the segment counts as full, and is kept until then at least. False if it is kept for longer already, or was deleted. */
  seal(segment: number, expires_at: number): Promise<boolean>;
}

export interface ReadOptions {
  /** Items. */
  readonly limit?: number;
  readonly after?: string | undefined;
  readonly isEventual?: boolean;
  /** Of several pages that have one deadline together, by `elapsedMs`. */
  readonly startedAt?: number;
  /** Also the entries of version 0.1.0, which come after all segments. */
  readonly isWhole?: boolean;
}

/** Up to 1 MB of the list, in its order. */
export interface ListPage {
  readonly segments: readonly Segment[];
  readonly formerEntries: readonly Revocation[];
  /** The place of the last item; undefined = there is no more. */
  readonly after: string | undefined;
}

/** The place of entries of version 0.1.0 that were added then, by the clock of their writers. */
export const formerPlace = (revoked_at: number): string => String(revoked_at);

/** Whether all segments lie before this place. */
export const isFormerPlace = (after: string): boolean => after > END_OF_SEGMENTS;

export interface NewEntry {
  readonly number: number;
  /** Whether the segment is made if there is none. */
  readonly mayCreate: boolean;
  /** Packed, in base64. */
  readonly entry: string;
  /** Of the segment. */
  readonly expires_at: number;
  readonly now: number;
}

const PARTITION = 'REVOKED#0';

/** Sorts before all digits, with which the keys of version 0.1.0 begin: ten of a time, then kind and id of one entry. */
const MARK = '!';
const END_OF_SEGMENTS = `${MARK}~`;
const END_OF_LIST = ':';

const keyOf = (segment: number) => ({ pk: PARTITION, sk: MARK + String(segment).padStart(10, '0') });

const binarySet: Shape<BinarySet> = (value): value is BinarySet => value instanceof BinarySet;

type Stored = Omit<Segment, 'number' | 'entries'> & { readonly entries: BinarySet };

const parseSegment = parser<Stored>({ created_at: number, expires_at: number, fill: number, entries: binarySet });

const parseFormer = parser<Revocation>({
  kind: oneOf(...revocationKinds),
  id: text,
  audience: optional(text),
  revoked_at: number,
  issued_until: optional(number),
  expires_at: number,
});

const isSegment = ({ sk }: Item) => String(sk).startsWith(MARK);

function toSegment(item: Item): Segment {
  const { created_at, expires_at, fill, entries } = parseItem({ kind: 'REVOKED SEGMENT', parse: parseSegment }, item);
  return {
    number: Number(String(item['sk']).slice(MARK.length)),
    created_at,
    expires_at,
    fill,
    entries: entries.members,
  };
}

export function createRevocationStore(table: Table): RevocationStore {
  async function readPage(range: Range): Promise<ListPage> {
    const { items, after } = await table.slice(PARTITION, range);
    const segments = items.filter(isSegment).map(toSegment);
    const others = items.filter((item) => !isSegment(item));
    return {
      segments,
      formerEntries: others.map((item) => parseItem({ kind: 'REVOKED', parse: parseFormer }, item)),
      after,
    };
  }

  return {
    read: (from, { isWhole, ...options } = {}) =>
      readPage({ from: keyOf(from).sk, to: isWhole ? END_OF_LIST : END_OF_SEGMENTS, ...options }),

    readFormer: (from, options) => readPage({ from, to: END_OF_LIST, ...options }),

    async last() {
      const { items } = await table.slice(PARTITION, { from: MARK, to: END_OF_SEGMENTS, limit: 1, isDescending: true });
      return items[0] && toSegment(items[0]);
    },

    async append({ number, mayCreate, entry, expires_at, now }) {
      const item = await table.update(
        keyOf(number),
        { set: { expires_at }, initial: { created_at: now }, add: { entries: new BinarySet([entry]), fill: 1 } },
        [
          { attribute: 'fill', test: 'below', value: SEGMENT_ENTRIES },
          { attribute: 'expires_at', test: 'below', value: expires_at + 1 },
          ...(mayCreate ? [] : [{ attribute: 'pk', test: 'present' } as const]),
        ],
      );
      return item && toSegment(item);
    },

    seal: (number, expires_at) =>
      table.setBlindly(keyOf(number), { fill: SEGMENT_ENTRIES, expires_at }, [
        { attribute: 'expires_at', test: 'below', value: expires_at + 1 },
        { attribute: 'pk', test: 'present' },
      ]),
  };
}
