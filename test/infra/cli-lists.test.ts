// The lists of the command line: what they show, what they cost, and how they come to know what version 0.1.0 has written.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deployedTable } from '../../infra/local/deployed-table.ts';
import { createSeedTable } from '../../infra/local/seed-table.ts';
import { sendToTable, startTable } from '../../infra/local/table.ts';
import { systemClock } from '../../lib/clock.ts';
import type { GrantState } from '../../lib/oauth/grant-state.ts';
import { toAttributes } from '../../lib/store/attribute-value.ts';
import { createClientStore } from '../../lib/store/client.ts';
import { createGrantStore } from '../../lib/store/grant.ts';
import { createResourceServerStore } from '../../lib/store/resource-server.ts';
import { createSessionStore } from '../../lib/store/session.ts';
import type { Item, Table } from '../../lib/store/table.ts';
import { createUserStore } from '../../lib/store/user.ts';
import {
  callOf,
  type FaultyStore,
  faults,
  onlyAt,
  onlyIf,
  type StoreRequest,
  startFaultyStore,
} from '../support/faulty-store.ts';
import { fillOnDisk } from '../support/fill-on-disk.ts';
import { dumpTable, type Fixture, fillTable } from '../support/fixture.ts';
import { app, newCode, redeem, refresh, tokensOf } from '../support/grants.ts';
import { sampled, scaled } from '../support/scale.ts';
import { awsVariables, client, resourceServer, STORED_SECRET, startWorld, type World } from '../support/world.ts';
import { type Cli, createCli, succeeding } from './cli-runner.ts';

interface Place {
  readonly table: Table;
  readonly store: FaultyStore;
  readonly attempt: Cli;
  readonly latchkey: Cli;
  dump(): Promise<readonly Record<string, { readonly S?: string }>[]>;
}

const running: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of running.reverse()) await stop();
});

const { GlobalSecondaryIndexes: _, ...keysOnly } = deployedTable();
const withoutIndex = {
  ...keysOnly,
  AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
};

/** An embedded table, with a store at the wire between it and the command line. */
async function openPlace(properties = deployedTable()): Promise<Place> {
  const { endpoint, tableName, stop } = await startTable({ properties });
  running.push(stop);
  return openAt({ endpoint, tableName });
}

async function openAt({ endpoint, tableName }: { endpoint: string; tableName: string }): Promise<Place> {
  const store = await startFaultyStore(endpoint);
  running.push(store.stop);
  const attempt = createCli({ ...awsVariables, TABLE_NAME: tableName, AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
  const table = createSeedTable(endpoint, tableName);
  return { table, store, attempt, latchkey: succeeding(attempt), dump: () => dumpTable({ endpoint, tableName }) };
}

const callsOf = ({ store }: Place) => store.take().map(callOf);

const idsOf = async ({ latchkey }: Place, args: readonly string[], id: string) =>
  (await latchkey([...args, '--json'])).json<Record<string, string>[]>().map((listed) => listed[id]);

const grantOf = (sub: string, grant_id: string, issued_at = 1_800_000_000): GrantState => ({
  grant_id,
  state: 'active',
  client_id: 'web',
  sub,
  scope: ['openid'],
  resources: ['orders'],
  issued_at,
  code_expires_at: issued_at + 60,
  generation: 0,
  rotated_at: issued_at,
  offline: true,
  ends_at: 9_000_000_000,
  idle_until: 9_000_000_000,
  transition: 'x',
  expires_at: 9_000_000_000,
});

describe('A list of records', () => {
  const NAMES = ['Adam', 'bea', 'Carl', 'dora', 'Emil', 'fred', 'Gina'];
  let place: Place;
  beforeAll(async () => {
    place = await openPlace();
    const users = createUserStore(place.table);
    // Written in another order than that of the list.
    for (const name of NAMES.toReversed()) {
      await createClientStore(place.table).create(client(name));
      await createResourceServerStore(place.table).create(resourceServer(name));
      const user = { sub: `sub-${NAMES.length - NAMES.indexOf(name)}`, username: name, claims: {}, enabled: true };
      await users.create({ ...user, password: STORED_SECRET, created_at: 1 });
    }
  });

  const byBytes = NAMES.toSorted();
  const lists: [command: string, id: string, sorted: string[]][] = [
    ['client', 'client_id', byBytes],
    ['resource', 'identifier', byBytes],
    ['user', 'username', NAMES],
  ];

  // The first run reads the whole table, and later ones do not: both have to show the same.
  it.each(lists)(
    'is sorted and can be read by page, the first time and later: %s list',
    async (command, id, sorted) => {
      const list = (...more: string[]) => idsOf(place, [command, 'list', ...more], id);
      expect(await list('--limit', '3', '--after', sorted[0]!)).toEqual(sorted.slice(1, 4));
      expect(await list()).toEqual(sorted);
      expect(await list('--limit', '3')).toEqual(sorted.slice(0, 3));
      expect(await list('--after', sorted[2]!, '--limit', '3')).toEqual(sorted.slice(3, 6));
      expect(await list('--after', sorted[5]!, '--limit', '3')).toEqual(sorted.slice(6));
      expect(await list('--after', sorted[6]!)).toEqual([]);
      expect(await list('--whole-table', '--after', sorted[4]!)).toEqual(sorted.slice(5));
    },
  );

  it.each(lists)('says how to go on, but only if there is more: %s list', async (command, _id, sorted) => {
    const note = async (...more: string[]) => (await place.latchkey([command, 'list', ...more])).stderr.split('\n')[1];
    expect(await note('--limit', '3')).toBe(`There are more: --after ${sorted[2]}`);
    expect(await note('--limit', '7')).toBe('');
    expect(await note()).toBe('');
  });

  it('is one JSON document and one table of columns, however many pages it has', async () => {
    const many = await openPlace();
    const ids = Array.from({ length: 60 }, (_, index) => `${index < 40 ? 'a' : 'much-longer'}-${100 + index}`);
    const clients = createClientStore(many.table);
    for (const id of ids) await clients.create(client(id));
    for (const pages of [1, 3]) {
      many.store.take();
      const { stdout, json } = await many.latchkey(['client', 'list', '--json']);
      expect(stdout).toBe(`${JSON.stringify(json(), null, 2)}\n`);
      expect(json<{ client_id: string }[]>().map(({ client_id }) => client_id)).toEqual(ids);
      expect(callsOf(many).filter((call) => call === 'Query CLIENT')).toHaveLength(pages);
    }
    const lines = (await many.latchkey(['client', 'list'])).stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['client_id', ...ids]);
  });

  it('leaves out what was removed, and shows nothing of the index', async () => {
    await place.table.remove({ pk: 'CLIENT#Gina', sk: 'CLIENT' });
    const { stdout } = await place.latchkey(['client', 'list', '--json']);
    expect(stdout).not.toMatch(/Gina|listed/);
    expect((await place.latchkey(['client', 'show', 'Emil', '--json'])).stdout).not.toContain('listed');
  });

  it.each(['0', '-1', 'x', '1.5', ''])('refuses --limit %s', async (limit) => {
    expect(await place.attempt(['client', 'list', `--limit=${limit}`])).toMatchObject({ code: 2 });
  });
});

describe('What a list costs', () => {
  const OTHERS = scaled(251, 300_000);
  const OWN = 30;
  const grants = ['grants', 'list', '--subject', 'alice'];
  const cases: [command: string[], expected: Record<string, number>][] = [
    [
      grants,
      {
        'GetItem GRANT': OWN,
        'GetItem EPOCH client': OWN,
        'GetItem EPOCH subject': OWN,
        'GetItem EPOCH consent': OWN,
        'Query GRANT': 2,
      },
    ],
    [['client', 'list'], { 'GetItem CLIENT': 30, 'Query CLIENT': 2 }],
    [['client', 'list', '--limit', '2'], { 'GetItem CLIENT': 3, 'Query CLIENT': 1 }],
  ];
  let path: string;
  let place: Place;
  let embedded: Awaited<ReturnType<typeof startTable>>;

  type StoredItem = Fixture['table'][number];

  /** As the store would write them, but not yet written. */
  const itemsOfGrants = async (sub: string, count: number) => {
    const items: StoredItem[] = [];
    const put: Table['put'] = async (item) => items.push(toAttributes(item) as StoredItem) > 0;
    const grants = createGrantStore({ ...place.table, put });
    for (let number = 0; number < count; number++) {
      await grants.put(grantOf(sub, `${sub}-${number}`, 1_800_000_000 + number));
    }
    return items;
  };

  /** More than requests could write. Stops the table for it. */
  const putGrantsOfOthers = async (count: number) => {
    const [first] = await itemsOfGrants('others', 1);
    const text = JSON.stringify(first);
    await embedded.stop();
    await fillOnDisk(path, embedded.tableName, count, (number) =>
      JSON.parse(text.replaceAll('others-0', `others-${number}`)),
    );
    await start();
  };

  const start = async () => {
    embedded = await startTable({ path });
    place = await openAt(embedded);
  };

  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'latchkey-lists-'));
    running.push(() => rm(path, { recursive: true }));
    running.push(() => embedded.stop());
    await start();
    for (let number = 0; number < 30; number++) await createClientStore(place.table).create(client(`web-${number}`));
    await fillTable(embedded, await itemsOfGrants('alice', OWN));
    for (const command of [['client', 'list'], grants]) await place.latchkey(command);
  });

  /** Sends a read once more, for the table's own account of it. */
  async function unitsOf({ operation, input, headers }: StoreRequest): Promise<number> {
    if (!['GetItem', 'Query'].includes(operation)) throw new Error(`${operation} reads more than it has to`);
    const { 'content-length': _, ...others } = headers;
    const body = Buffer.from(JSON.stringify({ ...input, ReturnConsumedCapacity: 'TOTAL' }));
    const answer = await sendToTable(embedded.endpoint, others, body);
    const { ConsumedCapacity } = JSON.parse(answer.body.toString()) as { ConsumedCapacity: { CapacityUnits: number } };
    return ConsumedCapacity.CapacityUnits;
  }

  async function measure(command: readonly string[]) {
    place.store.take();
    await place.latchkey(command);
    const requests = place.store.take();
    const units = await Promise.all(requests.map(unitsOf));
    return { calls: requests.map(callOf).toSorted(), units: units.reduce((sum, each) => sum + each) };
  }

  it(`does not depend on ${OTHERS} grants of others`, async () => {
    const measureAll = async () => {
      const measured = [];
      for (const [command] of cases) measured.push(await measure(command));
      return measured;
    };
    const before = await measureAll();
    await putGrantsOfOthers(OTHERS);
    expect(await measureAll()).toEqual(before);

    for (const [index, [, expected]] of cases.entries()) {
      const { calls, units } = before[index]!;
      const counts = Object.entries({ 'GetItem SCHEMA': 1, 'GetItem LISTS': 1, ...expected });
      expect(calls).toEqual(counts.flatMap(([call, count]) => Array(count).fill(call)).toSorted());
      // A unit for each item, and half a unit for each page of the index.
      expect(units).toBe(calls.length - calls.filter((call) => call.startsWith('Query')).length / 2);
    }
  });

  it('is also what it costs to count the grants of a subject, up to 250', async () => {
    const question = async (sub: string) => {
      place.store.take();
      const { stderr } = await place.attempt(['user', 'sign-out', sub, '--subject'], { typed: 'n\n' });
      return [/revoke (.+?) and/.exec(stderr)?.[1], callsOf(place).filter((call) => call.endsWith(' GRANT')).length];
    };
    expect(await question('alice')).toEqual(['30 grants', OWN + 2]);
    expect(await question('others')).toEqual(['at least 250 grants', 250 + 250 / 25]);
  });
});

describe('The index', () => {
  let world: World;
  let place: Place;
  beforeAll(async () => {
    world = await startWorld();
    running.push(world.stop);
    place = await openAt({
      endpoint: world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
      tableName: world.env['TABLE_NAME'] ?? '',
    });
    await world.clients.create(app('web'));
  });

  const isListed = (item: Item | Record<string, unknown>) => 'listed_in' in item || 'listed_as' in item;

  it('has an entry for a grant from its first write on, and no other write of a grant or token touches it', async () => {
    const handlers = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: place.store.endpoint });
    const { code, grant_id } = await newCode(world, 'web', { sub: 'alice' });
    const entry = async () => {
      const { listed_in, listed_as } = (await world.table.get({ pk: `GRANT#${grant_id}`, sk: 'GRANT' })) ?? {};
      return { listed_in, listed_as };
    };
    const first = await entry();
    expect(first).toEqual({
      listed_in: expect.stringMatching(/^GRANT#/),
      listed_as: expect.stringContaining(grant_id),
    });
    place.store.take();
    const tokens = tokensOf(await redeem(handlers, 'web', code));
    expect((await refresh(handlers, 'web', tokens.refresh_token)).status).toBe(200);
    await place.latchkey(['grants', 'revoke', '--', grant_id]);
    const writes = place.store.take().filter(({ operation }) => /^(Put|Update)/.test(operation));
    expect(writes.map(callOf)).toEqual(expect.arrayContaining(['UpdateItem GRANT', 'UpdateItem REVOKED']));
    for (const { input } of writes) {
      const names = Object.values((input['ExpressionAttributeNames'] ?? {}) as Record<string, string>);
      expect(isListed({ ...(input['Item'] as Item), ...Object.fromEntries(names.map((name) => [name, true])) })).toBe(
        false,
      );
    }
    expect(await entry()).toEqual(first);
  });

  it('shows the grants of no other subject with the same tag', async () => {
    await createGrantStore(place.table).put(grantOf('twin', 'of-twin'));
    const { listed_in } = (await place.table.get({ pk: 'GRANT#of-twin', sk: 'GRANT' })) ?? {};
    await createGrantStore(place.table).put(grantOf('other', 'of-other'));
    await place.table.set({ pk: 'GRANT#of-other', sk: 'GRANT' }, { listed_in }, []);
    const list = ['grants', 'list', '--subject', 'twin'];
    for (const _time of [1, 2]) expect(await idsOf(place, list, 'grant_id')).toEqual(['of-twin']);
  });

  it('has entries for clients, resource servers, users, grants and sessions only', async () => {
    await place.latchkey(['user', 'create', 'alice']);
    const listed = (await place.dump()).filter(isListed).map(({ sk }) => sk?.S);
    expect([...new Set(listed)].toSorted()).toEqual(['CLIENT', 'GRANT', 'RESOURCE', 'USER']);
  });

  it('keeps the entry of a record that is changed', async () => {
    await place.latchkey(['client', 'list']);
    await place.latchkey(['client', 'update', 'web', '--name', 'Shop']);
    const found = (await place.latchkey(['client', 'list', '--json'])).json<
      { client_id: string; client_name?: string }[]
    >();
    expect(found.find(({ client_id }) => client_id === 'web')).toMatchObject({ client_name: 'Shop' });
  });
});

describe('sessions list', () => {
  it('shows the sessions in which a user is signed in, until they expire or end', async () => {
    const place = await openPlace();
    const now = systemClock();
    const { find, put, remove } = createSessionStore(place.table);
    const begin = (sub: string, sid: string, auth_time: number, expires_at = now + 3_600) =>
      put({ sid, sub, auth_time, amr: ['pwd'], expires_at });
    const list = () => idsOf(place, ['sessions', 'list', '--subject', 'alice'], 'sid');
    await begin('alice', 'second', now - 50);
    await begin('alice', 'first', now - 100);
    await begin('alice', 'third', now - 10);
    await begin('alice', 'expired', now - 200, now - 1);
    await begin('bob', 'of another', now - 50);
    for (const _time of [1, 2]) expect(await list()).toEqual(['first', 'second', 'third']);
    await remove((await find('second'))!);
    expect(await list()).toEqual(['first', 'third']);
    expect((await place.latchkey(['sessions', 'list', '--subject', 'alice'])).stdout).toMatch(
      /^sid +auth_time +amr +expires_at\nfirst +20\S+Z +pwd +20\S+Z\nthird /,
    );
    await place.latchkey(['user', 'sign-out', 'alice', '--subject', '--yes']);
    await begin('alice', 'new', now + 600);
    expect(await list()).toEqual(['new']);
    expect(await place.attempt(['sessions', 'list'])).toMatchObject({ code: 2 });
  });
});

describe('The table of version 0.1.0', () => {
  const fixture = JSON.parse(
    readFileSync(new URL('../fixtures/v0.1.0/environment.json', import.meta.url), 'utf8'),
  ) as Fixture;
  const subs = [
    ...new Set(fixture.table.flatMap(({ pk, sub }) => (pk?.S?.startsWith('GRANT#') ? [sub?.S ?? ''] : []))),
  ];
  const commands = [
    ['client', 'list'],
    ['resource', 'list'],
    ['user', 'list'],
    ...subs.map((sub) => ['grants', 'list', '--all', '--subject', sub]),
  ];

  /** @param kind only items of this kind; absent = all */
  const openOld = async (kind?: string, properties = deployedTable()) => {
    const { endpoint, tableName, stop } = await startTable({ properties });
    running.push(stop);
    const items = fixture.table.filter(({ sk }) => kind === undefined || sk?.S === kind);
    await fillTable({ endpoint, tableName }, items);
    return openAt({ endpoint, tableName });
  };
  const showAll = async ({ latchkey }: Place, ...more: string[]) => {
    const shown = [];
    for (const command of commands) {
      const all = (await latchkey([...command, '--json', ...more])).json<Record<string, unknown>[]>();
      // The status can change from one second to the next.
      shown.push(all.map(({ status: _status, ...listed }) => listed));
    }
    return shown;
  };
  const kinds = { CLIENT: 0, RESOURCE: 0, USER: 0, GRANT: 0 };
  for (const { sk } of fixture.table) if (sk?.S !== undefined && sk.S in kinds) kinds[sk.S as keyof typeof kinds]++;
  const TO_LIST = Object.values(kinds).reduce((sum, count) => sum + count);

  /** What is shown without an index, which is read from the whole table. */
  let expected: unknown[][];
  let old: Place;
  beforeAll(async () => {
    old = await openOld(undefined, withoutIndex);
    expected = await showAll(old);
  });
  const marksIn = async (place: Place) =>
    (await place.dump()).flatMap(({ pk, sk }) => (sk?.S === 'LISTS' ? [pk?.S] : []));

  it('is read as a whole as long as it has no index, and nothing is written to it', async () => {
    expect(expected.flat().length).toBe(TO_LIST);
    expect(callsOf(old).filter((call) => call.startsWith('Scan'))).toHaveLength(commands.length);
    expect(await old.dump()).toHaveLength(fixture.table.length);
    expect((await old.dump()).filter((item) => 'listed_in' in item)).toEqual([]);
  });

  it('is read as a whole once for each kind, and shows the same then and later', async () => {
    const place = await openOld();
    expect(await showAll(place)).toEqual(expected);
    const first = callsOf(place);
    expect(first.filter((call) => call.startsWith('Scan'))).toHaveLength(Object.keys(kinds).length);
    expect(first.filter((call) => call.startsWith('UpdateItem'))).toHaveLength(TO_LIST);
    expect(await showAll(place)).toEqual(expected);
    expect(callsOf(place).filter((call) => !/^(GetItem|Query)/.test(call))).toEqual([]);

    // Nothing else was written.
    const withoutEntries = (await place.dump())
      .filter(({ sk }) => sk?.S !== 'LISTS')
      .map(({ listed_in: _in, listed_as: _as, ...item }) => item);
    expect(withoutEntries).toEqual(await old.dump());
    expect(await marksIn(place)).toEqual(['LISTS#CLIENT', 'LISTS#GRANT', 'LISTS#RESOURCE', 'LISTS#USER']);
  });

  const user = ['user', 'list', '--json'];
  it.each(
    sampled(
      Array.from({ length: kinds.USER + 1 }, (_, write) => write),
      4,
    ),
  )('shows the same after a command that was killed before write %d', async (allowed) => {
    const place = await openOld('USER');
    let writes = 0;
    const isWrite = ({ operation }: { operation: string }) => /^(Put|Update)/.test(operation);
    // Once killed, it can do nothing more.
    place.store.behave(onlyIf((request) => isWrite(request) && ++writes > allowed, faults['access denied']));
    expect(await place.attempt(user)).toMatchObject({ code: 1, stdout: '' });
    expect(await marksIn(place)).toEqual([]);
    place.store.behave();
    for (const _time of [1, 2])
      expect((await place.latchkey(user)).json()).toEqual(expected[commands.findIndex(([name]) => name === 'user')]);
    expect(await marksIn(place)).toEqual(['LISTS#USER']);
  });

  it('loses nothing when two commands read it at once', async () => {
    const place = await openOld('USER');
    const both = await Promise.all([place.latchkey(user), place.latchkey(user)]);
    const shown = [...both, await place.latchkey(user)].map(({ stdout }) => stdout);
    expect(new Set(shown).size).toBe(1);
  });

  it('does not get back what is removed in the meantime', async () => {
    const place = await openOld('CLIENT');
    const key = { pk: 'CLIENT#web', sk: 'CLIENT' };
    place.store.behave(
      onlyAt('UpdateItem CLIENT', async (response, forward) => {
        await place.table.remove(key);
        const { status, headers, body } = await forward();
        response.writeHead(status, headers).end(body);
      }),
    );
    await place.latchkey(['client', 'list']);
    place.store.behave();
    expect(await place.table.get(key)).toBeUndefined();
    expect(await idsOf(place, ['client', 'list'], 'client_id')).not.toContain('web');
  });

  it('shows with --whole-table what version 0.1.0 has written since the index was complete, and later without', async () => {
    const place = await openOld('CLIENT');
    await place.latchkey(['client', 'list']);
    const web = await place.table.get({ pk: 'CLIENT#web', sk: 'CLIENT' });
    const { listed_in: _in, listed_as: _as, ...rest } = web ?? {};
    await place.table.put({ ...rest, pk: 'CLIENT#old', sk: 'CLIENT', client_id: 'old' });
    const list = (...more: string[]) => idsOf(place, ['client', 'list', ...more], 'client_id');
    expect(await list()).not.toContain('old');
    expect(await list('--whole-table')).toContain('old');
    expect(await list()).toContain('old');
  });
});

describe('A list that cannot be read', () => {
  let place: Place;
  beforeAll(async () => {
    place = await openPlace();
    await createClientStore(place.table).create(client('web'));
    await place.latchkey(['client', 'list']);
  });
  beforeEach(() => void place.store.take());
  afterEach(() => place.store.behave());

  it.each(['GetItem LISTS', 'Query CLIENT', 'GetItem CLIENT'])(
    'is a failure, and the whole table is not read in its place: %s',
    async (call) => {
      place.store.behave(onlyAt(call, faults['access denied']));
      expect(await place.attempt(['client', 'list'])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/: no\n/),
      });
      expect(callsOf(place).filter((made) => made.startsWith('Scan'))).toEqual([]);
    },
  );

  it('is a failure also if an item is malformed', async () => {
    await place.table.set({ pk: 'CLIENT#web', sk: 'CLIENT' }, { enabled: 'yes' }, []);
    for (const more of [[], ['--whole-table']]) {
      expect(await place.attempt(['client', 'list', ...more])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('an item of kind CLIENT is malformed: enabled'),
      });
    }
  });
});
