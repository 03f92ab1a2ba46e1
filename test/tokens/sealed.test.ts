import { createHash, createSecretKey, randomBytes } from 'node:crypto';
import { compactDecrypt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOpeningKeys, deriveSealingKey, sealingKeyId } from '../../lib/keys/sealing-key.ts';
import { accessTokenFormats } from '../../lib/oauth/access-token.ts';
import { document } from '../support/docs.ts';
import { derivedKey, RING_KEY_ID } from '../support/forge-jwe.ts';
import {
  authorizerEvents,
  client,
  createTestClock,
  DECRYPTION_KEYS,
  encryptionJwk,
  encryptionVariables,
  getToken,
  ISSUER,
  post,
  resourceServer,
  startWorld,
  type Variables,
  verdict,
  type World,
} from '../support/world.ts';

const { clock } = createTestClock();
const NOW = clock();
const RING = Buffer.from(encryptionVariables.SEALING_KEYS, 'base64url');

let world: World;

beforeAll(async () => {
  world = await startWorld({}, clock);
  await Promise.all([
    world.resourceServers.create(resourceServer('kälte', { access_token_format: 'sealed' })),
    world.clients.create(client('undecided', { resources: ['kälte'] })),
  ]);
});
afterAll(() => world.stop());

const authorize = (token: string, variables: Variables = {}) =>
  verdict(world.restart(variables).authorizer(authorizerEvents['HTTP API 2.0'](token)));

it('A sealed token is opened by jose with the key of its audience', async () => {
  const token = await getToken(world.handlers, 'machine-sealed', { scope: 'read' });
  const { plaintext, protectedHeader } = await compactDecrypt(token, deriveSealingKey(RING, ISSUER, 'orders'), {
    keyManagementAlgorithms: ['dir'],
    contentEncryptionAlgorithms: ['A256GCM'],
  });
  expect(protectedHeader).toEqual({ alg: 'dir', enc: 'A256GCM', typ: 'at+jwt', kid: RING_KEY_ID, aud: 'orders' });
  expect(JSON.parse(Buffer.from(plaintext).toString())).toEqual({
    iss: ISSUER,
    sub: 'machine-sealed',
    aud: 'orders',
    client_id: 'machine-sealed',
    scope: 'read',
    iat: NOW,
    exp: NOW + 3600,
    grant_id: expect.stringMatching(/^[\w-]{22}$/),
    jti: expect.stringMatching(/^[\w-]{22}$/),
  });
});

it('A sealed token has a new ciphertext each time, and reveals no claim but the audience', async () => {
  const tokens = await Promise.all([1, 2].map(() => getToken(world.handlers, 'machine-sealed')));
  const [first, second] = tokens.map((token) => token.split('.'));
  for (const index of [2, 3, 4]) expect(first?.[index]).not.toBe(second?.[index]);
  const readable = tokens.flatMap((token) => token.split('.').map((part) => Buffer.from(part, 'base64url').toString()));
  expect(readable.join()).not.toMatch(/machine|issuer\.example|read/);
});

it('A sealed token can be issued for any audience, if the resource server has that format', async () => {
  const token = await getToken(world.handlers, 'undecided');
  expect(await authorize(token, { AUDIENCE: 'kälte' })).toBe('allow');
  expect(await authorize(token)).toBe('refuse');
});

describe('The sealing key of an audience', () => {
  it('differs by secret, issuer and audience, and from the secret', () => {
    const other = Buffer.alloc(32, 9);
    const derived = [
      deriveSealingKey(RING, ISSUER, 'orders'),
      deriveSealingKey(other, ISSUER, 'orders'),
      deriveSealingKey(RING, 'https://other.example', 'orders'),
      deriveSealingKey(RING, ISSUER, 'billing'),
      RING,
    ].map((key) => key.toString('hex'));
    expect(new Set(derived).size).toBe(derived.length);
    expect(derived[0]).toBe(derivedKey('orders').toString('hex'));
    expect(sealingKeyId(RING)).toBe(RING_KEY_ID);
    expect(RING_KEY_ID).not.toContain(createHash('sha256').update(RING).digest().toString('base64url', 0, 4));
  });

  const opening = (audience: string, id = RING_KEY_ID) => `${id}.${derivedKey(audience).toString('base64url')}`;
  const only = (OPENING_KEYS: string, AUDIENCE = 'orders') => ({ SEALING_KEYS: '', OPENING_KEYS, AUDIENCE });

  it.each<[string, 'allow' | 'refuse', Variables]>([
    ['its own key and no ring', 'allow', only(opening('orders'))],
    ['its own key among others', 'allow', only(`abcdef.${'A'.repeat(43)}, ${opening('orders')}`)],
    ['the key of another audience', 'refuse', only(opening('billing'))],
    ['the key of another audience, as which it also poses', 'refuse', only(opening('billing'), 'billing')],
    ['its own key under another id', 'refuse', only(opening('orders', 'abcdef'))],
    ['no key', 'refuse', only('')],
    ['SEALING_KEYS', 'allow', { OPENING_KEYS: '' }],
    ['the ring, but another audience', 'refuse', { AUDIENCE: 'billing' }],
    ['the ring of another application', 'refuse', { SEALING_KEYS: Buffer.alloc(32, 9).toString('base64url') }],
    ['the ring, but another issuer', 'refuse', { ISSUER: 'https://other.example' }],
  ])('in an API that has %s gives the verdict %s', async (_name, expected, variables) => {
    const token = await getToken(world.handlers, 'machine-sealed');
    expect(await authorize(token, variables)).toBe(expected);
  });

  it('is used for its audience only, so that it does not interfere with SEALING_KEYS', () => {
    const keys = createOpeningKeys('orders', [{ id: 'abcdef', key: createSecretKey(derivedKey('orders')) }]);
    expect(keys.find('abcdef', 'orders')).toMatchObject({ id: 'abcdef' });
    expect(keys.find('abcdef', 'billing')).toBeUndefined();
    expect(keys.find('fedcba', 'orders')).toBeUndefined();
  });

  it('of one audience opens no token of another, by jose either', async () => {
    const token = await getToken(world.handlers, 'machine-sealed', { resource: 'billing' });
    await expect(compactDecrypt(token, derivedKey('orders'))).rejects.toThrow('decryption operation failed');
  });
});

describe('SEALING_KEYS', () => {
  const [first, second, third] = [1, 2, 3].map(() => randomBytes(32).toString('base64url'));
  const ring = (...keys: (string | undefined)[]) => ({ SEALING_KEYS: keys.join(',') });

  it('seal with the first key and open with all of them', async () => {
    const old = await getToken(world.restart(ring(first)), 'machine-sealed');
    const rotated = ring(second, first);
    const recent = await getToken(world.restart(rotated), 'machine-sealed');
    expect([await authorize(old, rotated), await authorize(recent, rotated)]).toEqual(['allow', 'allow']);
    expect([await authorize(old, ring(second)), await authorize(recent, ring(second))]).toEqual(['refuse', 'allow']);
    expect([await authorize(old, ring(third)), await authorize(recent, ring(first))]).toEqual(['refuse', 'refuse']);
  });

  it('without the key of a token make /revoke answer that it cannot revoke the token', async () => {
    const token = await getToken(world.restart(ring(first)), 'machine-sealed');
    const { status, json } = await post(world.restart(ring(second)).revocation, 'machine-sealed', { token });
    expect({ status, error: json['error'] }).toEqual({ status: 400, error: 'unsupported_token_type' });
  });

  it('that are empty issue nothing, with a fault, and open nothing', async () => {
    const { token: tokenHandler } = world.restart({ SEALING_KEYS: '' });
    const form = { grant_type: 'client_credentials' };
    const { status, headers, json } = await post(tokenHandler, 'machine-sealed', form);
    expect({ status, json }).toEqual({ status: 503, json: { error: 'temporarily_unavailable' } });
    expect(headers).toHaveProperty('retry-after');
    expect(await post(tokenHandler, 'machine-encrypted', form)).toMatchObject({ status: 200 });
    expect(await authorize(await getToken(world.handlers, 'machine-sealed'), { SEALING_KEYS: '' })).toBe('refuse');
  });
});

it('A sealed token is not issued for two resources', async () => {
  const form = { grant_type: 'client_credentials', resource: ['orders', 'billing'] };
  expect(await post(world.handlers.token, 'machine-sealed', form)).toMatchObject({
    status: 400,
    json: { error: 'invalid_target' },
  });
});

describe('The sizes of the four formats for the same claims', () => {
  const BYTES = { jwt: 480, encrypted_jwt: 1007, sealed: 423, reference: 57 };
  const RSA_BYTES = 1115;
  const same = client('same-name', { resources: ['orders', 'orders by RSA'] });

  beforeAll(async () => {
    const access_token_encryption_jwk = { ...encryptionJwk(DECRYPTION_KEYS.billing), kid: 'of-orders' };
    await world.clients.create(same);
    await world.resourceServers.create(
      resourceServer('orders by RSA', { audience: 'orders', access_token_encryption_jwk }),
    );
  });

  it('are such that a sealed token is shorter than a JWT and an encrypted JWT', async () => {
    const bytes: Record<string, number> = {};
    for (const [version, access_token_format] of accessTokenFormats.entries()) {
      await world.clients.replace({ ...same, access_token_format }, version + 1);
      bytes[access_token_format] = (await getToken(world.handlers, 'same-name')).length;
    }
    expect(bytes).toEqual(BYTES);
    await world.clients.replace({ ...same, access_token_format: 'encrypted_jwt' }, 5);
    expect((await getToken(world.handlers, 'same-name', { resource: 'orders by RSA' })).length).toBe(RSA_BYTES);
  });

  it('are those in docs/formats.md', () => {
    const page = document('docs/formats.md');
    const stated = [...page.matchAll(/^\| `(\w+)` \|.*\| ([\d,]+)( \(P-256\), ([\d,]+) \(RSA\))? \| [^|]+ \|$/gm)];
    const number = (text = '') => Number(text.replace(',', ''));
    expect(Object.fromEntries(stated.map(([, name, bytes]) => [name, number(bytes)]))).toEqual(BYTES);
    expect(
      stated
        .map(([, , , , rsa]) => rsa)
        .filter((rsa) => rsa !== undefined)
        .map(number),
    ).toEqual([RSA_BYTES]);
  });
});
