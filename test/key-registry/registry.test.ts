// Keys from the registry, over the wire: through the handlers, the embedded table and the stand-in for KMS.

import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeyRegistry, NewKey, RegisteredKey } from '../../lib/key-registry/registry.ts';
import { keyOfKeyRegistry } from '../../lib/key-registry/store.ts';
import { activateKey, addKey, compromiseKey, retireKey } from '../../lib/key-registry/transitions.ts';
import { type AlgorithmName, algorithmNames } from '../../lib/keys/algorithm.ts';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import { createRevocation } from '../../lib/oauth/revocation.ts';
import {
  type ForgingAlgorithm,
  forge,
  algorithmNames as forgingAlgorithms,
  forgingKey,
  forgingVariables,
} from '../support/forge.ts';
import { fetchJwks, type RegistryWorld, registryReads, startRegistryWorld } from '../support/registry-world.ts';
import { openList } from '../support/revocation-list.ts';
import { isLongRun } from '../support/scale.ts';
import {
  authorizerEvents,
  createTestClock,
  getToken,
  type Handlers,
  post,
  type Variables,
  verdict,
} from '../support/world.ts';

const { clock, advance } = createTestClock();
let world: RegistryWorld;
beforeAll(async () => {
  world = await startRegistryWorld({}, clock);
});
beforeEach(async () => {
  await world.forget();
  world.kms.takeCalls();
  world.store.take();
});
afterEach(() => advance(3600));
afterAll(() => world.stop());

const policy = { jwksCache: 7200, maxLifetime: 86_400 };
const FORM = { grant_type: 'client_credentials' };

const published = async (handlers: Handlers) =>
  createLocalJWKSet((await fetchJwks(handlers)).json as unknown as JSONWebKeySet);
const verify = async (token: string, handlers: Handlers) =>
  jwtVerify(token, await published(handlers), { currentDate: new Date(clock() * 1000) });
const ask = ({ authorizer }: Pick<Handlers, 'authorizer'>, token: string) =>
  verdict(authorizer(authorizerEvents['HTTP API 2.0'](token)));
const isActive = async ({ introspection }: Handlers, token: string) =>
  (await post(introspection, 'orders', { token })).json['active'];
const kidOf = (token: string) =>
  (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

/** A key of the environment, and the variable that holds its private half. */
function createInEnvironment(alg: ForgingAlgorithm): { key: NewKey; variables: Variables } {
  const { SIGNING_KEYS, VERIFICATION_KEYS } = forgingVariables([forgingKey(alg)]);
  const [{ kid, jwk }] = parseSigningKeys(VERIFICATION_KEYS, 'public');
  return { key: { kid, alg, jwk, origin: { type: 'environment' } }, variables: { SIGNING_KEYS: SIGNING_KEYS ?? '' } };
}

/** With force, because the gates are tested in transitions.test.ts. */
const force = () => ({ now: clock(), force: true });
const add = (key: NewKey) => world.change((registry) => addKey(registry, key, clock()));
const edit = (change: (registry: KeyRegistry) => KeyRegistry) =>
  world.change((registry) => change(registry ?? { keys: [] }));
const activate = (kid: string) => edit((registry) => activateKey(registry, kid, policy, force()));

const origins = {
  environment: async (alg: AlgorithmName) => createInEnvironment(alg as ForgingAlgorithm),
  kms: async (alg: AlgorithmName) => ({ key: await world.createInKms(alg), variables: {} }),
  wrapped: async (alg: AlgorithmName) => ({ key: await world.createWrapped(alg), variables: {} }),
} as const;

/** In the normal run KMS signs by every algorithm, and elsewhere each kind of key signs, which is by node:crypto in both. */
const isTaken = (alg: AlgorithmName) => isLongRun || ['ES256', 'ES512', 'RS256', 'PS384', 'EdDSA'].includes(alg);

describe.each([
  ...forgingAlgorithms.filter(isTaken).map((alg) => ['environment', alg] as const),
  ...algorithmNames.map((alg) => ['kms', alg] as const),
  ...algorithmNames.filter(isTaken).map((alg) => ['wrapped', alg] as const),
])('%s %s', (origin, alg) => {
  it('signs tokens that jose, the authorizer and introspection accept', async () => {
    const { key, variables } = await origins[origin](alg);
    await add(key);
    const handlers = world.restart(variables);
    const token = await getToken(handlers, 'machine-jwt');
    const { protectedHeader } = await verify(token, handlers);
    expect(protectedHeader).toEqual({ alg, typ: 'at+jwt', kid: key.kid });
    expect(await ask(handlers, token)).toBe('allow');
    expect(await isActive(handlers, token)).toBe(true);
  });
});

describe('The calls of KMS', () => {
  it.each([
    ['environment', {}, {}],
    ['kms', { GetPublicKey: 1 }, { Sign: 5 }],
    ['wrapped', { Decrypt: 1 }, {}],
  ] as const)(
    'for keys of origin %s are %j for a container and %j for five tokens',
    async (origin, perContainer, perToken) => {
      const { key, variables } = await origins[origin]('ES256');
      await add(key);
      const handlers = world.restart(variables);
      world.kms.takeCalls();
      const tokens = await Promise.all(Array.from({ length: 5 }, () => getToken(handlers, 'machine-jwt')));
      expect(world.kms.takeCalls()).toEqual({ ...perContainer, ...perToken });
      for (let index = 0; index < 5; index++) {
        advance(100); // the copy is read again in between
        await getToken(handlers, 'machine-jwt');
      }
      expect(world.kms.takeCalls()).toEqual(perToken);
      for (const token of tokens) expect(await ask(handlers, token)).toBe('allow');
      expect(world.kms.takeCalls()).toEqual({});
    },
  );

  it('are not repeated for an unchanged key when another key changes', async () => {
    await add(await world.createWrapped());
    const handlers = world.restart();
    await getToken(handlers, 'machine-jwt');
    await add(await world.createWrapped('RS256'));
    advance(60);
    world.kms.takeCalls();
    await getToken(handlers, 'machine-jwt');
    expect(world.kms.takeCalls()).toEqual({});
  });
});

describe('Several active keys', () => {
  const algs = ['ES256', 'RS256', 'PS384', 'EdDSA'] as const;

  it('sign with the algorithm of each resource server, and by default with the first key', async () => {
    for (const alg of algs) await add(await world.createWrapped(alg));
    for (const { kid, status } of (await world.find()).keys) if (status === 'next') await activate(kid);
    const handlers = world.restart();
    for (const alg of [undefined, ...algs]) {
      const { version, value } = (await world.resourceServers.findVersion('billing'))!;
      const { access_token_signing_alg: _, ...others } = value;
      await world.resourceServers.replace({ ...others, ...(alg && { access_token_signing_alg: alg }) }, version);
      advance(3600); // the record is cached
      const token = await getToken(handlers, 'machine-jwt', { resource: 'billing' });
      expect((await verify(token, handlers)).protectedHeader.alg).toBe(alg ?? 'ES256');
    }
    const { version, value } = (await world.resourceServers.findVersion('billing'))!;
    await world.resourceServers.replace({ ...value, access_token_signing_alg: 'ES512' }, version);
    advance(3600);
    const answer = await post(handlers.token, 'machine-jwt', { ...FORM, resource: 'billing' });
    expect(answer).toMatchObject({ status: 503, json: { error: 'server_error' } });
    const { access_token_signing_alg: _, ...restored } = value;
    await world.resourceServers.replace(restored, version + 1);
  });

  it('verify with their own algorithm only', async () => {
    const key = await world.createInKms('RS256');
    await add(key);
    const handlers = world.restart();
    const [header = '', ...rest] = (await getToken(handlers, 'machine-jwt')).split('.');
    const claimed = JSON.stringify({ ...JSON.parse(Buffer.from(header, 'base64url').toString()), alg: 'PS256' });
    expect(await ask(handlers, [Buffer.from(claimed).toString('base64url'), ...rest].join('.'))).toBe('refuse');
    expect(await ask(handlers, [header, ...rest].join('.'))).toBe('allow');
    // The kid now has another algorithm: the cached header must not outlive the change.
    const alg = 'PS256';
    await edit(({ keys }) => ({ keys: keys.map((each) => ({ ...each, alg, jwk: { ...each.jwk, alg } })) }));
    advance(60);
    expect(await ask(handlers, [header, ...rest].join('.'))).toBe('refuse');
    const signed = await getToken(handlers, 'machine-jwt');
    expect(await ask(handlers, signed)).toBe('allow');
  });
});

describe('With a key of the status', () => {
  it.each([
    ['next', ['a', 'b'], 'allow'],
    ['active', ['a', 'b'], 'allow'],
    ['retiring', ['a', 'b'], 'allow'],
    ['retired', ['a'], 'refuse'],
  ] as const)('%s, the keys %j are published, and the verdict on its tokens is %s', async (status, listed, met) => {
    const mine = forgingKey('ES256', 'b');
    const [{ jwk }] = parseSigningKeys(forgingVariables([mine]).VERIFICATION_KEYS, 'public');
    const b: RegisteredKey = { kid: 'b', alg: 'ES256', jwk, origin: { type: 'environment' }, status, published_at: 0 };
    const { kid, ...a } = await world.createWrapped();
    await add({ ...a, kid: 'a', jwk: { ...a.jwk, kid: 'a' } });
    await edit((registry) => ({ keys: [...registry.keys, b] }));
    const handlers = world.restart();
    const keys = (await fetchJwks(handlers)).json['keys'] as { kid: string }[];
    expect(keys.map((each) => each.kid)).toEqual(listed);
    expect(await ask(handlers, forge(mine, clock()))).toBe(met);
  });
});

describe('A wrapped key', () => {
  const logged = async (act: () => Promise<unknown>) => {
    const lines: string[] = [];
    const write = console.log;
    console.log = (line: string) => void lines.push(line);
    try {
      await act();
    } finally {
      console.log = write;
    }
    return lines.map((line) => (JSON.parse(line) as { message?: string }).message);
  };

  it.each<[string, (key: NewKey) => NewKey, Variables, string]>([
    [
      'of another kid',
      (key) => ({ ...key, kid: 'other', jwk: { ...key.jwk, kid: 'other' } }),
      {},
      'did not wrap this key for this issuer and kid',
    ],
    [
      'of another issuer',
      (key) => key,
      { ISSUER: 'https://other.example' },
      'did not wrap this key for this issuer and kid',
    ],
    [
      'under another public key',
      (key) => ({ ...key, jwk: { ...key.jwk, x: key.jwk['y'] ?? '', y: key.jwk['x'] ?? '' } }),
      {},
      'differs from the registered key',
    ],
  ])('%s signs nothing', async (_name, alter, variables, message) => {
    const key = alter(await world.createWrapped());
    await world.change((registry) => addKey(registry, key, clock()), variables['ISSUER']);
    const { token } = world.restart({ ...variables, LOG_LEVEL: 'error' });
    const lines = await logged(async () => {
      expect(await post(token, 'machine-jwt', FORM)).toMatchObject({ status: 503, json: { error: 'server_error' } });
    });
    expect(lines).toEqual([expect.stringContaining(message)]);
  });

  it('leaves no usable key material in the table or in the log', async () => {
    const lines: string[] = [];
    const write = console.log;
    console.log = (line: string) => void lines.push(line);
    await world.rotation({ LOG_LEVEL: 'debug' })();
    const handlers = world.restart({ LOG_LEVEL: 'debug' });
    await getToken(handlers, 'machine-jwt').finally(() => {
      console.log = write;
    });
    const item = await world.table.get(keyOfKeyRegistry);
    const { keys } = item as unknown as KeyRegistry;
    expect(keys.map(({ jwk }) => Object.keys(jwk).toSorted())).toEqual([['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']]);
    const [{ kid, origin }] = keys as [RegisteredKey];
    if (origin.type !== 'wrapped') throw new Error('is not wrapped');
    const decrypt = (EncryptionContext?: object) =>
      world.kms.call('Decrypt', { CiphertextBlob: origin.private_key, EncryptionContext });
    const { Plaintext } = decrypt({ latchkey: 'signing key', issuer: 'https://issuer.example', kid });
    // Any 16 bytes of it in a row would do to find it.
    const pkcs8 = Buffer.from(String(Plaintext), 'base64');
    const stored = Buffer.from(origin.private_key, 'base64');
    const dump = JSON.stringify(item) + lines.join();
    for (let at = 0; at + 16 <= pkcs8.length; at++) {
      const part = pkcs8.subarray(at, at + 16);
      expect(stored.includes(part)).toBe(false);
      expect(dump).not.toContain(part.toString('hex'));
    }
    for (const text of ['base64', 'base64url'] as const) expect(dump).not.toContain(pkcs8.toString(text));
    expect(() => decrypt()).toThrow();
  });
});

describe('A compromised key', () => {
  it('makes its tokens refused from the next request on, including those that it signs later', async () => {
    await add(await world.createWrapped());
    const successor = await world.createWrapped();
    await add(successor);
    const running = world.restart();
    const token = await getToken(running, 'machine-jwt');
    const kid = kidOf(token);
    expect(await ask(running, token)).toBe('allow');
    expect(await isActive(running, token)).toBe(true);

    const entry = createRevocation('key', kid, { now: clock(), lifetime: policy.maxLifetime, delay: 60 });
    await openList(world.table, clock).put(entry);
    await edit((registry) => compromiseKey(registry, kid, { now: clock() }).registry);
    expect(await ask(running, token)).toBe('refuse');
    expect(await isActive(running, token)).toBe(false);
    // This container has not heard of it yet. What it gives out meanwhile is worth nothing.
    const late = await getToken(running, 'machine-jwt');
    expect([kidOf(late), await ask(running, late)]).toEqual([kid, 'refuse']);
    expect(kidOf(await getToken(world.restart(), 'machine-jwt'))).toBe(successor.kid);
    advance(60);
    const fresh = await getToken(running, 'machine-jwt');
    expect([kidOf(fresh), await ask(running, fresh), await ask(running, late)]).toEqual([
      successor.kid,
      'allow',
      'refuse',
    ]);
    const keys = (await fetchJwks(running)).json['keys'] as { kid: string }[];
    expect(keys.map((each) => each.kid)).toEqual([successor.kid]);
  });

  it('leaves no signing key if no other key is waiting, until another key is activated', async () => {
    const { kid, ...others } = await world.createWrapped();
    await add({ kid, ...others });
    await edit((registry) => compromiseKey(registry, kid, { now: clock() }).registry);
    const handlers = world.restart();
    expect(await post(handlers.token, 'machine-jwt', FORM)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      json: { error: 'temporarily_unavailable' },
    });
    const next = await world.createWrapped();
    await add(next);
    await activate(next.kid);
    advance(60);
    expect(kidOf(await getToken(handlers, 'machine-jwt'))).toBe(next.kid);
  });
});

it('A cached token is refused within a minute after its key was withdrawn', async () => {
  await add(await world.createWrapped());
  const successor = await world.createWrapped();
  await add(successor);
  const handlers = world.restart();
  advance(30); // what the authorizer knows of keys and what it knows of tokens are of different ages
  const token = await getToken(handlers, 'machine-jwt');
  expect(await ask(handlers, token)).toBe('allow');
  await activate(successor.kid);
  await edit((registry) => retireKey(registry, kidOf(token), policy, force()));
  advance(59);
  expect(await ask(handlers, token)).toBe('allow');
  advance(1);
  expect(await ask(handlers, token)).toBe('refuse');
});

describe('The JWK Set', () => {
  it.each([
    ['7200', 600],
    ['300', 300],
    ['0', 0],
  ])('with JWKS_CACHE_SECONDS=%s has a max-age of %i', async (JWKS_CACHE_SECONDS, maxAge) => {
    await add(await world.createWrapped());
    const { headers } = await fetchJwks(world.restart({ JWKS_CACHE_SECONDS }));
    expect(headers['cache-control']).toBe(`public, max-age=${maxAge}`);
  });

  it('contains public members only, and costs one read per minute', async () => {
    await add(await world.createWrapped('RS256'));
    await add(await world.createWrapped('EdDSA'));
    const handlers = world.restart();
    world.store.take();
    const sets = await Promise.all(Array.from({ length: 5 }, () => fetchJwks(handlers)));
    advance(59);
    sets.push(await fetchJwks(handlers));
    expect(registryReads(world.store)).toBe(1);
    advance(1);
    sets.push(await fetchJwks(handlers));
    expect(registryReads(world.store)).toBe(1);
    for (const { json } of sets) {
      expect((json['keys'] as object[]).map((key) => Object.keys(key).toSorted())).toEqual([
        ['alg', 'e', 'kid', 'kty', 'n', 'use'],
        ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
      ]);
    }
  });
});
