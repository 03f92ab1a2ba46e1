// The revocation list of a table, as tests fill, count and empty it.
import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { packRevocation } from '../../lib/oauth/packed-revocation.ts';
import type { Revocation } from '../../lib/oauth/revocation.ts';
import { keptUntil, SEGMENT_ENTRIES, type Segment } from '../../lib/oauth/revocation-segment.ts';
import { createRevocationList, type Revocations } from '../../lib/revocation/list.ts';
import { BinarySet } from '../../lib/store/attribute-value.ts';
import { createRevocationStore } from '../../lib/store/revocation.ts';
import type { Table } from '../../lib/store/table.ts';

export interface TestList {
  /** As the administration does, which looks for no other entry. */
  put(entry: Revocation): Promise<void>;
  find: Revocations['find'] extends (...args: infer Args) => infer Found ? (...args: Args) => Promise<Found> : never;
  segments(): Promise<Segment[]>;
  /** In all segments, and those of version 0.1.0. */
  length(): Promise<number>;
  clear(): Promise<void>;
  /** Adds full segments of entries for tokens that were never issued, after the last one, which becomes full as well. */
  fill(segments: number, expires_at: number): Promise<void>;
}

export const segmentKey = (number: number) => ({ pk: 'REVOKED#0', sk: `!${String(number).padStart(10, '0')}` });

/** The item of a full segment, with random entries for tokens. @param client_id of the client that caused all of them */
export function fullSegment(
  number: number,
  times: { created_at: number; expires_at: number },
  client_id = 'a client',
  count = SEGMENT_ENTRIES,
) {
  const entries = Array.from({ length: count }, () => {
    const entry = { kind: 'token', id: randomUUID(), revoked_at: times.created_at, expires_at: 0 } as const;
    return packRevocation(entry, client_id);
  });
  return {
    ...segmentKey(number),
    created_at: times.created_at,
    expires_at: keptUntil(times.expires_at),
    fill: SEGMENT_ENTRIES,
    entries: new BinarySet(entries),
  };
}

/** @param clock of what is put */
export function openList(table: Table, clock: Clock = systemClock): TestList {
  const list = createRevocationList(createRevocationStore(table), clock);
  const items = () => table.query('REVOKED#0', '');
  const segments = async () => {
    const { read } = createRevocationStore(table);
    const found: Segment[] = [];
    for (let page = await read(0); ; page = await read(0, { after: page.after })) {
      found.push(...page.segments);
      if (page.after === undefined) return found;
    }
  };
  return {
    put: (entry) => list.add(entry),
    find: async (...what) => (await list.fresh(0)).find(...what),
    segments,
    async length() {
      const ofSegments = (await segments()).reduce((sum, { entries }) => sum + entries.length, 0);
      return ofSegments + (await items()).filter(({ sk }) => /^\d/.test(String(sk))).length;
    },
    async fill(count, expires_at) {
      const { last, seal } = createRevocationStore(table);
      const end = await last();
      if (end) await seal(end.number, end.expires_at);
      const first = end ? end.number + 1 : 0;
      for (let number = first; number < first + count; number++) {
        await table.put(fullSegment(number, { created_at: clock(), expires_at }));
      }
    },
    async clear() {
      for (const { sk } of await items()) await table.remove({ pk: 'REVOKED#0', sk: String(sk) });
    },
  };
}
