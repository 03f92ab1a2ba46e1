// What each operation asks of the store, counted at the wire. docs/design.md section 5.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { authorizerDoors, introspectionDoor } from '../support/doors.ts';
import { type FaultyStore, inFlightTogether, startFaultyStore } from '../support/faulty-store.ts';
import { forge, forgeIdToken, forgingKey, signingKeyOf } from '../support/forge.ts';
import {
  authorizerEvents,
  basic,
  createTestClock,
  getToken,
  type Handlers,
  httpEvent,
  MACHINES,
  post,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts';

const { clock, advance } = createTestClock();
const [READ_TOKEN, READ_LIST] = ['GetItem', 'Query'];
const JWT = 'machine-jwt';
const REFERENCE = 'machine-reference';

let world: World;
let store: FaultyStore;

beforeAll(async () => {
  world = await startWorld({}, clock);
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
});
afterAll(async () => {
  await store.stop();
  await world.stop();
});
beforeEach(() => {
  store.take();
});
afterEach(() => {
  store.behave();
  advance(60);
});

/** A container behind the counter, which knows its clients already. */
async function warmContainer(variables: Record<string, string> = {}): Promise<Handlers> {
  const env = { AWS_ENDPOINT_URL_DYNAMODB: store.endpoint, CLIENT_CACHE_SECONDS: '3600', ...variables };
  const handlers = world.restart(env);
  await Promise.all([
    ...MACHINES.map((id) => getToken(handlers, id)),
    ...['orders', ...MACHINES].map((id) => post(handlers.introspection, id, { token: 'x' })),
    ...MACHINES.map((id) => post(handlers.revocation, id, { token: 'x' })),
  ]);
  // The first request to a container also reads the schema of the table: see schema.test.ts.
  await allow(handlers, await getToken(handlers, JWT));
  advance(60);
  store.take();
  return handlers;
}

/** One warm container for all tests of a group. */
function shareWarmContainer(): () => Handlers {
  let handlers: Handlers;
  beforeAll(async () => {
    handlers = await warmContainer();
  });
  return () => handlers;
}

/** The operations that a call needed. When there are several, each is held back until all of them are on their way. */
async function requestsOf(call: () => Promise<unknown>, together = 0): Promise<string[]> {
  store.take();
  store.behave(together > 1 ? inFlightTogether(together) : undefined);
  await call();
  store.behave();
  return store
    .take()
    .map(({ operation }) => operation)
    .sort();
}

const expectOk = async (call: Promise<{ status: number }>) => expect((await call).status).toBe(200);
const expectActive = async (handlers: Handlers, id: string, token: string) =>
  expect((await post(handlers.introspection, id, { token })).json['active']).toBe(true);
const allow = async (handlers: Handlers, token: string) =>
  expect(await verdict(handlers.authorizer(authorizerEvents['HTTP API 2.0'](token)))).toBe('allow');

/** An operation, prepared up to the call that is counted. */
type Operation = (handlers: Handlers) => Promise<() => Promise<unknown>>;

const issue =
  (id: string): Operation =>
  async (handlers) =>
  () =>
    getToken(handlers, id);

const introspect =
  (id: string, caller = id): Operation =>
  async (handlers) => {
    const token = await getToken(handlers, id);
    return () => expectActive(handlers, caller, token);
  };

const revoke =
  (id: string): Operation =>
  async (handlers) => {
    const token = await getToken(handlers, id);
    return () => expectOk(post(handlers.revocation, id, { token }));
  };

const authorize =
  (id: string, seenBefore = false): Operation =>
  async (handlers) => {
    const token = await getToken(handlers, id);
    if (seenBefore) await allow(handlers, token);
    return () => allow(handlers, token);
  };

describe('With cached clients, the requests to the table take at most one round trip:', () => {
  const shared = shareWarmContainer();

  it.each<[string, Operation, string[]]>([
    ['client_credentials, JWT', issue(JWT), []],
    ['client_credentials, reference', issue(REFERENCE), ['PutItem']],
    ['introspection of a JWT by its resource server', introspect(JWT, 'orders'), [READ_LIST]],
    ['introspection of a JWT by its client', introspect(JWT), [READ_LIST]],
    [
      'introspection of a reference token by its resource server',
      introspect(REFERENCE, 'orders'),
      [READ_TOKEN, READ_LIST],
    ],
    ['introspection of a reference token by its client', introspect(REFERENCE), [READ_TOKEN, READ_LIST]],
    ['revocation of a reference token', revoke(REFERENCE), ['UpdateItem']],
    ['authorizer, strict, JWT', authorize(JWT), [READ_LIST]],
    ['authorizer, strict, JWT seen before', authorize(JWT, true), [READ_LIST]],
    ...['machine-encrypted', 'machine-sealed'].flatMap((id): [string, Operation, string[]][] => [
      [`client_credentials, ${id}`, issue(id), []],
      [`introspection of a token of ${id}`, introspect(id, 'orders'), [READ_LIST]],
      [`authorizer, strict, ${id}`, authorize(id), [READ_LIST]],
      [`authorizer, strict, ${id}, seen before`, authorize(id, true), [READ_LIST]],
    ]),
    ['authorizer, strict, reference', authorize(REFERENCE), [READ_TOKEN, READ_LIST]],
    ['authorizer, strict, reference seen before', authorize(REFERENCE, true), [READ_TOKEN, READ_LIST]],
  ])('%s', async (_name, operation, expected) => {
    const call = await operation(shared());
    expect(await requestsOf(call, expected.length)).toEqual(expected);
  });
});

describe('The requests to the table for revoking', () => {
  const shared = shareWarmContainer();

  it.each([JWT, 'machine-encrypted', 'machine-sealed'])(
    'a token of %s: one write, and before it one read if the list was not read in this second',
    async (id) => {
      const [first, second] = [await revoke(id)(shared()), await revoke(id)(shared())];
      expect(await requestsOf(first)).toEqual([READ_LIST, 'UpdateItem']);
      expect(await requestsOf(second)).toEqual(['UpdateItem']);
    },
  );
});

describe('The requests to the table of the authorizer with a maximum age of the list:', () => {
  const MAX_AGE = 5;
  it.each([
    [JWT, [READ_LIST]],
    [REFERENCE, [READ_TOKEN, READ_LIST]],
  ] as const)('for a known token of %s, none while the list is young enough, then %j', async (id, expected) => {
    const handlers = await warmContainer({ REVOCATION_MAX_AGE_SECONDS: String(MAX_AGE) });
    const token = await getToken(handlers, id);
    expect(await requestsOf(() => allow(handlers, token), expected.length)).toEqual(expected);
    for (let second = 1; second < MAX_AGE; second++) {
      advance(1);
      expect(await requestsOf(() => allow(handlers, token))).toEqual([]);
    }
    advance(1);
    expect(await requestsOf(() => allow(handlers, token), expected.length)).toEqual(expected);
  });

  it('for a new token, none for a JWT, and its item for a reference token', async () => {
    const handlers = await warmContainer({ REVOCATION_MAX_AGE_SECONDS: String(MAX_AGE) });
    await allow(handlers, await getToken(handlers, JWT));
    const [another, reference] = [await getToken(handlers, JWT), await getToken(handlers, REFERENCE)];
    expect(await requestsOf(() => allow(handlers, another))).toEqual([]);
    expect(await requestsOf(() => allow(handlers, reference))).toEqual([READ_TOKEN]);
  });

  it('by default, the maximum age is 5 seconds for a JWT and 0 for a reference token', async () => {
    const handlers = await warmContainer({ REVOCATION_MAX_AGE_SECONDS: '' });
    const [jwt, reference] = [await getToken(handlers, JWT), await getToken(handlers, REFERENCE)];
    await allow(handlers, jwt);
    await allow(handlers, reference);
    expect(await requestsOf(() => allow(handlers, jwt))).toEqual([]);
    expect(await requestsOf(() => allow(handlers, reference), 2)).toEqual([READ_TOKEN, READ_LIST]);
  });
});

describe('The requests to the table of the strict authorizer for a token that it has refused:', () => {
  it.each([
    ['a revoked JWT', JWT, {}],
    ['a revoked reference token', REFERENCE, {}],
    ['a JWT for another audience', JWT, { AUDIENCE: 'billing' }],
  ])('%s, none', async (_name, id, variables: Record<string, string>) => {
    const handlers = await warmContainer();
    const token = await getToken(handlers, id);
    if (!('AUDIENCE' in variables)) await expectOk(post(handlers.revocation, id, { token }));
    const { authorizer } = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint, ...variables });
    const ask = async () => expect(await verdict(authorizer(authorizerEvents['HTTP API 2.0'](token)))).toBe('refuse');
    expect(await requestsOf(ask)).not.toEqual([]);
    for (const seconds of [0, 1, 60]) {
      advance(seconds);
      expect(await requestsOf(ask)).toEqual([]);
    }
  });
});

describe('The requests to the table for revoking a token again:', () => {
  const shared = shareWarmContainer();

  it('a JWT in the same container: none', async () => {
    const handlers = shared();
    const token = await getToken(handlers, JWT);
    await expectOk(post(handlers.revocation, JWT, { token }));
    expect(await requestsOf(() => expectOk(post(handlers.revocation, JWT, { token })))).toEqual([]);
  });

  it('a JWT in another container: one read', async () => {
    const [handlers, others] = [shared(), await warmContainer()];
    const token = await getToken(handlers, JWT);
    await expectOk(post(handlers.revocation, JWT, { token }));
    advance(1);
    const call = () => expectOk(post(others.revocation, JWT, { token }));
    expect(await requestsOf(call)).toEqual([READ_LIST]);
    expect(await requestsOf(call)).toEqual([]);
  });

  it.each(['the same container', 'another container'])(
    'a reference token in %s: one read, one write',
    async (where) => {
      const handlers = shared();
      const others = where === 'another container' ? await warmContainer() : handlers;
      const token = await getToken(handlers, REFERENCE);
      await expectOk(post(handlers.revocation, REFERENCE, { token }));
      const call = () => expectOk(post(others.revocation, REFERENCE, { token }));
      expect(await requestsOf(call)).toEqual([READ_TOKEN, 'UpdateItem']);
    },
  );
});

describe('No request to the table is made for', () => {
  const shared = shareWarmContainer();

  /** The text with another letter at this place, counted from its end if negative. */
  const flip = (text: string, place: number) => {
    const at = place < 0 ? text.length + place : place;
    return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  };
  const forgeries: [string, (handlers: Handlers) => Promise<string>][] = [
    ['a handle with a changed id', async (handlers) => flip(await getToken(handlers, REFERENCE), 20)],
    ['a handle with a changed MAC', async (handlers) => flip(await getToken(handlers, REFERENCE), 40)],
    ['a handle with another key id', async (handlers) => flip(await getToken(handlers, REFERENCE), 8)],
    ['a handle cut short', async (handlers) => (await getToken(handlers, REFERENCE)).slice(0, -1)],
    ['a JWT with a changed signature', async (handlers) => flip(await getToken(handlers, JWT), -10)],
    ['a JWT with a changed payload', async (handlers) => flip(await getToken(handlers, JWT), -150)],
    [
      'an encrypted JWT with a changed tag',
      async (handlers) => flip(await getToken(handlers, 'machine-encrypted'), -10),
    ],
    ['a sealed token with a changed tag', async (handlers) => flip(await getToken(handlers, 'machine-sealed'), -10)],
    ['a JWT by another key', async () => forge(forgingKey('ES256', signingKeyOf(world.env).kid), clock())],
    ['an ID token', async () => forgeIdToken(signingKeyOf(world.env), clock())],
    ['an expired JWT', async () => forge(signingKeyOf(world.env), clock() - 3600)],
    ['a JWT of another issuer', async () => forge(signingKeyOf(world.env), clock(), { iss: 'https://x.example' })],
    ['nonsense', async () => 'nonsense'],
  ];

  it.each(forgeries)('%s', async (_name, makeToken) => {
    const handlers = shared();
    const token = await makeToken(handlers);
    const doors = [
      introspectionDoor,
      ...authorizerDoors.filter(({ variables }) => Object.keys(variables).length === 0),
    ];
    for (const door of doors) {
      const show = async () => expect(await door.show(handlers, token)).toBe('refuse');
      expect(await requestsOf(show), door.name).toEqual([]);
    }
    expect(await requestsOf(() => expectOk(post(handlers.revocation, JWT, { token })))).toEqual([]);
  });

  it('revoking a JWT of another client', async () => {
    const handlers = shared();
    const token = await getToken(handlers, JWT);
    const call = async () => expect((await post(handlers.revocation, REFERENCE, { token })).status).toBe(400);
    expect(await requestsOf(call)).toEqual([]);
  });

  const authorization = basic(JWT);
  it.each<[string, 'token' | 'introspection' | 'revocation', Parameters<typeof httpEvent>[0]]>([
    ['another method', 'token', { method: 'GET' }],
    ['no body', 'token', { headers: { authorization } }],
    ['no credentials', 'introspection', { form: { token: 'x' } }],
    ['a wrong secret', 'token', { headers: { authorization: basic(JWT, 'x') }, form: {} }],
    [
      'a client_id that is none',
      'revocation',
      { headers: { authorization: `Basic ${btoa('#:x')}` }, form: { token: 'x' } },
    ],
    ['a repeated parameter', 'revocation', { headers: { authorization }, form: { token: ['x', 'x'] } }],
    ['an unknown grant type', 'token', { headers: { authorization }, form: { grant_type: 'x' } }],
    [
      'a scope that is too wide',
      'token',
      { headers: { authorization }, form: { grant_type: 'client_credentials', scope: 'x' } },
    ],
  ])('a request with %s', async (_name, endpoint, request) => {
    const handlers = shared();
    const call = async () =>
      expect((await handlers[endpoint](httpEvent(request))).statusCode).toBeGreaterThanOrEqual(400);
    expect(await requestsOf(call)).toEqual([]);
  });
});

describe('Without cached clients, the requests to the table are for', () => {
  it.each<[string, Operation, string[]]>([
    ['client_credentials, JWT: the client, then its resource server', issue(JWT), ['GetItem', 'GetItem']],
    ['introspection: the caller as either kind, then the list', introspect(JWT), ['GetItem', 'GetItem', READ_LIST]],
    ['revocation: the client, the list, and the entry', revoke(JWT), ['GetItem', READ_LIST, 'UpdateItem']],
  ])('%s', async (_name, operation, expected) => {
    const call = await operation(await warmContainer({ CLIENT_CACHE_SECONDS: '0' }));
    expect(await requestsOf(call)).toEqual(expected);
  });
});

it('Every read is strongly consistent', async () => {
  const handlers = await warmContainer({ CLIENT_CACHE_SECONDS: '0' });
  for (const id of [JWT, REFERENCE]) {
    for (const operation of [introspect(id, 'orders'), authorize(id), revoke(id)]) await (await operation(handlers))();
  }
  const reads = store.take().filter(({ operation }) => [READ_TOKEN, READ_LIST].includes(operation));
  expect(reads.length).toBeGreaterThan(20);
  expect(reads.filter(({ input }) => input['ConsistentRead'] !== true)).toEqual([]);
});
