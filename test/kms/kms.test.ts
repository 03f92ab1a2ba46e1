// Signing in KMS, over the wire: through the handlers, the unmodified SDK, and the stand-in for KMS.
import {
  calculateJwkThumbprint,
  compactVerify,
  createLocalJWKSet,
  importJWK,
  type JSONWebKeySet,
  jwtVerify,
} from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { algorithmNames } from '../../lib/keys/algorithm.ts';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import { createKmsClient } from '../../lib/kms/kms.ts';
import { kmsSigners } from '../../lib/kms/signers.ts';
import { createKey, type KmsWorld, keySpecs, startKmsWorld, verificationKeys } from '../support/kms-world.ts';
import { scaled } from '../support/scale.ts';
import { authorizerEvents, getToken, post, verdict } from '../support/world.ts';

let world: KmsWorld;
beforeAll(async () => {
  world = await startKmsWorld();
});
afterAll(() => world.stop());

const jwks = (text: string) => JSON.parse(text) as JSONWebKeySet;
const published = (VERIFICATION_KEYS: string) =>
  createLocalJWKSet({ keys: parseSigningKeys(VERIFICATION_KEYS, 'public').map(({ jwk }) => ({ ...jwk })) });
const PUBLIC_FORM = { grant_type: 'client_credentials' };
const aws = () => ({
  endpoint: world.kms.endpoint,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
});

describe.each(algorithmNames)('%s', (alg) => {
  it('tokens are signed by KMS, and accepted by jose, authorizer and introspection', async () => {
    const arn = createKey(world.kms, keySpecs[alg]);
    const VERIFICATION_KEYS = verificationKeys(world.kms, { [arn]: alg });
    const handlers = world.restart({ SIGNING_KMS_KEYS: `${arn}=${alg}`, VERIFICATION_KEYS });
    const token = await getToken(handlers, 'machine-jwt');

    const { protectedHeader } = await jwtVerify(token, published(VERIFICATION_KEYS));
    const kid = await calculateJwkThumbprint(jwks(VERIFICATION_KEYS).keys[0]!);
    expect(protectedHeader).toEqual({ alg, typ: 'at+jwt', kid });
    expect(await verdict(handlers.authorizer(authorizerEvents['HTTP API 2.0'](token)))).toBe('allow');
    expect((await post(handlers.introspection, 'orders', { token })).json).toMatchObject({ active: true });
  });
});

it('A KMS key signs with the first algorithm that fits unless another one is configured, and is found by its alias', async () => {
  const TargetKeyId = createKey(world.kms, 'RSA_2048');
  world.kms.call('CreateAlias', { AliasName: 'alias/by-name', TargetKeyId });
  const VERIFICATION_KEYS = verificationKeys(world.kms, { [TargetKeyId]: undefined });
  const token = await getToken(world.restart({ SIGNING_KMS_KEYS: 'alias/by-name' }), 'machine-jwt');
  expect((await jwtVerify(token, published(VERIFICATION_KEYS))).protectedHeader.alg).toBe('RS256');
});

it('A key with the preferred algorithm signs wherever it stands, and otherwise the first key', async () => {
  const [ec, rsa] = [createKey(world.kms, 'ECC_NIST_P256'), createKey(world.kms, 'RSA_2048')];
  const prefer = async (...ids: string[]) => {
    const [first = '', ...others] = ids;
    const keys = [{ id: first }, ...others.map((id) => ({ id }))] as const;
    return (await kmsSigners([...keys], createKmsClient({ ...aws(), patience: 20 })).prefer('RS256')).alg;
  };
  expect([await prefer(ec, rsa), await prefer(rsa, ec), await prefer(ec)]).toEqual(['RS256', 'RS256', 'ES256']);
});

it('A container keeps signing with the same key when an alias is moved to another key', async () => {
  const [first, second] = [createKey(world.kms, 'ECC_NIST_P256'), createKey(world.kms, 'ECC_NIST_P256')];
  world.kms.call('CreateAlias', { AliasName: 'alias/moved', TargetKeyId: first });
  const handlers = world.restart({ SIGNING_KMS_KEYS: 'alias/moved' });
  await getToken(handlers, 'machine-jwt');
  world.kms.call('UpdateAlias', { AliasName: 'alias/moved', TargetKeyId: second });
  const token = await getToken(handlers, 'machine-jwt');
  const ofFirst = published(verificationKeys(world.kms, { [String(first)]: 'ES256' }));
  await expect(jwtVerify(token, ofFirst)).resolves.toBeDefined();
});

describe('ECDSA signatures of KMS with short integers:', () => {
  beforeAll(() => world.kms.shortIntegers(true));
  afterAll(() => world.kms.shortIntegers(false));

  it.each([
    ['ES256', scaled(24, 10_000)],
    ['ES384', scaled(12, 50)],
    ['ES512', scaled(12, 50)],
  ] as const)('%s: %d signatures over HTTP verify with jose', async (alg, count) => {
    const arn = createKey(world.kms, keySpecs[alg]);
    const key = await importJWK(jwks(verificationKeys(world.kms, { [arn]: alg })).keys[0]!, alg);
    // With patience, because the test is about the form of signatures, not about how busy the machine is.
    const signer = await kmsSigners([{ id: arn }], createKmsClient({ ...aws(), patience: 20 })).get();
    const header = Buffer.from(JSON.stringify({ alg })).toString('base64url');
    let leadingZeros = 0;
    const signOne = async (index: number) => {
      const input = `${header}.${Buffer.from(String(index)).toString('base64url')}`;
      const signature = await signer.sign(Buffer.from(input));
      if (signature[0] === 0 || signature[signature.length / 2] === 0) leadingZeros++;
      await compactVerify(`${input}.${signature.toString('base64url')}`, key);
    };
    const IN_FLIGHT = 4;
    for (let index = 0; index < count; index += IN_FLIGHT) {
      const batch = Array.from({ length: Math.min(IN_FLIGHT, count - index) }, (_, offset) => signOne(index + offset));
      await Promise.all(batch);
    }
    expect(leadingZeros).toBe(count);
  });
});

describe('Several active KMS keys:', () => {
  const algs = ['ES256', 'RS256', 'PS384', 'EdDSA'] as const;
  let arns: string[];
  const listed = () => arns.map((arn, index) => `${arn}=${algs[index]}`).join(',');

  beforeAll(async () => {
    arns = algs.map((alg) => createKey(world.kms, keySpecs[alg]));
    const server = { scope: 'read write', secrets: [], enabled: true };
    for (const alg of [...algs, 'ES512', 'HS256']) {
      const identifier = `of-${alg}`;
      await world.resourceServers.create({ ...server, identifier, audience: alg, access_token_signing_alg: alg });
    }
    await world.clients.create({
      client_id: 'of-many',
      grant_types: ['client_credentials'],
      scope: 'read write',
      resources: ['orders', ...[...algs, 'ES512', 'HS256'].map((alg) => `of-${alg}`)],
      secrets: (await world.clients.find('machine-jwt'))?.secrets ?? [],
      enabled: true,
    });
  });

  const algOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).alg;

  it.each<[string, string]>([['orders', 'ES256'], ...algs.map((alg): [string, string] => [`of-${alg}`, alg])])(
    'the resource server %s gets tokens with %s',
    async (resource, alg) => {
      const handlers = world.restart({ SIGNING_KMS_KEYS: listed() });
      expect(algOf(await getToken(handlers, 'of-many', { resource }))).toBe(alg);
    },
  );

  it('resource servers with the same algorithm, or without one, share a token; different algorithms are refused', async () => {
    const { token } = world.restart({ SIGNING_KMS_KEYS: listed() });
    const ask = (...resource: string[]) => post(token, 'of-many', { ...PUBLIC_FORM, resource });
    expect(algOf(String((await ask('of-RS256', 'orders')).json['access_token']))).toBe('RS256');
    expect(await ask('of-RS256', 'of-EdDSA')).toMatchObject({ status: 400, json: { error: 'invalid_target' } });
  });

  it.each(['ES512', 'HS256'])('without a key for %s, requests for that algorithm get 503', async (alg) => {
    const handlers = world.restart({ SIGNING_KMS_KEYS: listed() });
    const answer = await post(handlers.token, 'of-many', { ...PUBLIC_FORM, resource: `of-${alg}` });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, json: { error: 'server_error' } });
    await expect(getToken(handlers, 'of-many')).resolves.toBeDefined();
  });

  it('a key that is unavailable or unused does not affect the others', async () => {
    const gone = createKey(world.kms, 'ECC_NIST_P384');
    world.kms.call('DisableKey', { KeyId: gone });
    const handlers = world.restart({ SIGNING_KMS_KEYS: `${listed()},${gone}` });
    expect(algOf(await getToken(handlers, 'of-many', { resource: 'of-EdDSA' }))).toBe('EdDSA');
    world.kms.call('EnableKey', { KeyId: gone });
    expect(algOf(await getToken(handlers, 'of-many', { resource: 'of-EdDSA' }))).toBe('EdDSA');
  });

  it('an unavailable key is not replaced by another one', async () => {
    const gone = createKey(world.kms, 'ECC_NIST_P256');
    world.kms.call('DisableKey', { KeyId: gone });
    const { token } = world.restart({ SIGNING_KMS_KEYS: `${gone},${listed()}` });
    expect(await post(token, 'of-many', PUBLIC_FORM)).toMatchObject({ status: 503 });
    expect(await post(token, 'of-many', { ...PUBLIC_FORM, resource: 'of-ES256' })).toMatchObject({ status: 503 });
    expect(await post(token, 'of-many', { ...PUBLIC_FORM, resource: 'of-EdDSA' })).toMatchObject({ status: 503 });
    world.kms.call('EnableKey', { KeyId: gone });
    expect(await post(token, 'of-many', PUBLIC_FORM)).toMatchObject({ status: 200 });
  });
});

describe('An unusable KMS key is refused by its name:', () => {
  it.each<[string, string, string, string | undefined, RegExp]>([
    ['for encryption', 'RSA_2048', 'ENCRYPT_DECRYPT', undefined, /^key ".+" is not for signatures$/],
    ['for key agreement', 'ECC_NIST_P256', 'KEY_AGREEMENT', undefined, /^key ".+" is not for signatures$/],
    ['symmetric', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', undefined, /^key ".+" is symmetric$/],
    ['an HMAC key', 'HMAC_256', 'GENERATE_VERIFY_MAC', undefined, /^key ".+" is symmetric$/],
    ['of a curve that nobody verifies', 'ECC_SECG_P256K1', 'SIGN_VERIFY', undefined, /is of a type, curve or alg/],
    ['of another curve than its algorithm', 'ECC_NIST_P384', 'SIGN_VERIFY', 'ES256', /is of a type, curve or alg/],
    ['of another type than its algorithm', 'ECC_NIST_P256', 'SIGN_VERIFY', 'PS256', /is of a type, curve or alg/],
  ])('%s', async (_name, spec, usage, alg, message) => {
    const arn = createKey(world.kms, spec, usage);
    const misfit = alg === undefined ? arn : `${arn}=${alg}`;
    const lines = await logged(async () => {
      // In any position, and whether it is requested or not.
      const { token } = world.restart({ SIGNING_KMS_KEYS: `${world.signingKey},${misfit}`, LOG_LEVEL: 'error' });
      const answer = await post(token, 'machine-jwt', PUBLIC_FORM);
      expect(answer).toMatchObject({ status: 503, json: { error: 'server_error' } });
    });
    expect(lines).toEqual([expect.objectContaining({ fault: 'KeyError', message: expect.stringMatching(message) })]);
    expect(String(lines[0]?.['message'])).toContain(arn);
  });

  it('the same key under two names', async () => {
    world.kms.call('CreateAlias', { AliasName: 'alias/twin', TargetKeyId: world.signingKey });
    const { token } = world.restart({ SIGNING_KMS_KEYS: `${world.signingKey},alias/twin` });
    expect(await post(token, 'machine-jwt', PUBLIC_FORM)).toMatchObject({
      status: 503,
      json: { error: 'server_error' },
    });
  });

  it.each([
    ['an HMAC key of another size', 'HMAC_512', 'GENERATE_VERIFY_MAC'],
    ['a key for encryption', 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT'],
    ['a signing key', 'ECC_NIST_P256', 'SIGN_VERIFY'],
  ])('as a handle key: %s', async (_name, spec, usage) => {
    const arn = createKey(world.kms, spec, usage);
    const lines = await logged(async () => {
      const { token } = world.restart({ REFERENCE_TOKEN_KMS_KEYS: arn, LOG_LEVEL: 'error' });
      expect(await post(token, 'machine-reference', PUBLIC_FORM)).toMatchObject({ status: 503 });
    });
    expect(lines).toEqual([expect.objectContaining({ message: `key "${arn}" is not an HMAC_256 key` })]);
  });
});

it('A token that is too large for Ed25519 in KMS is refused without a call of KMS', async () => {
  const signer = await kmsSigners([{ id: createKey(world.kms, keySpecs.EdDSA) }], createKmsClient(aws())).get();
  world.kms.takeCalls();
  await expect(signer.sign(Buffer.alloc(4097))).rejects.toMatchObject({ code: 'invalid_request' });
  expect(world.kms.takeCalls()).toEqual({});
});

/** The lines that are logged meanwhile, read. */
async function logged(act: () => Promise<void>): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const write = console.log;
  console.log = (line: string) => void lines.push(line);
  try {
    await act();
  } finally {
    console.log = write;
  }
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}
