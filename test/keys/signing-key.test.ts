import { type KeyObject, sign } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { newKeyPair } from '../../infra/key-pair.ts';
import { derToJose, joseToDer } from '../../lib/keys/ecdsa-signature.ts';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import { rsaKeyPair } from '../support/rsa-keys.ts';
import { scaled } from '../support/scale.ts';

const ec = (namedCurve: string) => newKeyPair('ec', { namedCurve });
const pairs = { rsa: rsaKeyPair(), p256: ec('P-256'), p384: ec('P-384'), ed25519: newKeyPair('ed25519') };
const other = { rsa: rsaKeyPair(), p256: ec('P-256') };

type Jwk = Record<string, unknown>;
const jwk = (key: KeyObject): Jwk => ({ ...key.export({ format: 'jwk' }) });
const pem = (key: KeyObject) =>
  key.export({ format: 'pem', type: key.type === 'private' ? 'pkcs8' : 'spki' }).toString();
const set = (...keys: unknown[]) => JSON.stringify({ keys });

describe('a private RSA key without the members that follow from its primes', () => {
  const { d, dp, dq, qi, ...short } = jwk(pairs.rsa.privateKey);

  it('is the same key as with them', () => {
    const [whole] = parseSigningKeys(set(jwk(pairs.rsa.privateKey)), 'private');
    const [key] = parseSigningKeys(set(short), 'private');
    expect(key.jwk).toEqual(whole.jwk);
    expect(key.key.export({ format: 'jwk' })).toEqual({ ...jwk(pairs.rsa.privateKey) });
  });

  it.each<[string, Jwk, RegExp]>([
    ['with a prime of another key', { ...short, p: jwk(other.rsa.privateKey)['p'] }, /do not belong together/],
    ['with the modulus of another key', { ...short, n: jwk(other.rsa.privateKey)['n'] }, /do not belong together/],
    ['with one prime', { ...short, q: undefined }, /do not belong together/],
    ['with 1 as a prime', { ...short, p: 'AQ', q: short['n'] }, /do not belong together/],
    ['with an even exponent', { ...short, e: 'Ag' }, /do not belong together/],
    ['with a prime that is no number', { ...short, p: 7 }, /do not belong together/],
  ])('is refused %s', (_, key, message) => {
    expect(() => parseSigningKeys(set(key), 'private')).toThrow(message);
  });

  it('is not taken for a public key', () => {
    expect(() => parseSigningKeys(set(short), 'public')).toThrow(/is a private key/);
  });
});

describe.each(Object.entries(pairs))('%s', (name, { privateKey, publicKey }) => {
  const alg = { rsa: 'RS256', p256: 'ES256', p384: 'ES384', ed25519: 'EdDSA' }[name];

  it.each([
    ['a JWK Set', set(jwk(privateKey)), 'private'],
    ['a single JWK', JSON.stringify(jwk(privateKey)), 'private'],
    ['PEM', pem(privateKey), 'private'],
    ['a public JWK Set', set(jwk(publicKey)), 'public'],
    ['public PEM', pem(publicKey), 'public'],
  ] as const)('is read from %s, and its kid is its thumbprint', async (_name, text, type) => {
    const [key] = parseSigningKeys(text, type);
    expect(key).toMatchObject({ alg, kid: await calculateJwkThumbprint(jwk(publicKey) as JWK) });
    expect(key.jwk).toEqual({ ...jwk(publicKey), kid: key.kid, alg, use: 'sig' });
  });
});

it('Signing keys keep their kid, their alg and their order', () => {
  const keys = parseSigningKeys(
    set(
      { ...jwk(pairs.rsa.privateKey), kid: 'second', alg: 'PS256', use: 'sig', key_ops: ['sign'] },
      { ...jwk(pairs.p256.privateKey), kid: 'first' },
    ),
    'private',
  );
  expect(keys.map(({ kid, alg }) => [kid, alg])).toEqual([
    ['second', 'PS256'],
    ['first', 'ES256'],
  ]);
});

it('Signing keys are read from several PEM blocks', () => {
  expect(parseSigningKeys(pem(pairs.rsa.privateKey) + pem(pairs.p256.privateKey), 'private')).toHaveLength(2);
});

describe('An unusable signing key is refused with its kid, without key material:', () => {
  const { rsa: good, p256, p384 } = pairs;
  it.each<[string, 'private' | 'public', string, RegExp]>([
    ['an empty set', 'private', set(), /^key set is empty$/],
    ['neither JSON nor PEM', 'private', 'secret!', /^key set is neither JSON nor PEM$/],
    ['a set of texts', 'private', set('a'), /^key set is not a JWK Set$/],
    ['a list', 'private', '[]', /^key set is not a JWK Set$/],
    [
      'RSA under 2048 bits',
      'private',
      set({ ...jwk(rsaKeyPair('1024 bits').privateKey), kid: 'weak' }),
      /^key "weak" has fewer than 2048 bits$/,
    ],
    [
      'public RSA under 2048 bits',
      'public',
      set(jwk(rsaKeyPair('1024 bits').publicKey)),
      /^key number 1 has fewer than 2048 bits$/,
    ],
    [
      'a small RSA exponent',
      'private',
      pem(rsaKeyPair('exponent 3').privateKey),
      /^key number 1 has a weak public exponent$/,
    ],
    [
      'an EC key with an RSA alg',
      'private',
      set({ ...jwk(p256.privateKey), alg: 'RS256' }),
      /is of a type, curve or alg/,
    ],
    [
      'a curve that disagrees with alg',
      'private',
      set({ ...jwk(p384.privateKey), alg: 'ES256' }),
      /is of a type, curve or alg/,
    ],
    [
      'an alg for encryption',
      'private',
      set({ ...jwk(good.privateKey), alg: 'RSA-OAEP-256' }),
      /is of a type, curve or alg/,
    ],
    ['alg none', 'private', set({ ...jwk(good.privateKey), alg: 'none' }), /is of a type, curve or alg/],
    [
      'an alg named like a method of every object',
      'private',
      set({ ...jwk(good.privateKey), alg: 'toString' }),
      /is of a type, curve or alg/,
    ],
    ['a curve that nobody verifies', 'private', pem(ec('secp256k1').privateKey), /is of a type, curve or alg/],
    ['a key for key agreement', 'private', pem(newKeyPair('x25519').privateKey), /is of a type, curve or alg/],
    ['a symmetric key', 'private', set({ kty: 'oct', k: 'c2VjcmV0', kid: 'shared' }), /^key "shared" is symmetric$/],
    [
      'a key for encryption',
      'private',
      set({ ...jwk(good.privateKey), use: 'enc' }),
      /^key number 1 is not for signatures$/,
    ],
    [
      'key_ops without sign',
      'private',
      set({ ...jwk(good.privateKey), key_ops: ['verify'] }),
      /has key_ops that do not allow "sign"/,
    ],
    [
      'key_ops without verify',
      'public',
      set({ ...jwk(good.publicKey), key_ops: ['encrypt'] }),
      /has key_ops that do not allow "verify"/,
    ],
    [
      'a public key where a private one belongs',
      'private',
      set({ ...jwk(good.publicKey), kid: 'half' }),
      /^key "half" has no private half$/,
    ],
    ['public PEM where private belongs', 'private', pem(good.publicKey), /^key number 1 has no private half$/],
    [
      'a private key where public ones belong',
      'public',
      set(jwk(good.privateKey)),
      /is a private key, but a public key is required$/,
    ],
    [
      'private PEM where public belongs',
      'public',
      pem(good.privateKey),
      /is a private key, but a public key is required$/,
    ],
    [
      'the same kid twice',
      'private',
      set({ ...jwk(good.privateKey), kid: 'a' }, { ...jwk(p256.privateKey), kid: 'a' }),
      /^key "a" appears twice$/,
    ],
    ['the same key twice', 'private', set(jwk(good.privateKey), jwk(good.privateKey)), /appears twice$/],
    [
      'a kid that is a number',
      'private',
      set({ ...jwk(good.privateKey), kid: 7 }),
      /^key number 1 has a kid that is not a string$/,
    ],
    [
      'halves of two RSA keys',
      'private',
      set({ ...jwk(good.privateKey), n: jwk(other.rsa.publicKey)['n'] }),
      /cannot be read|halves/,
    ],
    [
      'halves of two EC keys',
      'private',
      set({ ...jwk(p256.privateKey), d: jwk(other.p256.privateKey)['d'] }),
      /cannot be read|halves/,
    ],
    ['a JWK without its numbers', 'private', set({ kty: 'EC', crv: 'P-256', d: 'AA' }), /cannot be read/],
    [
      'a point that is not on the curve',
      'public',
      set({ ...jwk(p256.publicKey), y: jwk(p256.publicKey)['x'] }),
      /cannot be read/,
    ],
    [
      'a good key next to a bad one',
      'private',
      set(jwk(good.privateKey), { kty: 'oct', k: 'AA' }),
      /^key number 2 is symmetric$/,
    ],
  ])('%s', (_name, type, text, message) => {
    const parse = () => parseSigningKeys(text, type);
    expect(parse).toThrow(message);
    for (const material of text.match(/"(?:d|p|q|n|x|y|k)":"[^"]+"/g) ?? []) {
      expect(parse).not.toThrow(material.split('"')[3]);
    }
  });
});

describe('ECDSA signatures', () => {
  const der = (r: number[], s: number[]) =>
    Buffer.from([0x30, r.length + s.length + 4, 2, r.length, ...r, 2, s.length, ...s]);
  const padded = (digits: number[]) => [...Array(32 - digits.length).fill(0), ...digits];
  const long = [0x80, ...Array(31).fill(1)];

  it.each([
    ['short integers', der([1], [2]), [1], [2]],
    ['integers with a leading zero', der([0, ...long], [0, ...long]), long, long],
    ['one short, one long', der([0x7f], [0, ...long]), [0x7f], long],
  ])('are converted both ways: %s', (_name, asn1, r, s) => {
    const jose = Buffer.from([...padded(r), ...padded(s)]);
    expect(derToJose(asn1, 32)).toEqual(jose);
    expect(joseToDer(jose, 32)).toEqual(asn1);
  });

  it.each([
    ['P-256', 'sha256', 32],
    ['P-384', 'sha384', 48],
    ['P-521', 'sha512', 66],
  ] as const)('of %s survive the conversion to DER and back', (curve, hash, bytes) => {
    const { privateKey } = ec(curve);
    for (let round = 0; round < scaled(60, 600); round++) {
      const asn1 = sign(hash, Buffer.of(round), privateKey);
      expect(joseToDer(derToJose(asn1, bytes), bytes).equals(asn1)).toBe(true);
    }
  });
});
