import type { KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { newKeyPair } from '../../infra/key-pair.ts';
import { parseDecryptionKeys, parseEncryptionKey } from '../../lib/keys/encryption-key.ts';
import { rsaKeyPair } from '../support/rsa-keys.ts';

const ec = (namedCurve: string) => newKeyPair('ec', { namedCurve });
const pairs = { rsa: rsaKeyPair(), p256: ec('P-256'), p384: ec('P-384') };
const other = { rsa: rsaKeyPair(), p256: ec('P-256') };

type Jwk = Record<string, unknown>;
const jwk = (key: KeyObject): Jwk => ({ ...key.export({ format: 'jwk' }) });
const set = (...keys: unknown[]) => JSON.stringify({ keys });

describe.each(Object.entries(pairs))('%s', (name, { privateKey, publicKey }) => {
  const alg = name === 'rsa' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW';

  it('is read from a JWK Set or a JWK, private or public, and its kid is its thumbprint', async () => {
    const kid = await calculateJwkThumbprint(jwk(publicKey) as JWK);
    const expected = { ...jwk(publicKey), kid, alg, use: 'enc' };
    for (const text of [set(jwk(privateKey)), JSON.stringify(jwk(privateKey))]) {
      const [key] = parseDecryptionKeys(text);
      expect(key).toMatchObject({ kid, alg, jwk: expected });
      expect(key?.key.type).toBe('private');
    }
    for (const text of [set(jwk(publicKey)), JSON.stringify({ ...jwk(publicKey), alg, use: 'enc', ext: true })]) {
      expect(parseEncryptionKey(text)).toMatchObject({ kid, alg, jwk: expected });
    }
  });

  it('has the length of an encrypted key', () => {
    expect(parseEncryptionKey(set(jwk(publicKey))).encryptedKeyBytes).toBe(name === 'rsa' ? 256 : 40);
  });
});

it.each([
  [{ key_ops: ['unwrapKey'] }, pairs.rsa],
  [{ key_ops: ['decrypt'] }, pairs.rsa],
  [{ key_ops: ['deriveBits'] }, pairs.p256],
])('A private encryption key may have %j', (members, { privateKey }) => {
  expect(parseDecryptionKeys(set({ ...jwk(privateKey), ...members, kid: 'a' }))).toMatchObject([{ kid: 'a' }]);
});

it('A public encryption key may have empty key_ops', () => {
  expect(parseEncryptionKey(JSON.stringify({ ...jwk(pairs.p384.publicKey), key_ops: [] })).alg).toBe('ECDH-ES+A256KW');
});

describe('An unusable encryption key is refused with its kid, without key material:', () => {
  const privates = parseDecryptionKeys;
  const publics = parseEncryptionKey;
  const { rsa: good, p256, p384 } = pairs;
  it.each<[string, (text: string) => unknown, string, RegExp]>([
    ['no JSON', privates, 'secret!', /^key set is neither JSON nor PEM$/],
    ['an empty set', privates, set(), /^key set is empty$/],
    ['an empty public set', publics, set(), /^key set must contain exactly one key$/],
    [
      'two public keys',
      publics,
      set(jwk(good.publicKey), jwk(p256.publicKey)),
      /^key set must contain exactly one key$/,
    ],
    [
      'RSA under 2048 bits',
      privates,
      set({ ...jwk(rsaKeyPair('1024 bits').privateKey), kid: 'weak' }),
      /^key "weak" has fewer than/,
    ],
    ['public RSA under 2048 bits', publics, set(jwk(rsaKeyPair('1024 bits').publicKey)), /has fewer than 2048 bits$/],
    ['a small RSA exponent', publics, set(jwk(rsaKeyPair('exponent 3').publicKey)), /has a weak public exponent$/],
    ['a key for signatures', privates, set({ ...jwk(good.privateKey), use: 'sig' }), /is not for encryption$/],
    ['an alg for signatures', privates, set({ ...jwk(good.privateKey), alg: 'RS256' }), /is of a type, curve or alg/],
    ['RSA-OAEP with SHA-1', publics, set({ ...jwk(good.publicKey), alg: 'RSA-OAEP' }), /is of a type, curve or alg/],
    ['RSA1_5', publics, set({ ...jwk(good.publicKey), alg: 'RSA1_5' }), /is of a type, curve or alg/],
    ['direct agreement', publics, set({ ...jwk(p256.publicKey), alg: 'ECDH-ES' }), /is of a type, curve or alg/],
    ['an alg of another type', publics, set({ ...jwk(p256.publicKey), alg: 'RSA-OAEP-256' }), /is of a type, curve or/],
    ['secp256k1', publics, set(jwk(ec('secp256k1').publicKey)), /is of a type, curve or alg/],
    ['P-521', publics, set(jwk(ec('P-521').publicKey)), /is of a type, curve or alg/],
    ['Ed25519', publics, set(jwk(newKeyPair('ed25519').publicKey)), /is of a type, curve or alg/],
    ['a symmetric key', privates, set({ kty: 'oct', k: 'c2VjcmV0', kid: 'shared' }), /^key "shared" is symmetric$/],
    ['an empty kid', publics, set({ ...jwk(p256.publicKey), kid: '' }), /has a kid that is not a string$/],
    [
      'key_ops without decrypt',
      privates,
      set({ ...jwk(good.privateKey), key_ops: ['sign'] }),
      /do not allow "decrypt"/,
    ],
    [
      'key_ops without encrypt',
      publics,
      set({ ...jwk(good.publicKey), key_ops: ['verify'] }),
      /do not allow "encrypt"/,
    ],
    [
      'key_ops that are no list',
      publics,
      set({ ...jwk(good.publicKey), key_ops: 'encrypt' }),
      /do not allow "encrypt"/,
    ],
    [
      'a private key in a record',
      publics,
      set(jwk(good.privateKey)),
      /is a private key, but a public key is required$/,
    ],
    [
      'a private EC key in a record',
      publics,
      set(jwk(p256.privateKey)),
      /is a private key, but a public key is required$/,
    ],
    [
      'a public key for decrypting',
      privates,
      set({ ...jwk(p256.publicKey), kid: 'half' }),
      /^key "half" has no private/,
    ],
    [
      'the same kid twice',
      privates,
      set({ ...jwk(good.privateKey), kid: 'a' }, { ...jwk(p384.privateKey), kid: 'a' }),
      /twice$/,
    ],
    [
      'halves of two RSA keys',
      privates,
      set({ ...jwk(good.privateKey), n: jwk(other.rsa.publicKey)['n'] }),
      /read|halves/,
    ],
    [
      'halves of two EC keys',
      privates,
      set({ ...jwk(p256.privateKey), d: jwk(other.p256.privateKey)['d'] }),
      /read|halves/,
    ],
    ['a point off the curve', publics, set({ ...jwk(p256.publicKey), y: jwk(p256.publicKey)['x'] }), /cannot be read/],
  ])('%s', (_name, parse, text, message) => {
    expect(() => parse(text)).toThrow(message);
    for (const material of text.match(/"(?:d|p|q|n|x|y|k)":"[^"]+"/g) ?? []) {
      expect(() => parse(text)).not.toThrow(material.split('"')[3]);
    }
  });
});
