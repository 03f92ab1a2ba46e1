// The list has one entry for each revocation, and at most one for each container that did not know of it. A token that is
// expired or not from this service adds none.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRevocation, type Revocation } from '../../lib/oauth/revocation.ts';
import { createRevocationList } from '../../lib/revocation/list.ts';
import { createRevocationStore, type RevocationStore } from '../../lib/store/revocation.ts';
import { introspectionDoor } from '../support/doors.ts';
import { startFaultyStore } from '../support/faulty-store.ts';
import { forge, signingKeyOf } from '../support/forge.ts';
import { createTestClock, getToken, type Handlers, ISSUER, post, startWorld, type World } from '../support/world.ts';

const { clock, advance } = createTestClock();
const JWT = 'machine-jwt';
const REFERENCE = 'machine-reference';

let world: World;
let list: RevocationStore;

beforeAll(async () => {
  world = await startWorld({}, clock);
  list = createRevocationStore(world.table);
});
beforeEach(async () => {
  for (const old of await list.since(0)) await list.remove(old);
  advance(1_000_000);
});
afterAll(() => world.stop());

const revoke = async ({ revocation }: Handlers, token: string, id = JWT) =>
  expect((await post(revocation, id, { token })).status).toBe(200);
/** The text with another last letter. */
const spoil = (text: string) => text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A');

const isDead = async (token: string) => expect(await introspectionDoor.show(world.handlers, token)).toBe('refuse');

describe('A JWT that is revoked again', () => {
  it('by the same container adds no entry to the list, and by another container one, once', async () => {
    const token = await getToken(world.handlers, JWT);
    const containers: Handlers[] = [];
    const expected: unknown[] = [];
    for (let count = 1; count <= 4; count++) {
      containers.push(world.restart());
      expected.push(expect.objectContaining({ kind: 'token', revoked_at: clock() }));
      for (const container of containers) await revoke(container, token);
      advance(7);
      for (const container of containers) await revoke(container, token);
      expect(await list.since(0)).toEqual(expected);
    }
    await isDead(token);
  });

  it.each([1, 4])('by eight requests at once to %i containers leaves one entry', async (count) => {
    const containers = Array.from({ length: count }, () => world.restart());
    const token = await getToken(world.handlers, JWT);
    await Promise.all(Array.from({ length: 8 }, (_, index) => revoke(containers[index % count]!, token)));
    await isDead(token);
    expect(await list.since(0)).toHaveLength(1);
  });

  it('by containers whose clocks differ leaves the oldest entry', async () => {
    const token = await getToken(world.handlers, JWT);
    const ahead = [0, 3, 1, 5, 2].map((seconds) => world.restart({}, () => clock() + seconds));
    for (let round = 0; round < 3; round++) {
      await Promise.all(ahead.map((container) => revoke(container, token)));
      await isDead(token);
      await isDead(token);
    }
    const [oldest, ...others] = await list.since(0);
    expect(oldest).toMatchObject({ kind: 'token', revoked_at: clock() });
    for (const container of ahead) await revoke(container, token);
    expect(await list.since(0)).toEqual([oldest, ...others]);
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
    const before = await list.since(0);
    await revoke(knowing, token);
    expect(await list.since(0)).toEqual(before);
    await isDead(token);
  });

  it('adds an entry if the other one expires before the token', async () => {
    const token = await getToken(world.handlers, JWT);
    const short = createRevocation('client', JWT, { now: clock(), lifetime: 60 });
    const early = { ...short, issued_until: clock() - 1, expires_at: clock() + 99_999 };
    await list.put(short);
    await list.put({ ...early, revoked_at: clock() - 1 });
    advance(3);
    const container = world.restart();
    for (let time = 0; time < 2; time++) await revoke(container, token);
    expect(await list.since(0)).toHaveLength(3);
    await list.remove(short);
    advance(3000);
    expect(await introspectionDoor.show(world.restart(), token)).toBe('refuse');
  });
});

describe('No entry is added and nothing is changed by the revocation of', () => {
  const dump = async () => [...(await world.table.scan('TOKEN')), ...(await list.since(0))];

  it.each<[string, string, (handlers: Handlers) => Promise<string>]>([
    ['an expired JWT', JWT, async () => forge(signingKeyOf(world.env), clock() - 3600)],
    [
      'a JWT that expires this second',
      JWT,
      async () => forge(signingKeyOf(world.env), clock(), { iat: clock() - 9, exp: clock() }),
    ],
    ['a forged JWT', JWT, async () => forge({ ...signingKeyOf(world.env), sign: () => Buffer.alloc(64) }, clock())],
    ['a JWT of another issuer', JWT, async () => forge(signingKeyOf(world.env), clock(), { iss: 'https://x.example' })],
    ['an ID token', JWT, async () => forge(signingKeyOf(world.env), clock(), {}, { typ: 'JWT' })],
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
    expect(await list.since(0)).toEqual([]);
  });
});

describe('The copy of the revocation list in a container', () => {
  it('drops expired entries, although they are still in the table', async () => {
    const entry = createRevocation('client', JWT, { now: clock(), lifetime: 60 });
    await list.put(entry);
    const copy = createRevocationList(list, clock);
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
    const { expires_at } = entry;
    expect(await isRevoked()).toBe(true);
    advance(expires_at - clock() - 1);
    expect(await isRevoked()).toBe(true);
    advance(60);
    await copy.fresh(0);
    expect(await isRevoked()).toBe(false);
  });
});

describe('A revocation list of more than a megabyte', () => {
  it('is read completely once, and then only its new entries', async () => {
    const [first, last] = [await getToken(world.handlers, JWT), await getToken(world.handlers, JWT)];
    const alive = await getToken(world.handlers, JWT);
    await revoke(world.restart(), first);
    advance(1);
    const filler = (index: number) => `${index}#`.padEnd(900, 'x');
    for (let batch = 0; batch < 13; batch++) {
      const entries = Array.from({ length: 50 }, (_, index) => ({
        kind: 'grant' as const,
        id: filler(batch * 50 + index),
        revoked_at: clock(),
        expires_at: clock() + 3600,
      }));
      await Promise.all(entries.map((entry) => list.put(entry)));
    }
    advance(1);
    await revoke(world.restart(), last);

    const store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
    const queries = () => store.take().filter(({ operation }) => operation === 'Query').length;
    try {
      const handlers = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
      expect(await introspectionDoor.show(handlers, first)).toBe('refuse');
      expect(queries()).toBe(2);
      expect(await introspectionDoor.show(handlers, last)).toBe('refuse');
      expect(await introspectionDoor.show(handlers, alive)).toBe('allow');
      advance(60);
      store.take();
      expect(await introspectionDoor.show(handlers, alive)).toBe('allow');
      queries();
      expect(await introspectionDoor.show(handlers, last)).toBe('refuse');
      expect(await introspectionDoor.show(handlers, first)).toBe('refuse');
      expect(queries()).toBe(2);
    } finally {
      await store.stop();
    }
  });
});
