// How containers learn of a change to the key registry: within a minute, at once where a token names a new key; and a flood of
// unknown keys costs few reads.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeyRegistry, NewKey } from '../../lib/key-registry/registry.ts';
import { activateKey, addKey, retireKey } from '../../lib/key-registry/transitions.ts';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import { introspectionDoor } from '../support/doors.ts';
import { garbage } from '../support/faulty-store.ts';
import { type ForgingKey, forge, forgingKey, forgingVariables } from '../support/forge.ts';
import { passTime } from '../support/pass-time.ts';
import { fetchJwks, type RegistryWorld, registryReads, startRegistryWorld } from '../support/registry-world.ts';
import { scaled } from '../support/scale.ts';
import { authorizerEvents, createTestClock, getToken, type Handlers, post, verdict } from '../support/world.ts';

const { clock, advance } = createTestClock();
let world: RegistryWorld;
beforeAll(async () => {
  world = await startRegistryWorld({}, clock);
});
beforeEach(async () => {
  await world.forget();
  await add(newKey(first));
  world.store.take();
  world.kms.takeCalls();
});
afterEach(() => {
  world.store.behave();
  advance(3600);
});
afterAll(() => world.stop());

const policy = { jwksCache: 7200, maxLifetime: 86_400 };
const [first, second, unknown] = [forgingKey('ES256', 'first'), forgingKey('ES256', 'second'), forgingKey('ES256')];
const SIGNING_KEYS = forgingVariables([first, second])['SIGNING_KEYS'] ?? '';

function newKey(key: ForgingKey): NewKey {
  const [{ kid, alg, jwk }] = parseSigningKeys(forgingVariables([key]).VERIFICATION_KEYS, 'public');
  return { kid, alg, jwk, origin: { type: 'environment' } };
}

const add = (key: NewKey) => world.change((registry) => addKey(registry, key, clock()));
const edit = (change: (registry: KeyRegistry) => KeyRegistry) =>
  world.change((registry) => change(registry ?? { keys: [] }));
const force = () => ({ now: clock(), force: true });
const activate = (kid: string) => edit((registry) => activateKey(registry, kid, policy, force()));
const restart = () => world.restart({ SIGNING_KEYS });

const ask = ({ authorizer }: Pick<Handlers, 'authorizer'>, token: string) =>
  verdict(authorizer(authorizerEvents['HTTP API 2.0'](token)));
const by = (key: ForgingKey) => forge(key, clock());
const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())['kid'];
const published = async (handlers: Handlers) =>
  ((await fetchJwks(handlers)).json['keys'] as { kid: string }[]).map(({ kid }) => kid);

describe('A change of the key registry', () => {
  it('is known to every container within a minute, whenever it last read the registry', async () => {
    const [one, other] = [restart(), restart()];
    for (const handlers of [one, other]) {
      await Promise.all([getToken(handlers, 'machine-jwt'), published(handlers), ask(handlers, by(first))]);
      advance(25);
    }
    await add(newKey(second));
    await activate('second');
    // Read 50 s ago and 25 s ago.
    advance(9);
    expect([await getToken(one, 'machine-jwt'), await getToken(other, 'machine-jwt')].map(kidOf)).toEqual([
      'first',
      'first',
    ]);
    expect([await published(one), await published(other)]).toEqual([['first'], ['first']]);
    advance(1);
    expect([await getToken(one, 'machine-jwt'), await getToken(other, 'machine-jwt')].map(kidOf)).toEqual([
      'second',
      'first',
    ]);
    expect([await published(one), await published(other)]).toEqual([['second', 'first'], ['first']]);
    advance(50);
    expect([await getToken(one, 'machine-jwt'), await getToken(other, 'machine-jwt')].map(kidOf)).toEqual([
      'second',
      'second',
    ]);
    expect([await published(one), await published(other)]).toEqual([
      ['second', 'first'],
      ['second', 'first'],
    ]);
  });

  it('costs a container one read per minute, however many requests come at once', async () => {
    const { token, authorizer } = restart();
    const handlers = { token, authorizer };
    const askAll = () =>
      Promise.all([
        ...Array.from({ length: 5 }, () => getToken(handlers, 'machine-jwt')),
        ...Array.from({ length: 5 }, () => ask(handlers, by(first))),
      ]);
    await askAll();
    expect(registryReads(world.store)).toBe(2); // a container for tokens, and the authorizer's
    advance(59);
    await askAll();
    expect(registryReads(world.store)).toBe(0);
    advance(1);
    await askAll();
    expect(registryReads(world.store)).toBe(2);
    advance(-3600); // a clock that was set back makes every copy old
    await askAll();
    expect(registryReads(world.store)).toBe(2);
    advance(3600);
  });
});

it('A container reads the registry after a minute, although its clock was set back meanwhile', async () => {
  let elapsed = 0;
  const ownClock = Object.assign(() => clock(), { elapsedMs: () => elapsed * 1000 });
  const { authorizer } = world.restart({ SIGNING_KEYS, REVOCATION_MAX_AGE_SECONDS: '3600' }, ownClock);
  const token = forge(first, clock() - 100);
  const reads = async () => {
    expect(await ask({ authorizer }, token)).toBe('allow');
    return registryReads(world.store);
  };
  expect(await reads()).toBe(1);
  advance(10);
  for (const [seconds, expected] of [
    [59, 0],
    [60, 1],
  ] as const) {
    elapsed = seconds;
    expect(await reads()).toBe(expected);
  }
});

it.each([
  ['an old copy', true],
  ['no copy', false],
])(
  'An authorizer with %s of the key registry accepts a cached reference token without a request to the table',
  async (_copy, isCopied) => {
    const handlers = world.restart({ SIGNING_KEYS, REVOCATION_MAX_AGE_SECONDS: '3600' });
    if (isCopied) await ask(handlers, by(first));
    advance(120);
    const token = await getToken(handlers, 'machine-reference');
    expect(await ask(handlers, token)).toBe('allow');
    world.store.take();
    for (let round = 0; round < 3; round++) {
      advance(100);
      expect(await ask(handlers, token)).toBe('allow');
    }
    expect(world.store.take()).toEqual([]);
  },
);

/** Tokens in a second. */
const FLOOD = scaled(3, 100);

describe('A token with an unknown kid', () => {
  it('makes the container read the registry at once, so that a new key is accepted', async () => {
    const handlers = restart();
    expect(await ask(handlers, by(first))).toBe('allow');
    advance(3);
    await add(newKey(second));
    expect(await ask(handlers, by(second))).toBe('allow');
    expect(await introspectionDoor.show(handlers, by(second))).toBe('allow');
  });

  it('does not make the container read the registry again within ten seconds', async () => {
    const handlers = restart();
    await ask(handlers, by(first));
    world.store.take();
    expect(await ask(handlers, by(unknown))).toBe('refuse');
    expect(registryReads(world.store)).toBe(1);
    await add(newKey(second));
    advance(9);
    expect(await ask(handlers, by(second))).toBe('refuse');
    expect(registryReads(world.store)).toBe(0);
    advance(1);
    expect(await ask(handlers, by(second))).toBe('allow');
    expect(registryReads(world.store)).toBe(1);
  });

  it('makes it read the registry again after ten seconds, although the clock was set back meanwhile', async () => {
    let elapsed = 0;
    const handlers = world.restart(
      { SIGNING_KEYS },
      Object.assign(() => clock(), { elapsedMs: () => elapsed * 1000 }),
    );
    await ask(handlers, by(first));
    advance(8);
    expect(await ask(handlers, by(unknown))).toBe('refuse');
    await add(newKey(second));
    for (const [seconds, expected] of [
      [9, 'refuse'],
      [10, 'allow'],
    ] as const) {
      elapsed = seconds;
      expect(await ask(handlers, by(second))).toBe(expected);
    }
  });

  it('does not make the container read the registry if the token has any other fault', async () => {
    const handlers = restart();
    await ask(handlers, by(first));
    world.store.take();
    for (const header of [{ typ: 'jwt' }, { crit: ['b64'] }, { kid: 5 }, { kid: undefined }]) {
      expect(await ask(handlers, forge(unknown, clock(), {}, header))).toBe('refuse');
    }
    expect(registryReads(world.store)).toBe(0);
  });

  const SECONDS = scaled(30, 100);

  it(`costs at most one read in ten seconds, when ${SECONDS * FLOOD} such tokens come in ${SECONDS} s`, async () => {
    for (const handlers of [restart(), restart()]) {
      world.store.take();
      const words = new Set<string>();
      for (let second = 0; second < SECONDS; second++) {
        const flood = Array.from({ length: FLOOD }, (_, index) =>
          ask(handlers, forge(forgingKeyNamed(`invented ${second} ${index}`), clock())),
        );
        for (const word of await Promise.all(flood)) words.add(word);
        expect(await ask(handlers, by(first))).toBe('allow');
        advance(1);
      }
      expect([...words]).toEqual(['refuse']);
      expect(registryReads(world.store)).toBeLessThanOrEqual(SECONDS / 10);
    }
  });

  it('causes a fault, not a refusal, while the registry cannot be read, and no further read for ten seconds', async () => {
    const handlers = restart();
    await ask(handlers, by(first));
    world.store.take();
    failReads();
    expect((await passTime(() => ask(handlers, by(unknown)))).result).toBe('fault');
    const reads = registryReads(world.store);
    expect(reads).toBeGreaterThan(0);
    advance(9);
    expect(await ask(handlers, by(unknown))).toBe('fault');
    expect((await passTime(() => introspectionDoor.show(handlers, by(unknown)))).result).toBe('fault');
    world.store.take();
    expect(await ask(handlers, by(unknown))).toBe('fault');
    expect(registryReads(world.store)).toBe(0);
    // Known keys are not affected.
    expect(await ask(handlers, by(first))).toBe('allow');
    world.store.behave();
    advance(1);
    expect(await ask(handlers, by(unknown))).toBe('refuse');
  });
});

/** A name is all that a flood needs: the signature is never looked at. */
const forgingKeyNamed = (kid: string): ForgingKey => ({ ...unknown, kid, sign: () => Buffer.alloc(64) });

/** The registry cannot be read; the rest of the table can. */
function failReads(): void {
  world.store.behave(async (response, forward, request) => {
    const { pk } = (request.input['Key'] ?? {}) as { pk?: { S: string } };
    if (request.operation === 'GetItem' && pk?.S === 'KEYS')
      return garbage('Service Unavailable', 503)(response, forward, request);
    const { status, headers, body } = await forward();
    response.writeHead(status, headers).end(body);
  });
}

describe('Without a key registry,', () => {
  beforeEach(() => world.forget());

  it('ten runs of key management at once make one key, and twenty containers sign with it', async () => {
    await Promise.all(Array.from({ length: 10 }, () => world.rotation()()));
    const { keys } = await world.find();
    expect(keys).toEqual([
      expect.objectContaining({ alg: 'ES256', status: 'active', published_at: clock(), activated_at: clock() }),
    ]);
    const containers = Array.from({ length: 20 }, () => world.restart());
    const tokens = await Promise.all(containers.map((handlers) => getToken(handlers, 'machine-jwt')));
    expect(new Set(tokens.map(kidOf))).toEqual(new Set([keys[0]?.kid]));
    expect(world.kms.takeCalls()).toMatchObject({ Decrypt: 20 });
    for (const token of tokens) expect(await ask(world.handlers, token)).toBe('allow');
  });

  it('thirty runs of key management at once make one key of each algorithm, which are published before anything is signed', async () => {
    const handlers = restart();
    const both = world.rotation({ NEW_KEY_ALGORITHM: '' });
    const [, early] = await Promise.all([
      Promise.all(Array.from({ length: 30 }, () => both())),
      Promise.all(Array.from({ length: 30 }, () => fetchJwks(handlers))),
    ]);
    const { keys } = await world.find();
    expect(keys.map(({ alg, status }) => `${alg} ${status}`)).toEqual(['ES256 active', 'RS256 active']);
    // Nobody keeps an answer from before, because it is no set without keys.
    for (const { status, json } of early) if (status !== 503) expect(json['keys']).toHaveLength(2);
    const kids = keys.map(({ kid }) => kid);
    expect((await fetchJwks(handlers)).json['keys']).toEqual(kids.map((kid) => expect.objectContaining({ kid })));
    expect(kidOf(await getToken(handlers, 'machine-jwt'))).toBe(kids[0]);
    expect(world.kms.takeCalls()).toMatchObject({ Decrypt: 1 });
  });

  it.each(['ES384', 'EdDSA'])('the first key is made for NEW_KEY_ALGORITHM=%s', async (NEW_KEY_ALGORITHM) => {
    await world.rotation({ NEW_KEY_ALGORITHM, KEY_ROTATION: 'off' })();
    expect((await world.find()).keys).toEqual([expect.objectContaining({ alg: NEW_KEY_ALGORITHM })]);
  });

  it('key management that got no answer when it stored the first key leaves that key, and makes no other', async () => {
    let isFirst = true;
    world.store.behave(async (response, forward, { operation }) => {
      const { status, headers, body } = await forward();
      if (operation === 'PutItem' && isFirst) {
        isFirst = false;
        response.socket?.resetAndDestroy();
      } else response.writeHead(status, headers).end(body);
    });
    await world.rotation()();
    await world.rotation()();
    expect((await world.find()).keys).toHaveLength(1);
  });

  it('key management makes none if it has nothing to wrap it with', async () => {
    await world.rotation({ WRAPPING_KMS_KEY: '' })();
    await expect(world.find()).rejects.toThrow('no registry');
  });

  it('every container answers 503 until there is a key', async () => {
    const handlers = restart();
    expect(await post(handlers.token, 'machine-jwt', { grant_type: 'client_credentials' })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      json: { error: 'temporarily_unavailable' },
    });
    expect(await ask(handlers, by(first))).toBe('fault');
    expect(await introspectionDoor.show(handlers, by(first))).toBe('fault');
    expect(await fetchJwks(handlers)).toMatchObject({ status: 503, headers: { 'cache-control': 'no-store' } });
    // An item without a key in it says as little.
    await world.change(() => ({ keys: [] }));
    expect(await ask(handlers, by(first))).toBe('fault');
    await world.forget();
    await add(newKey(first));
    expect(await ask(handlers, await getToken(handlers, 'machine-jwt'))).toBe('allow');
  });
});

it('A token by a key that was withdrawn with --force is refused within a minute', async () => {
  await add(newKey(second));
  const handlers = restart();
  expect(await ask(handlers, forge(second, clock(), { jti: 'one' }))).toBe('allow');
  await edit((registry) => retireKey(registry, 'second', policy, force()));
  advance(59);
  expect(await ask(handlers, forge(second, clock(), { jti: 'two' }))).toBe('allow');
  advance(1);
  expect(await ask(handlers, forge(second, clock(), { jti: 'three' }))).toBe('refuse');
});

describe('A configuration error is answered with 503 and named in the log:', () => {
  it.each([
    [
      'SIGNING_KMS_KEYS is set while KEY_REGISTRY is on, but only one can be used',
      'token',
      { SIGNING_KMS_KEYS: 'alias/x' },
    ],
    ...(['introspection', 'revocation', 'jwks'] as const).map((name) => [
      'VERIFICATION_KEYS is set while KEY_REGISTRY is on, but only one can be used',
      name,
      { VERIFICATION_KEYS: 'anything' },
    ]),
    ['KEY_REGISTRY must be one of off, on', 'token', { KEY_REGISTRY: 'yes' }],
    ['SIGNING_KEYS or SIGNING_KMS_KEYS is not set', 'token', { KEY_REGISTRY: 'off' }],
    ['VERIFICATION_KEYS is not set', 'jwks', { KEY_REGISTRY: 'off' }],
    ['key "first" is not in SIGNING_KEYS', 'token', {}],
  ] as [string, 'token' | 'introspection' | 'revocation' | 'jwks', Record<string, string>][])(
    '%s: %s',
    async (message, name, variables) => {
      const lines: string[] = [];
      const write = console.log;
      console.log = (line: string) => void lines.push(line);
      try {
        const handlers = world.restart({ ...variables, LOG_LEVEL: 'error' });
        const answer =
          name === 'jwks'
            ? await fetchJwks(handlers)
            : await post(handlers[name], 'machine-jwt', { grant_type: 'client_credentials', token: 'x' });
        expect(answer).toMatchObject({ status: 503, json: { error: 'server_error' } });
      } finally {
        console.log = write;
      }
      expect(lines.map((line) => JSON.parse(line).message)).toEqual([message]);
    },
  );
});
