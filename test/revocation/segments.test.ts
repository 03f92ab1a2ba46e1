// The chain of segments that the revocation list is: no entry is missed or lost, whoever is killed, late or behind, and what a
// check reads. docs/decisions/one-revocation-list.md
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addRevocation } from '../../infra/cli/add-revocation.ts';
import { pageByPage } from '../../infra/cli/page-by-page.ts';
import { createSeedTable } from '../../infra/local/seed-table.ts';
import { type Table as EmbeddedTable, sendToTable, startTable } from '../../infra/local/table.ts';
import { packRevocation, revocationKey } from '../../lib/oauth/packed-revocation.ts';
import { createRevocation, type Revocation } from '../../lib/oauth/revocation.ts';
import { SEGMENT_ENTRIES, type Segment } from '../../lib/oauth/revocation-segment.ts';
import { createCopy, SET_BACK_SECONDS } from '../../lib/revocation/copy.ts';
import { createRevocationList, type RevocationList } from '../../lib/revocation/list.ts';
import { BURST, CLIENT_SHARE } from '../../lib/revocation/share.ts';
import { BinarySet } from '../../lib/store/attribute-value.ts';
import { openTable } from '../../lib/store/dynamodb.ts';
import { createRevocationStore } from '../../lib/store/revocation.ts';
import type { Table } from '../../lib/store/table.ts';
import {
  type Behaviour,
  type FaultyStore,
  onlyIf,
  type StoreRequest,
  startFaultyStore,
} from '../support/faulty-store.ts';
import { passTime } from '../support/pass-time.ts';
import { fullSegment, openList, segmentKey, type TestList } from '../support/revocation-list.ts';
import { sampled, scaled } from '../support/scale.ts';
import { createTestClock } from '../support/world.ts';

const { clock, advance } = createTestClock();
const HOUR = 3_600;
const DAY = 24 * HOUR;

let embedded: EmbeddedTable;
/** Not behind the store that fails. */
let table: Table;
let list: TestList;
let store: FaultyStore;

beforeAll(async () => {
  embedded = await startTable();
  table = createSeedTable(embedded.endpoint, embedded.tableName);
  list = openList(table, clock);
  store = await startFaultyStore(embedded.endpoint);
});
afterAll(async () => {
  await store.stop();
  await embedded.stop();
});
beforeEach(async () => {
  advance(10 * DAY);
  await list.clear();
  store.take();
});
afterEach(() => store.behave());

/** The list of a new container. */
const container = (ownClock = clock, patience = 50): RevocationList =>
  createRevocationList(openStore(patience), ownClock);
/** The list of a command. */
const command = (): RevocationList => createRevocationList(pageByPage(openStore(10)), clock);
const openStore = (patience: number) => {
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  const options = {
    endpoint: store.endpoint,
    region: 'us-east-1',
    credentials,
    tableName: embedded.tableName,
    patience,
  };
  return createRevocationStore(openTable(options));
};
const entryOf = (id: string, lifetime = HOUR): Revocation => createRevocation('grant', id, { now: clock(), lifetime });
const has = async (reader: RevocationList, id: string) => (await reader.fresh(0)).find('grant', id).length > 0;
const missing = async (reader: RevocationList, ids: readonly string[]) => {
  const known = await reader.fresh(0);
  return ids.filter((id) => known.find('grant', id).length === 0);
};
const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const end = () => clock() + DAY;

/** The last segment with so many entries for other tokens. */
const putLast = (number: number, count: number, created_at = clock()) =>
  table.put({ ...fullSegment(number, { created_at, expires_at: end() }, undefined, count), fill: count });

/** The chain is as its rules say. */
async function expectChain() {
  const segments = await list.segments();
  for (const [index, { number, fill, entries }] of segments.entries()) {
    expect(number).toBe((segments[0]?.number ?? 0) + index);
    if (index < segments.length - 1) expect(fill).toBe(SEGMENT_ENTRIES);
    expect(entries.length).toBeLessThanOrEqual(fill);
  }
}

const queries = (requests: readonly StoreRequest[]) => requests.filter(({ operation }) => operation === 'Query');

/** What the queries since the last call consumed, by the account of the table. */
async function unitsRead(): Promise<number> {
  let units = 0;
  for (const { input, headers } of queries(store.take())) {
    const body = Buffer.from(JSON.stringify({ ...input, ReturnConsumedCapacity: 'TOTAL' }));
    const { 'content-length': _, ...others } = headers;
    const answer = await sendToTable(embedded.endpoint, others, body);
    const { ConsumedCapacity } = JSON.parse(answer.body.toString()) as { ConsumedCapacity: { CapacityUnits: number } };
    units += ConsumedCapacity.CapacityUnits;
  }
  return units;
}

describe('What is read, by the account of the table:', () => {
  it.each([
    [50, 2],
    [200, 4],
  ])('by a strict check each second at %i revocations a second, at most %i units', async (rate, most) => {
    const reader = container();
    const SECONDS = scaled(4, 8);
    const times = { created_at: clock(), expires_at: end() };
    const segments = Array.from({ length: (SECONDS * rate) / SEGMENT_ENTRIES + 1 }, (_, number) =>
      fullSegment(number, times),
    );
    const grow = async (from: number, to: number) => {
      for (let number = Math.floor(from / SEGMENT_ENTRIES); number <= Math.floor(to / SEGMENT_ENTRIES); number++) {
        const segment = segments[number]!;
        const entries = segment.entries.members.slice(0, Math.max(1, to - number * SEGMENT_ENTRIES));
        await table.put({ ...segment, fill: entries.length, entries: new BinarySet(entries) });
      }
    };
    await grow(0, 1);
    await reader.fresh(0);
    await unitsRead();
    for (let second = 0; second < SECONDS; second++) {
      advance(1);
      await grow(second * rate, (second + 1) * rate);
      await reader.fresh(0);
      expect(await unitsRead()).toBeLessThanOrEqual(most);
    }
  });

  it('by a new container, two units for 1,000 full entries, and then one for each strict check', async () => {
    const full = scaled(20, 50);
    await list.fill(full, end());
    await list.put(entryOf('last'));
    const reader = container();
    expect(await has(reader, 'last')).toBe(true);
    // Three segments and the last two with strong consistency, at one unit each; those between at half a unit.
    expect(await unitsRead()).toBeLessThanOrEqual(full * 0.4 + 5);
    for (let check = 0; check < 3; check++) await reader.fresh(0);
    expect(await unitsRead()).toBe(3);
  });

  it('by a container that was idle for a minute at 200 revocations a second, what is new and no more', async () => {
    const reader = container();
    await list.fill(1, end());
    await reader.fresh(0);
    await list.fill(60, end());
    await unitsRead();
    advance(60);
    await reader.fresh(0);
    expect(await unitsRead()).toBeLessThanOrEqual(50);
  });

  it('by 200 requests at once to a new container, the same as by two', async () => {
    await list.fill(10, end());
    const reader = container();
    await Promise.all(Array.from({ length: 200 }, () => reader.fresh(0)));
    expect(queries(store.take()).length).toBeLessThanOrEqual(4);
  });
});

describe('Every segment', () => {
  it('has less than 4 KB, also when it is full of entries of the longest kind', async () => {
    const wide = ids('c', SEGMENT_ENTRIES).map((id) => createRevocation('client', id, { now: clock(), lifetime: DAY }));
    const entries = new BinarySet(wide.map((entry) => packRevocation(entry, 'a client')));
    await table.put({ ...fullSegment(0, { created_at: clock(), expires_at: end() }), entries });
    const reader = container();
    expect((await reader.fresh(0)).find('client', 'c7')).toHaveLength(1);
    expect(await unitsRead()).toBe(1);
  });

  it('is full after 200 entries, and the next begins then', async () => {
    await putLast(0, SEGMENT_ENTRIES - 2);
    for (const id of ids('g', 3)) await list.put(entryOf(id));
    expect((await list.segments()).map(({ entries }) => entries.length)).toEqual([SEGMENT_ENTRIES, 1]);
  });

  it('that expires takes no entry any more, because the table may delete it', async () => {
    await list.put(entryOf('old'));
    advance(DAY);
    const writer = container();
    await writer.add(entryOf('new'));
    const [first, second] = await list.segments();
    expect(first).toMatchObject({ number: 0, fill: SEGMENT_ENTRIES, entries: { length: 1 } });
    expect(second).toMatchObject({ number: 1, fill: 1 });
  });

  it.each([
    ['full', SEGMENT_ENTRIES],
    ['not full', 1],
  ])('that expires, %s, is not deleted while a writer makes the next one', async (_, count) => {
    await putLast(7, count);
    advance(2 * DAY);
    const stored = createRevocationStore(table);
    let before: Segment | undefined;
    const append: typeof stored.append = async (entry) => {
      before = await stored.last();
      return stored.append(entry);
    };
    await createRevocationList({ ...stored, append }, clock).add(entryOf('new'));
    expect(before).toMatchObject({ number: 7, fill: SEGMENT_ENTRIES, expires_at: clock() + HOUR });
    expect(await has(container(), 'new')).toBe(true);
  });

  it('and is deleted after a writer has read it leaves one end of the list, not two', async () => {
    await putLast(7, SEGMENT_ENTRIES);
    advance(2 * DAY);
    const stored = createRevocationStore(table);
    const last: typeof stored.last = async () => {
      const found = await stored.last();
      if (found?.number === 7) {
        await table.remove(segmentKey(7));
        await container().add(entryOf('one'));
      }
      return found;
    };
    await createRevocationList({ ...stored, last }, clock).add(entryOf('other'));
    await expectChain();
    expect(await missing(container(), ['one', 'other'])).toEqual([]);
  });
});

describe('Writers that meet at the end of a segment', () => {
  it('lose no entry, and readers of every age see all of them', async () => {
    const readers = [container(), container()];
    await readers[0]?.fresh(0);
    const writers = Array.from({ length: 4 }, () => container());
    for (let round = 0; round < scaled(1, 10); round++) {
      await list.clear();
      advance(HOUR);
      await putLast(0, SEGMENT_ENTRIES - 10);
      const added = writers.flatMap((writer, index) =>
        ids(`${round}-${index}-`, 10).map(async (id) => {
          await writer.add(entryOf(id));
          return id;
        }),
      );
      const acknowledged = await Promise.all(added);
      for (const reader of [...readers, container()]) expect(await missing(reader, acknowledged)).toEqual([]);
      await expectChain();
      expect(await list.length()).toBe(SEGMENT_ENTRIES + 30);
    }
  });
});

describe('A writer that knows a full segment as the last one', () => {
  it.each([
    ['makes the next one', 59, 59, 'UpdateItem'],
    ['reads the end again if it has slept', 60, 60, 'Query'],
    ['reads the end again if it has slept and its clock was set back', 10, HOUR, 'Query'],
    ['reads the end again if its clock shows an earlier time', -1, 1, 'Query'],
    ['reads the end again after a freeze in which no time seemed to pass', HOUR, 0, 'Query'],
  ])('%s', async (_name, seconds, elapsed, first) => {
    let [now, elapsedSeconds] = [clock(), 0];
    const writer = container(Object.assign(() => now, { elapsedMs: () => elapsedSeconds * 1_000 }));
    await putLast(0, SEGMENT_ENTRIES - 1);
    await writer.add(entryOf('fills it'));
    [now, elapsedSeconds] = [now + seconds, elapsed];
    store.take();
    await writer.add(entryOf('next'));
    expect(store.take()[0]?.operation).toBe(first);
    expect(await missing(container(), ['fills it', 'next'])).toEqual([]);
  });
});

/** From the request with this number on, the writer gets no answer: before or after it took effect. */
function killedAt(number: number, isAfter: boolean): Behaviour {
  let count = 0;
  return async (response, forward) => {
    const current = count++;
    if (current < number || (current === number && isAfter)) {
      const { status, headers, body } = await forward();
      if (current < number) {
        response.writeHead(status, headers).end(body);
        return;
      }
    }
    response.socket?.resetAndDestroy();
  };
}

describe('A writer that is killed', () => {
  const states: [string, () => Promise<unknown>][] = [
    ['an empty list', async () => {}],
    ['a list with room', () => putLast(0, 5)],
    ['a full segment', () => list.fill(1, end())],
    [
      'a segment that has expired',
      async () => {
        await list.put(entryOf('old'));
        advance(DAY);
      },
    ],
  ];
  // In the normal run each state with another call, before and after it took effect by turns.
  const cases = states.flatMap(([name, prepare], turn) =>
    sampled([0, 1, 2, 3], 2, turn).flatMap((call, index) =>
      sampled([false, true], 2, turn + index).map((isAfter) => [name, call, isAfter, prepare] as const),
    ),
  );

  it.each(cases)(
    'at %s, call %i, after it took effect: %s, loses nothing that others add',
    async (_, call, isAfter, prepare) => {
      await prepare();
      const warm = container();
      await warm.fresh(0);
      store.behave(killedAt(call, isAfter));
      const outcome = await container()
        .add(entryOf('doomed'))
        .then(
          () => 'acknowledged',
          () => 'failed',
        );
      store.behave();
      await container().add(entryOf('next'));
      await expectChain();
      for (const reader of [warm, container()]) {
        expect(await has(reader, 'next')).toBe(true);
        if (outcome === 'acknowledged') expect(await has(reader, 'doomed')).toBe(true);
      }
    },
  );
});

it('The entry whose answer was lost is not added again, also if it was the last of its segment', async () => {
  for (const room of [1, 2]) {
    await list.clear();
    await putLast(0, SEGMENT_ENTRIES - room);
    const writer = container();
    await writer.fresh(0);
    let isLost = false;
    store.behave(
      onlyIf(
        ({ operation }) => operation === 'UpdateItem' && !isLost,
        async (response, forward) => {
          isLost = true;
          await forward();
          response.socket?.resetAndDestroy();
        },
      ),
    );
    await writer.add(entryOf('once'));
    expect(await list.length()).toBe(SEGMENT_ENTRIES - room + 1);
    expect(await list.segments()).toHaveLength(1);
  }
});

describe('A container that has read the list before', () => {
  it('starts over when the list was deleted and began again', async () => {
    await list.fill(3, end());
    const [reader, writer] = [container(), container()];
    await Promise.all([reader.fresh(0), writer.fresh(0)]);
    await list.clear();
    advance(1);
    await list.put(entryOf('new'));
    expect(await has(reader, 'new')).toBe(true);
    advance(1);
    await writer.add(entryOf('newer'));
    expect(await has(reader, 'newer')).toBe(true);
    expect(await has(container(), 'newer')).toBe(true);
  });

  it('sees what was added while it slept, behind segments that were deleted', async () => {
    await putLast(0, 7);
    const reader = container();
    await reader.fresh(0);
    await list.fill(3, end());
    await table.remove(segmentKey(1));
    await list.put(entryOf('new', DAY));
    advance(2 * HOUR);
    expect(await has(reader, 'new')).toBe(true);
  });

  it('reads a segment again that was not full yet, although it has read the next one', async () => {
    await putLast(0, SEGMENT_ENTRIES - 1);
    const before = await table.get(segmentKey(0));
    await list.put(entryOf('filled'));
    await list.put(entryOf('next'));
    const after = await table.get(segmentKey(0));
    // One query is no snapshot: it may have read the first segment before these writes, and the second one after them.
    const reader = container();
    await table.put({ ...segmentKey(0), ...before });
    expect(await missing(reader, ['filled', 'next'])).toEqual(['filled']);
    await table.put({ ...segmentKey(0), ...after });
    expect(await missing(reader, ['filled', 'next'])).toEqual([]);
  });

  it('sees an entry that a writer adds to the segment before the last one it knows of', async () => {
    await putLast(0, SEGMENT_ENTRIES - 1);
    const late = container();
    await late.fresh(0);
    const reader = container();
    await reader.fresh(0);
    await late.add(entryOf('late'));
    await list.put(entryOf('next'));
    expect(await missing(reader, ['late', 'next'])).toEqual([]);
  });
});

describe('A clock that is set back', () => {
  it.each([
    [1, 1],
    [SET_BACK_SECONDS, 1],
    [SET_BACK_SECONDS + 1, 3],
  ])('by %i seconds costs the next check %i units', async (step, units) => {
    await list.fill(2, end());
    await list.put(entryOf('last'));
    const reader = container();
    advance(100);
    await reader.fresh(0);
    await unitsRead();
    advance(-step);
    await reader.fresh(60);
    expect(await unitsRead()).toBe(units);
    await reader.fresh(60);
    expect(await unitsRead()).toBe(0);
  });

  it.each([1, SET_BACK_SECONDS, SET_BACK_SECONDS + 1, HOUR])(
    'by %i seconds to just before an entry expires leaves it to containers that looked after that',
    async (step) => {
      const segmentEnd = Math.ceil((clock() + DAY) / 900) * 900;
      await list.put({ kind: 'grant', id: 'ends', revoked_at: clock(), expires_at: segmentEnd });
      await list.fill(1, end() + DAY);
      const [warm, late] = [container(), container()];
      await warm.fresh(0);
      advance(segmentEnd - 1 + step - clock());
      await warm.fresh(0);
      await late.fresh(0);
      advance(-step);
      for (const reader of [warm, late]) expect(await has(reader, 'ends')).toBe(true);
    },
  );
});

it('A writer that slept makes no segment that others have filled and lost, although its clock was set back meanwhile', async () => {
  let elapsed = 0;
  await putLast(0, SEGMENT_ENTRIES);
  const writer = container(Object.assign(() => clock(), { elapsedMs: () => elapsed * 1000 }));
  await writer.fresh(0);
  elapsed = 2 * HOUR;
  await table.remove(segmentKey(0));
  await putLast(2, 1);
  await writer.add(entryOf('late'));
  expect((await list.segments()).map(({ number }) => number)).toEqual([2]);
});

describe('A new container misses no entry of a long list', () => {
  const SEGMENTS = 12;
  /** Changes what reads with eventual consistency return. */
  const stale = (change: (items: { sk: { S: string } }[]) => unknown[]): Behaviour =>
    onlyIf(
      ({ operation, input }) => operation === 'Query' && input['ConsistentRead'] === false,
      async (response, forward) => {
        const { status, headers, body } = await forward();
        const answer = JSON.parse(body.toString()) as { Items: { sk: { S: string } }[] };
        const { 'content-length': _, 'x-amz-crc32': __, ...others } = headers;
        response.writeHead(status, others).end(JSON.stringify({ ...answer, Items: change(answer.Items) }));
      },
    );
  const changes: [string, Behaviour | undefined, () => Promise<unknown>][] = [
    ['of which nothing is wrong', undefined, async () => {}],
    [
      'of which segments were deleted',
      undefined,
      () => Promise.all([2, 5, 6].map((number) => table.remove(segmentKey(number)))),
    ],
    [
      'whose every second segment was deleted',
      undefined,
      () => Promise.all([1, 3, 5, 7, 9, 11].map((number) => table.remove(segmentKey(number)))),
    ],
    ['of which it reads an old state without the last segments', stale((items) => items.slice(0, 4)), async () => {}],
    ['of which it reads nothing', stale(() => []), async () => {}],
    ['of which a segment is left out', stale((items) => items.filter((_, index) => index !== 3)), async () => {}],
    [
      'of which a segment looks as it was before it was full',
      stale((items) =>
        items.map((item, index) =>
          index === 4 ? { ...item, fill: { N: '7' }, entries: { BS: ['BgAAAAAAAAAAAAAAAAAA'] } } : item,
        ),
      ),
      async () => {},
    ],
  ];

  it.each(changes)('%s', async (_name, behaviour, change) => {
    const named: string[] = [];
    for (let number = 0; number < SEGMENTS; number++) {
      const id = `grant-${number}`;
      await list.put(entryOf(id));
      await list.fill(0, end());
      named.push(id);
    }
    await list.put(entryOf('last'));
    await change();
    const left = (await list.segments()).map(({ number }) => (number < SEGMENTS ? named[number]! : 'last'));
    store.behave(behaviour);
    expect(await missing(container(), left)).toEqual([]);
  });

  /** Its reading, whose third query is refused. */
  async function failAfterTwoQueries(reader: ReturnType<typeof container>): Promise<void> {
    let count = 0;
    store.behave(
      onlyIf(
        ({ operation }) => operation === 'Query' && ++count > 2,
        (response) => void response.writeHead(400).end('{"__type":"x#AccessDeniedException"}'),
      ),
    );
    await expect(reader.fresh(0)).rejects.toThrow('unavailable');
    store.behave();
  }

  it('and what was read before a fault is not read again', async () => {
    await list.fill(SEGMENTS, end());
    await list.put(entryOf('last'));
    const reader = container();
    await failAfterTwoQueries(reader);
    store.take();
    expect(await has(reader, 'last')).toBe(true);
    const froms = queries(store.take()).map(({ input }) => {
      const values = input['ExpressionAttributeValues'] as Record<string, { S: string }>;
      return values[':from']?.S;
    });
    expect(froms).toEqual([segmentKey(SEGMENTS - 1).sk]);
  });

  it('although its clock was ahead during a first attempt, which failed', async () => {
    await list.put(entryOf('first'));
    await list.fill(SEGMENTS, end());
    let ahead = 2 * DAY;
    const reader = container(() => clock() + ahead);
    await failAfterTwoQueries(reader);
    ahead = 0;
    expect(await has(reader, 'first')).toBe(true);
  });
});

describe('All pages of a reading have one deadline, at which the request is answered with 503 and after which the next one goes on', () => {
  const [DEADLINE, PAGE_MS, PAGE_ITEMS] = [1_400, 500, 4];
  /** Milliseconds for each page, of as many items as it may have at most. */
  const slow = (msOf: (limit: number) => number, most = Number.POSITIVE_INFINITY): Behaviour =>
    onlyIf(
      ({ operation }) => operation === 'Query',
      async (response, forward, { input }) => {
        const { status, headers, body } = await forward();
        const { Items, ...answer } = JSON.parse(body.toString()) as { Items: { pk: object; sk: object }[] };
        const cut = Items.slice(0, most);
        const { pk, sk } = cut.at(-1) ?? {};
        const more = cut.length < Items.length && { LastEvaluatedKey: { pk, sk } };
        const { 'content-length': _, 'x-amz-crc32': __, ...others } = headers;
        const send = () => response.writeHead(status, others).end(JSON.stringify({ ...answer, ...more, Items: cut }));
        setTimeout(send, msOf(Number(input['Limit'] ?? Number.POSITIVE_INFINITY)));
      },
    );
  const slowPages = slow(() => PAGE_MS, PAGE_ITEMS);
  const placesOf = (requests: readonly StoreRequest[]) =>
    queries(requests).map(({ input }) => {
      const values = input['ExpressionAttributeValues'] as Record<string, { S: string }>;
      const start = input['ExclusiveStartKey'] as Record<string, { S: string }> | undefined;
      return start?.['sk']?.S ?? values[':from']!.S;
    });

  /** Requests until one is answered. @returns where the first page of each began */
  async function readInSlices(reader: RevocationList, most: number): Promise<string[]> {
    const begins: string[] = [];
    while (begins.length < most) {
      store.take();
      const { result, waited } = await passTime(async () =>
        Promise.resolve(reader.fresh(0)).catch((error: unknown) => error),
      );
      begins.push(placesOf(store.take())[0]!);
      if (!(result instanceof Error)) return begins;
      expect(result).toMatchObject({ name: 'Unavailable' });
      expect(waited).toBeLessThan(DEADLINE + 100);
    }
    throw new Error(`not read by ${most} requests: ${begins.join(', ')}`);
  }
  const expectProgress = (begins: readonly string[]) => {
    expect(begins.length).toBeGreaterThan(1);
    expect(new Set(begins).size).toBe(begins.length);
    expect(begins).toEqual([...begins].sort());
  };

  it('in a new container, with a long list', async () => {
    await list.put(entryOf('first'));
    await list.fill(14, end());
    await list.put(entryOf('last'));
    store.behave(slowPages);
    const reader = container(clock, 1);
    expectProgress(await readInSlices(reader, 8));
    store.behave();
    expect(await missing(reader, ['first', 'last'])).toEqual([]);
  });

  it('in a container that has slept', async () => {
    await list.put(entryOf('first'));
    const reader = container(clock, 1);
    await reader.fresh(0);
    await list.fill(14, end());
    await list.put(entryOf('last'));
    store.behave(slowPages);
    expectProgress(await readInSlices(reader, 14));
    store.behave();
    expect(await missing(reader, ['first', 'last'])).toEqual([]);
  });

  it('with many entries of version 0.1.0, which strict checks read no more from then on', async () => {
    const before = ids('before', 25).map((id, index) => {
      const entry = { ...entryOf(id, DAY), revoked_at: clock() + (index < 21 ? -1_000 : -20) };
      return { pk: 'REVOKED#0', sk: `${entry.revoked_at}#grant#${id}`, ...entry };
    });
    await Promise.all(before.map((item) => table.put(item)));
    await list.put(entryOf('new'));
    store.behave(slowPages);
    const reader = container(clock, 1);
    expect((await readInSlices(reader, 12)).length).toBeGreaterThan(1);
    const late = { ...entryOf('late', DAY), revoked_at: clock() - 30 };
    await table.put({ pk: 'REVOKED#0', sk: `${late.revoked_at}#grant#late`, ...late });
    store.behave(slow(() => PAGE_MS, 2 * PAGE_ITEMS));
    expect(await readInSlices(reader, 1)).toHaveLength(1);
    store.behave();
    expect(await missing(reader, [...ids('before', 25), 'new', 'late'])).toEqual([]);
  });

  const commands: [string, (limit: number) => number, number][] = [
    ['is repeated, although its pages take longer than the deadline together', () => 4_000, 1],
    ['adds its entry, although no page of the list comes in time', (limit) => (limit === 1 ? 20 : 7_000), 2],
  ];

  it.each(commands)('except in a command line, where a command that %s', async (_name, msOf, entries) => {
    const entry = entryOf('urgent');
    await list.put(entry);
    await list.fill(18, end());
    await list.put(entryOf('last'));
    store.behave(slow(msOf, PAGE_ITEMS));
    await passTime(() => addRevocation(command(), entry));
    store.behave();
    expect((await container().fresh(0)).find('grant', 'urgent')).toHaveLength(entries);
  });

  it('by pages that become smaller if none comes in time', async () => {
    await list.put(entryOf('first'));
    await list.fill(14, end());
    await list.put(entryOf('last'));
    store.behave(slow((limit) => Math.min(40 * limit, 2_000)));
    const reader = container(clock, 1);
    await readInSlices(reader, 7);
    store.behave();
    expect(await missing(reader, ['first', 'last'])).toEqual([]);
  });

  const refuse = (code: string): Behaviour =>
    onlyIf(
      ({ operation, input }) => operation === 'Query' && input['Limit'] !== 3,
      (response) => void response.writeHead(400).end(JSON.stringify({ __type: `x#${code}` })),
    );
  const failures: [string, Behaviour, number, (number | undefined)[]][] = [
    ['as long as before after faults', refuse('AccessDeniedException'), 3, [3, undefined, 3]],
    ['as long as before after throttling', refuse('ThrottlingException'), 3, [3, undefined, 3]],
    ['as long as before after a page that the deadline cut off', slowPages, 1, [3, undefined, 3]],
    ['as long as before if not even the first few items came', slow(() => 2_000), 3, [3, undefined, 3]],
    ['longer again once they come quickly', slow((limit) => (limit > 8 ? 2_000 : 20)), 5, [3, 8, 16, 32, 3]],
  ];

  it.each(failures)('by pages that are %s', async (_name, behaviour, requests, limits) => {
    await list.put(entryOf('first'));
    await list.fill(48, end());
    await list.put(entryOf('last'));
    const reader = container(clock, 1);
    store.behave(behaviour);
    for (let request = 0; request < requests; request++) {
      const { result } = await passTime(async () => Promise.resolve(reader.fresh(0)).catch((error: unknown) => error));
      expect(result).toMatchObject({ name: 'Unavailable' });
    }
    store.behave();
    store.take();
    expect(await missing(reader, ['first', 'last'])).toEqual([]);
    expect(queries(store.take()).map(({ input }) => input['Limit'])).toEqual(limits);
  });
});

describe('Entries of version 0.1.0', () => {
  const putFormer = (id: string) => {
    const entry = entryOf(id, DAY);
    return table.put({ pk: 'REVOKED#0', sk: `${entry.revoked_at}#grant#${id}`, ...entry });
  };

  it('count until they expire, also those that are added during an upgrade', async () => {
    await putFormer('before');
    const reader = container();
    expect(await has(reader, 'before')).toBe(true);
    await list.put(entryOf('new'));
    await putFormer('during');
    advance(600);
    await putFormer('later');
    expect(await missing(reader, ['before', 'new', 'during', 'later'])).toEqual([]);
    expect(await missing(container(), ['before', 'new', 'during', 'later'])).toEqual([]);
    advance(DAY + 300);
    await reader.fresh(0);
    advance(60);
    expect(await missing(reader, ['before', 'later'])).toEqual(['before', 'later']);
  });

  it('are read once, except for the last minute, although there are many', async () => {
    await Promise.all(ids('before', 200).map(putFormer));
    await list.put(entryOf('new'));
    const reader = container();
    expect(await missing(reader, [...ids('before', 200), 'new'])).toEqual([]);
    advance(120);
    await reader.fresh(0);
    await unitsRead();
    await reader.fresh(0);
    // The embedded table counts nothing for the query that finds no entry.
    expect(await unitsRead()).toBe(1);
    // By a writer whose clock is behind.
    advance(-50);
    await putFormer('late');
    advance(50);
    expect(await missing(reader, [...ids('before', 200), 'late'])).toEqual([]);
  });

  it('take as little memory if a container learns of them one at a time, in whatever order', () => {
    const copy = createCopy();
    const COUNT = 2_000;
    const late = Array.from({ length: COUNT }, (_, n) => ({ ...entryOf(`late${n}`, DAY), revoked_at: clock() - n }));
    const before = process.memoryUsage().arrayBuffers;
    for (const entry of late) copy.mergeFormer([entry], clock());
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000 * COUNT);
    const isWrong = ({ kind, id, revoked_at }: Revocation) =>
      !copy.some(
        () => [revocationKey(kind, id)],
        ({ revoked_after, expires_at }) => revoked_after <= revoked_at && expires_at >= clock() + DAY,
      );
    expect(late.filter(isWrong)).toEqual([]);
  });

  it('cost strict checks nothing an hour after the first segment was made', async () => {
    await Promise.all(ids('before', 100).map(putFormer));
    await list.put(entryOf('new', DAY));
    const reader = container();
    await reader.fresh(0);
    await unitsRead();
    await reader.fresh(0);
    expect(await unitsRead()).toBe(3);
    advance(HOUR);
    await reader.fresh(0);
    expect(await unitsRead()).toBe(1);
    expect(await missing(reader, ids('before', 100))).toEqual([]);
  });
});

describe('A client with more than its share of the list', () => {
  it('at once is told to try again two seconds later, and leaves others room in every second', async () => {
    const containers = [container(), container(), container()];
    const modest = container();
    const SECONDS = 3;
    const ATTEMPTS = 60;
    const added: number[] = [];
    const revoke = async (by: RevocationList, client_id: string, grant_id: string) => {
      await by.requireShareForGrant(client_id, grant_id);
      await by.revokeTokensOfGrant({ grant_id, client_id, expires_at: clock() + HOUR }, false);
    };
    await putLast(0, SEGMENT_ENTRIES - 10);
    for (let second = 0; second < SECONDS; second++) {
      advance(1);
      added.push(0);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const refusal = await revoke(containers[attempt % 3]!, 'greedy', `${second}-${attempt}`).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (refusal) expect(refusal).toMatchObject({ status: 503, headers: { 'retry-after': String(BURST.seconds) } });
        else added[second]!++;
      }
      await revoke(modest, 'modest', `modest-${second}`);
    }
    // A container that has read the list in this second can miss the last few entries that others put into a segment that is full now.
    const few = containers.length;
    expect(added[0]).toBe(ATTEMPTS);
    expect(added[1]).toBeGreaterThanOrEqual(BURST.entries - ATTEMPTS);
    for (const second of [1, 2]) expect(added[second - 1]! + added[second]!).toBeLessThanOrEqual(BURST.entries + few);
  });

  const shares: [string, number, number, number][] = [
    ['of new entries', CLIENT_SHARE.perSecond * 60, 0, 60],
    ['of live entries', CLIENT_SHARE.entries, HOUR, 0],
  ];
  // The second one takes 100,000 entries.
  it.each(sampled(shares, 2))('%s is told to try later, and others are not', async (_name, entries, age, pause) => {
    for (let number = 0; number < entries / SEGMENT_ENTRIES; number++) {
      const times = { created_at: clock() - age, expires_at: end() };
      await table.put(fullSegment(number, times, 'greedy'));
    }
    const writer = container();
    await writer.requireShareForGrant('modest', 'a grant');
    const refusal = await writer.requireShareForGrant('greedy', 'a grant').catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'temporarily_unavailable', status: 503, headers: { 'retry-after': '60' } });
    if (pause === 0) return;
    advance(pause + 1);
    await writer.requireShareForGrant('greedy', 'a grant');
  });
});
