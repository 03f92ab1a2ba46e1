import { createPrivateKey } from 'node:crypto';
import { type CryptoKey, compactDecrypt, createLocalJWKSet, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorizerEvents,
  client,
  createTestClock,
  DECRYPTION_KEYS,
  decryptionKey,
  encryptionJwk,
  getToken,
  httpEvent,
  ISSUER,
  post,
  readResult,
  resourceServer,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts';

const { clock } = createTestClock();
const NOW = clock();

/** The private keys of APIs that decrypt their tokens themselves, by audience. */
const keys = { ...DECRYPTION_KEYS, p384: decryptionKey('of-p384', 'P-384') };
const audiences = Object.keys(keys) as (keyof typeof keys)[];

let world: World;

beforeAll(async () => {
  world = await startWorld({ DECRYPTION_KEYS: JSON.stringify({ keys: Object.values(keys) }) }, clock);
  const access_token_encryption_jwk = encryptionJwk(keys.p384);
  await Promise.all([
    world.resourceServers.create(resourceServer('p384', { access_token_encryption_jwk })),
    world.resourceServers.create(
      resourceServer('chooses', { access_token_format: 'encrypted_jwt', access_token_encryption_jwk }),
    ),
    world.resourceServers.create(resourceServer('keyless')),
    world.resourceServers.create(
      resourceServer('broken', { access_token_encryption_jwk: { ...access_token_encryption_jwk, x: 'AA' } }),
    ),
    world.clients.create(
      client('anywhere', { access_token_format: 'encrypted_jwt', resources: [...audiences, 'keyless', 'broken'] }),
    ),
    world.clients.create(client('undecided', { resources: ['chooses'] })),
  ]);
});
afterAll(() => world.stop());

const jwks = async () => {
  const { json } = readResult(await world.handlers.jwks(httpEvent({ method: 'GET' })));
  return createLocalJWKSet(json as unknown as Parameters<typeof createLocalJWKSet>[0]);
};

describe.each(audiences)('An encrypted JWT for %s', (audience) => {
  const { alg, kid } = keys[audience];
  const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: ['A256GCM'] };

  it('is decrypted by jose with the private key of the API, and verified with the published keys', async () => {
    const token = await getToken(world.handlers, 'anywhere', { resource: audience });
    const key = (await importJWK({ ...keys[audience] }, alg)) as CryptoKey;
    const { plaintext, protectedHeader } = await compactDecrypt(token, key, options);
    const { epk, ...header } = protectedHeader;
    expect(header).toEqual({ alg, enc: 'A256GCM', cty: 'JWT', kid });
    expect(epk === undefined).toBe(alg === 'RSA-OAEP-256');

    const verified = await jwtVerify(Buffer.from(plaintext), await jwks(), {
      issuer: ISSUER,
      audience,
      typ: 'at+jwt',
      currentDate: new Date(NOW * 1000),
    });
    expect(verified.payload).toMatchObject({ sub: 'anywhere', client_id: 'anywhere', scope: 'read write' });
  });

  it('has a new ciphertext each time, and does not reveal its claims', async () => {
    const tokens = await Promise.all([1, 2].map(() => getToken(world.handlers, 'anywhere', { resource: audience })));
    const [first, second] = tokens.map((token) => token.split('.'));
    for (const index of [1, 2, 3, 4]) expect(first?.[index]).not.toBe(second?.[index]);
    const readable = tokens.flatMap((token) =>
      token.split('.').map((part) => Buffer.from(part, 'base64url').toString()),
    );
    expect(readable.join()).not.toMatch(/anywhere|issuer\.example|read write/);
  });

  it('contains a JWT that is valid by itself, for an API that decrypts it and then introspects', async () => {
    const token = await getToken(world.handlers, 'anywhere', { resource: audience });
    const { plaintext } = await compactDecrypt(token, createPrivateKey({ key: { ...keys[audience] }, format: 'jwk' }));
    const signed = Buffer.from(plaintext).toString();
    const introspect = () => post(world.handlers.introspection, audience, { token: signed });
    expect(await introspect()).toMatchObject({ json: { active: true } });
    await post(world.handlers.revocation, 'anywhere', { token });
    expect((await introspect()).json).toEqual({ active: false });
  });
});

it('An encrypted JWT is issued if the resource server has that format', async () => {
  const token = await getToken(world.handlers, 'undecided');
  expect(decodeProtectedHeader(token)).toMatchObject({ cty: 'JWT', kid: 'of-p384' });
});

const refusal = async (form: Record<string, string | string[]>) => {
  const { status, json } = await post(world.handlers.token, 'anywhere', { grant_type: 'client_credentials', ...form });
  return { status, error: json['error'] };
};

it.each([
  ['two resources', { resource: ['orders', 'billing'] }, { status: 400, error: 'invalid_target' }],
  ['a resource without a key', { resource: 'keyless' }, { status: 400, error: 'invalid_target' }],
  ['a record whose key is broken: our fault', { resource: 'broken' }, { status: 503, error: 'server_error' }],
])('An encrypted JWT is not issued for %s', async (_name, form, expected) => {
  expect(await refusal(form)).toEqual(expected);
});

describe('A container without the private key', () => {
  const variables = { DECRYPTION_KEYS: JSON.stringify({ keys: [keys.billing] }) };

  it.each([variables, { DECRYPTION_KEYS: '' }])('refuses the token, and accepts other tokens', async (more) => {
    const handlers = world.restart(more);
    const [token, signed] = [await getToken(world.handlers, 'anywhere'), await getToken(world.handlers, 'machine-jwt')];
    const authorize = (each: string) => verdict(handlers.authorizer(authorizerEvents['HTTP API 2.0'](each)));
    expect(await authorize(token)).toBe('refuse');
    expect(await authorize(signed)).toBe('allow');
    expect((await post(handlers.introspection, 'orders', { token })).json).toEqual({ active: false });
  });

  // RFC 7009 section 2.2.1: 200 would say that it is revoked.
  it('answers that it cannot revoke the token', async () => {
    const token = await getToken(world.handlers, 'anywhere');
    const { status, json } = await post(world.restart(variables).revocation, 'anywhere', { token });
    expect({ status, error: json['error'] }).toEqual({ status: 400, error: 'unsupported_token_type' });
    expect(await post(world.handlers.introspection, 'orders', { token })).toMatchObject({ json: { active: true } });
  });
});

it('An encrypted JWT is accepted as long as its key is in DECRYPTION_KEYS, at any position', async () => {
  const token = await getToken(world.handlers, 'anywhere');
  const { authorizer } = world.restart({ DECRYPTION_KEYS: JSON.stringify({ keys: [keys.p384, keys.orders] }) });
  expect(await verdict(authorizer(authorizerEvents['REST TOKEN'](token)))).toBe('allow');
});
