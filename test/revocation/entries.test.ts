// Which tokens an entry of the revocation list covers: each kind of entry, both token formats, to the second, wherever a token
// is shown.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  consentId,
  createRevocation,
  MAX_CLOCK_SKEW_SECONDS,
  type Revocation,
  type RevocationKind,
  revocationKinds,
} from '../../lib/oauth/revocation.ts';
import { authorizerDoors, introspectionDoor, openDoors } from '../support/doors.ts';
import { forge, signingKeyOf } from '../support/forge.ts';
import { openList, type TestList } from '../support/revocation-list.ts';
import { isLongRun } from '../support/scale.ts';
import {
  authorizerEvents,
  createTestClock,
  getToken,
  type Handlers,
  ISSUER,
  post,
  startWorld,
  type Variables,
  verdict,
  type World,
} from '../support/world.ts';

const { clock, advance, set } = createTestClock();
const CLIENTS = ['machine-jwt', 'machine-reference'];
const LIFETIME = 3600;

let world: World;
let list: TestList;
/** All doors in the long run; in the normal run introspection and, each time, the next of the authorizers. */
let atDoors: ReturnType<typeof openDoors>;

beforeAll(async () => {
  world = await startWorld({}, clock);
  list = openList(world.table, clock);
  const restart = (variables: Variables) => world.restart(variables);
  const all = openDoors(restart);
  const each = authorizerDoors.map((door) => openDoors(restart, [introspectionDoor, door]));
  let turn = 0;
  atDoors = async (token) => (isLongRun ? all : each[turn++ % each.length]!)(token);
});
beforeEach(() => advance(1_000_000));
afterAll(() => world.stop());

/** The ids under which a token can be revoked, as its owner learns them. */
async function idsOf(token: string): Promise<Record<RevocationKind, string>> {
  const { json } = await post(world.handlers.introspection, 'orders', { token });
  expect(json['active']).toBe(true);
  const [header = ''] = token.split('.');
  const key = token.startsWith('lk_at_')
    ? Buffer.from(token.slice('lk_at_'.length), 'base64url').toString('base64url', 0, 4)
    : (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid;
  return {
    issuer: ISSUER,
    subject: String(json['sub']),
    client: String(json['client_id']),
    consent: consentId(String(json['sub']), String(json['client_id'])),
    key,
    // Tokens of machines end with no session: test/endpoints/logout.test.ts.
    session: '',
    grant: String(json['grant_id']),
    token: String(json['jti']),
  };
}

/** An entry as the administration writes it; one that names a token is made by hand. */
const entry = (kind: RevocationKind, id: string, delay = 0): Revocation =>
  kind === 'token'
    ? { kind, id, revoked_at: clock(), expires_at: clock() + LIFETIME + MAX_CLOCK_SKEW_SECONDS }
    : createRevocation(kind, id, { now: clock(), lifetime: LIFETIME, delay });

const UP_TO_A_TIME = new Set<RevocationKind>(['issuer', 'subject', 'client', 'consent']);
const kinds = CLIENTS.flatMap((id) =>
  revocationKinds.filter((kind) => kind !== 'session').map((kind) => [kind, id] as const),
);

describe.each(kinds)('With an entry for its %s, a token of %s', (kind, client) => {
  it('that was issued before, or in the same second, is refused', async () => {
    const before = await getToken(world.handlers, client);
    const ids = await idsOf(before);
    advance(10);
    const same = await getToken(world.handlers, client);
    await list.put(entry(kind, ids[kind]));
    expect(await atDoors(before)).toBe('refuse');
    const isOfItsOwn = kind === 'token' || kind === 'grant';
    expect(await atDoors(same)).toBe(isOfItsOwn ? 'allow' : 'refuse');
  });

  it('that was issued a second later is refused only if its key was revoked', async () => {
    const ids = await idsOf(await getToken(world.handlers, client));
    await list.put(entry(kind, ids[kind]));
    advance(1);
    const later = await getToken(world.handlers, client);
    expect(await atDoors(later)).toBe(kind === 'key' ? 'refuse' : 'allow');
  });

  it('that was issued within the delay of the entry is refused if the entry covers many tokens', async () => {
    const ids = await idsOf(await getToken(world.handlers, client));
    await list.put(entry(kind, ids[kind], 30));
    advance(30);
    const during = await getToken(world.handlers, client);
    advance(1);
    const after = await getToken(world.handlers, client);
    const isCovered = UP_TO_A_TIME.has(kind) || kind === 'key';
    expect(await atDoors(during)).toBe(isCovered ? 'refuse' : 'allow');
    expect(await atDoors(after)).toBe(kind === 'key' ? 'refuse' : 'allow');
  });

  it('is accepted if the entry has another id, or is of another kind with the same id', async () => {
    const token = await getToken(world.handlers, client);
    const ids = await idsOf(token);
    await list.put(entry(kind, `${ids[kind]}x`));
    await list.put(entry(kind, ids[kind].slice(0, -1)));
    await list.put(entry(kind, ids[kind].toUpperCase()));
    const strangers = revocationKinds.filter((other) => other !== kind && ids[other] !== ids[kind]);
    for (const other of strangers) await list.put(entry(other, ids[kind]));
    expect(await atDoors(token)).toBe('allow');
  });
});

describe('With two entries for the same', () => {
  const both = async (one: Revocation, other: Revocation) => {
    await list.put(one);
    await list.put(other);
  };

  it.each(['client', 'subject', 'issuer'] as const)(
    '%s, the later time counts, in whatever order they were written',
    async (kind) => {
      const [id = ''] = CLIENTS;
      const name = kind === 'issuer' ? ISSUER : id;
      const first = await getToken(world.handlers, id);
      const now = clock();
      advance(10);
      const second = await getToken(world.handlers, id);
      const later = entry(kind, name);
      const earlier = { ...later, revoked_at: now, issued_until: now };
      for (const [one, other] of [
        [earlier, later],
        [later, earlier],
      ] as const) {
        const handlers = world.restart();
        await both(one, other);
        for (const token of [first, second]) expect(await introspectionDoor.show(handlers, token)).toBe('refuse');
        await list.clear();
      }
    },
  );

  it.each(['key', 'grant'] as const)('%s, tokens are refused until the later one expires', async (kind) => {
    const handlers = world.restart();
    const first = await getToken(handlers, 'machine-jwt');
    const ids = await idsOf(first);
    const start = clock();
    await list.put(entry(kind, ids[kind]));
    advance(LIFETIME);
    await list.put(entry(kind, ids[kind]));
    const claims = { grant_id: ids.grant, iat: clock(), exp: clock() + LIFETIME };
    const issuedSince = forge(signingKeyOf(world.env), clock(), claims);
    // Without the entries, nothing would be wrong with it.
    const { grant_id, ...unrelated } = claims;
    const isOfTheGrant = kind === 'grant';
    if (isOfTheGrant) {
      const stranger = forge(signingKeyOf(world.env), clock(), unrelated);
      expect(await introspectionDoor.show(handlers, stranger)).toBe('allow');
    }
    for (const second of [0, 100, LIFETIME - 100, LIFETIME - 1]) {
      set(start + LIFETIME + second);
      expect(await introspectionDoor.show(handlers, issuedSince)).toBe('refuse');
    }
  });

  it('client, one that covers more does not shorten one that is kept longer', async () => {
    const handlers = world.restart();
    const token = await getToken(handlers, 'machine-jwt');
    const start = clock();
    await list.put(entry('client', 'machine-jwt'));
    advance(10);
    await list.put(createRevocation('client', 'machine-jwt', { now: clock(), lifetime: 60 }));
    for (const second of [20, 100, 1000, 2000, LIFETIME - 1]) {
      set(start + second);
      expect(await introspectionDoor.show(handlers, token)).toBe('refuse');
    }
  });
});

describe('With a clock skew that accepts tokens after exp,', () => {
  const ask = ({ authorizer }: Handlers, token: string) => verdict(authorizer(authorizerEvents['HTTP API 2.0'](token)));

  it.each(CLIENTS)('a revoked token of %s is never accepted again', async (id) => {
    const handlers = world.restart({ CLOCK_SKEW_SECONDS: String(MAX_CLOCK_SKEW_SECONDS) });
    const [token, other] = [await getToken(handlers, id), await getToken(handlers, id)];
    const expiry = clock() + LIFETIME;
    expect((await post(handlers.revocation, id, { token })).status).toBe(200);
    for (const second of [-LIFETIME, -1, 0, 1, 30, 100, MAX_CLOCK_SKEW_SECONDS - 1]) {
      set(expiry + second);
      expect([second, await ask(handlers, token), await ask(handlers, other)]).toEqual([second, 'refuse', 'allow']);
    }
    set(expiry + MAX_CLOCK_SKEW_SECONDS);
    expect(await ask(handlers, other)).toBe('refuse');
  });

  it.each(CLIENTS)('a token of %s can be revoked as long as it is accepted', async (id) => {
    const handlers = world.restart({ CLOCK_SKEW_SECONDS: '60' });
    const token = await getToken(handlers, id);
    advance(LIFETIME + 59);
    expect(await ask(handlers, token)).toBe('allow');
    expect((await post(handlers.revocation, id, { token })).status).toBe(200);
    expect(await ask(handlers, token)).toBe('refuse');
  });
});
