// The list has one entry for each revocation. A token that is expired or not from this service adds none.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ENTRY_BYTES, KEY_BYTES } from '../../lib/oauth/packed-revocation.ts';
import { createRevocation, type Revocation } from '../../lib/oauth/revocation.ts';
import { SEGMENT_ENTRIES } from '../../lib/oauth/revocation-segment.ts';
import { createRevocationList } from '../../lib/revocation/list.ts';
import { createPackedIndex } from '../../lib/revocation/packed-index.ts';
import { createRevocationStore } from '../../lib/store/revocation.ts';
import { introspectionDoor } from '../support/doors.ts';
import { startFaultyStore } from '../support/faulty-store.ts';
import { forge, forgeIdToken, signingKeyOf } from '../support/forge.ts';
import { openList, type TestList } from '../support/revocation-list.ts';
import { createTestClock, getToken, type Handlers, ISSUER, post, startWorld, type World } from '../support/world.ts';

const { clock, advance } = createTestClock();
const JWT = 'machine-jwt';
const REFERENCE = 'machine-reference';

let world: World;
let list: TestList;

beforeAll(async () => {
  world = await startWorld({}, clock);
  list = openList(world.table, clock);
});
beforeEach(async () => {
  await list.clear();
  advance(1_000_000);
});
afterAll(() => world.stop());

const revoke = async ({ revocation }: Handlers, token: string, id = JWT) =>
  expect((await post(revocation, id, { token })).status).toBe(200);
/** The text with another last letter. */
const spoil = (text: string) => text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A');

const isDead = async (token: string) => expect(await introspectionDoor.show(world.handlers, token)).toBe('refuse');

describe('A JWT that is revoked again', () => {
  it('by the same container or by others adds no entry to the list', async () => {
    const token = await getToken(world.handlers, JWT);
    const containers: Handlers[] = [];
    for (let count = 1; count <= 4; count++) {
      containers.push(world.restart());
      for (const container of containers) await revoke(container, token);
      advance(7);
      for (const container of containers) await revoke(container, token);
      expect(await list.length()).toBe(1);
    }
    await isDead(token);
  });

  it.each([1, 4])('by eight requests at once to %i containers leaves one entry', async (count) => {
    const containers = Array.from({ length: count }, () => world.restart());
    const token = await getToken(world.handlers, JWT);
    await Promise.all(Array.from({ length: 8 }, (_, index) => revoke(containers[index % count]!, token)));
    await isDead(token);
    expect(await list.length()).toBe(1);
  });

  it('by containers whose clocks differ leaves one entry', async () => {
    const token = await getToken(world.handlers, JWT);
    const ahead = [0, 3, 1, 5, 2].map((seconds) => world.restart({}, () => clock() + seconds));
    for (let round = 0; round < 3; round++) {
      await Promise.all(ahead.map((container) => revoke(container, token)));
      await isDead(token);
      await isDead(token);
    }
    expect(await list.length()).toBe(1);
  });
});

describe('The revocation of a JWT that an entry already covers', () => {
  it.each<[string, () => Revocation]>([
    ['by its client', () => createRevocation('client', JWT, { now: clock(), lifetime: 3600 })],
    ['by its subject', () => createRevocation('subject', JWT, { now: clock(), lifetime: 3600 })],
    ['by its issuer', () => createRevocation('issuer', ISSUER, { now: clock(), lifetime: 3600 })],
    ['by its key', () => createRevocation('key', signingKeyOf(world.env).kid, { now: clock(), lifetime: 3600 })],
  ])('%s adds no entry by a container that knows the other one', async (_name, cover) => {
    const token = await getToken(world.handlers, JWT);
    const entry = cover();
    await list.put(entry);
    advance(3);
    const knowing = world.restart();
    await post(knowing.revocation, JWT, { token: await getToken(world.handlers, JWT) });
    const before = await list.segments();
    await revoke(knowing, token);
    expect(await list.segments()).toEqual(before);
    await isDead(token);
  });

  it('adds an entry if the other one covers only older tokens', async () => {
    const token = await getToken(world.handlers, JWT);
    const other = createRevocation('client', JWT, { now: clock(), lifetime: 3600 });
    await list.put({ ...other, issued_until: clock() - 1 });
    await revoke(world.restart(), token);
    expect(await list.length()).toBe(2);
    await isDead(token);
  });

  it('adds an entry if the other one expires before the token', async () => {
    const token = await getToken(world.handlers, JWT);
    const short = createRevocation('client', JWT, { now: clock(), lifetime: 60 });
    await list.put(short);
    advance(3);
    const container = world.restart();
    for (let time = 0; time < 2; time++) await revoke(container, token);
    expect(await list.length()).toBe(2);
    advance(3000);
    expect(await introspectionDoor.show(world.restart(), token)).toBe('refuse');
  });
});

describe('No entry is added and nothing is changed by the revocation of', () => {
  const dump = async () => [...(await world.table.scan('TOKEN')), ...(await list.segments())];

  it.each<[string, string, (handlers: Handlers) => Promise<string>]>([
    ['an expired JWT', JWT, async () => forge(signingKeyOf(world.env), clock() - 3600)],
    [
      'a JWT that expires this second',
      JWT,
      async () => forge(signingKeyOf(world.env), clock(), { iat: clock() - 9, exp: clock() }),
    ],
    ['a forged JWT', JWT, async () => forge({ ...signingKeyOf(world.env), sign: () => Buffer.alloc(64) }, clock())],
    ['a JWT of another issuer', JWT, async () => forge(signingKeyOf(world.env), clock(), { iss: 'https://x.example' })],
    ['an ID token', JWT, async () => forgeIdToken(signingKeyOf(world.env), clock())],
    [
      'an expired reference token',
      REFERENCE,
      async (handlers) => {
        const token = await getToken(handlers, REFERENCE);
        advance(3600);
        return token;
      },
    ],
    ['a changed reference token', REFERENCE, async (handlers) => spoil(await getToken(handlers, REFERENCE))],
    [
      'a reference token of another deployment',
      REFERENCE,
      (handlers) => getToken(handlers, REFERENCE, {}).then((token) => token.replace('lk_at_', 'lk_at_A')),
    ],
    ['nonsense', JWT, async () => 'nonsense'],
  ])('%s', async (_name, id, makeToken) => {
    const token = await makeToken(world.handlers);
    const before = await dump();
    await revoke(world.handlers, token, id);
    expect(await dump()).toEqual(before);
  });

  it.each([
    [JWT, REFERENCE],
    [REFERENCE, JWT],
  ])('a token of %s by %s', async (owner, other) => {
    const token = await getToken(world.handlers, owner);
    const before = await dump();
    expect((await post(world.handlers.revocation, other, { token })).json['error']).toBe('invalid_grant');
    expect(await dump()).toEqual(before);
    expect(await introspectionDoor.show(world.handlers, token)).toBe('allow');
  });

  it('a reference token that was revoked before', async () => {
    const token = await getToken(world.handlers, REFERENCE);
    await revoke(world.handlers, token, REFERENCE);
    const before = await dump();
    advance(5);
    await revoke(world.restart(), token, REFERENCE);
    expect(await dump()).toEqual(before);
    expect(await list.length()).toBe(0);
  });
});

describe('The copy of the revocation list in a container', () => {
  it('drops expired entries, although they are still in the table', async () => {
    const entry = createRevocation('client', JWT, { now: clock(), lifetime: 60 });
    await list.put(entry);
    const copy = createRevocationList(createRevocationStore(world.table), clock);
    const token = {
      format: 'jwt',
      key: 'k',
      claims: {
        iss: ISSUER,
        sub: JWT,
        aud: 'orders',
        client_id: JWT,
        iat: clock(),
        exp: clock() + 9999,
        jti: 'j',
        grant_id: 'g',
      },
    } as const;
    const isRevoked = async () => (await copy.fresh(0)).isRevoked(token);
    const end = Math.ceil(entry.expires_at / 900) * 900;
    expect(await isRevoked()).toBe(true);
    advance(end - clock() - 1);
    expect(await isRevoked()).toBe(true);
    advance(60);
    await copy.fresh(0);
    expect(await isRevoked()).toBe(false);
  });
});

it('The copy of a container that lives long needs numbers for the segments that live, not for all that were', () => {
  const index = createPackedIndex();
  const live: { number: number; bytes: Buffer }[] = [];
  for (let made = 0; made < 500; made++) {
    const block = { number: 0, bytes: randomBytes(SEGMENT_ENTRIES * ENTRY_BYTES) };
    index.add(block);
    for (let position = 0; position < SEGMENT_ENTRIES; position++) index.insert(block, position);
    live.push(block);
    if (live.length > 3) index.drop(live.shift()!);
    for (const one of live) {
      const found: unknown[] = [];
      index.some(one.bytes.subarray(0, KEY_BYTES), (held) => found.push(held) === 0);
      expect(found).toEqual([one]);
    }
  }
  expect(Math.max(...live.map(({ number }) => number))).toBeLessThan(100);
});

describe('A revocation list of more than a megabyte', () => {
  it('is read completely once, and then only its last segment', async () => {
    const [first, last] = [await getToken(world.handlers, JWT), await getToken(world.handlers, JWT)];
    const alive = await getToken(world.handlers, JWT);
    await revoke(world.restart(), first);
    await list.fill(400, clock() + 7200);
    await revoke(world.restart(), last);

    const store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
    const queries = () => store.take().filter(({ operation }) => operation === 'Query').length;
    try {
      const handlers = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
      expect(await introspectionDoor.show(handlers, first)).toBe('refuse');
      // The first segments, the full ones in two pages, and the last one.
      expect(queries()).toBe(4);
      expect(await introspectionDoor.show(handlers, last)).toBe('refuse');
      expect(await introspectionDoor.show(handlers, alive)).toBe('allow');
      advance(60);
      expect(await introspectionDoor.show(handlers, alive)).toBe('allow');
      expect(queries()).toBe(3);
    } finally {
      await store.stop();
    }
  });
});
