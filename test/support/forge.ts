// Makes tokens that are wrong on purpose, but signed by the real keys. Uses node:crypto only, so that the tests do not rely on
// lib.

import { constants, createHash, createPrivateKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { newKeyPair } from '../../infra/key-pair.ts';
import { rsaKeyPair } from './rsa-keys.ts';
import { ISSUER, type Variables } from './world.ts';

export const algorithmNames = ['ES256', 'RS256', 'PS256', 'ES384', 'EdDSA'] as const;

export type ForgingAlgorithm = (typeof algorithmNames)[number];

/** A key that signs anything. */
export interface ForgingKey {
  readonly kid: string;
  readonly alg: ForgingAlgorithm;
  readonly privateKey: KeyObject;
  sign(data: Buffer): Buffer;
}

const signatures = {
  ES256: (data, key) => sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }),
  RS256: (data, key) => sign('sha256', data, key),
  PS256: (data, key) => sign('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  ES384: (data, key) => sign('sha384', data, { key, dsaEncoding: 'ieee-p1363' }),
  EdDSA: (data, key) => sign(null, data, key),
} as const satisfies Record<ForgingAlgorithm, (data: Buffer, key: KeyObject) => Buffer>;

function generate(alg: ForgingAlgorithm): KeyObject {
  if (alg === 'EdDSA') return newKeyPair('ed25519').privateKey;
  if (alg === 'ES256') return newKeyPair('ec', { namedCurve: 'P-256' }).privateKey;
  if (alg === 'ES384') return newKeyPair('ec', { namedCurve: 'P-384' }).privateKey;
  return rsaKeyPair().privateKey;
}

export function forgingKey(alg: ForgingAlgorithm, kid = `of-${alg}`, privateKey = generate(alg)): ForgingKey {
  return { kid, alg, privateKey, sign: (data) => signatures[alg](data, privateKey) };
}

/** The same key with the signatures of another algorithm. */
export const signingAs = ({ kid, privateKey }: ForgingKey, alg: ForgingAlgorithm) => forgingKey(alg, kid, privateKey);

/** The two variables for these keys. The first key signs. */
export function forgingVariables(keys: readonly ForgingKey[]): Variables & { VERIFICATION_KEYS: string } {
  const privates = keys.map(({ kid, alg, privateKey }) => ({ ...privateKey.export({ format: 'jwk' }), kid, alg }));
  const publics = privates.map(({ d, p, q, dp, dq, qi, ...jwk }) => jwk);
  return { SIGNING_KEYS: JSON.stringify({ keys: privates }), VERIFICATION_KEYS: JSON.stringify({ keys: publics }) };
}

/** The private signing key of a deployment under test: on P-256, with its thumbprint (RFC 7638) as `kid`. */
export function signingKeyOf({ SIGNING_KEYS = '' }: Variables): ForgingKey {
  const [jwk] = (JSON.parse(SIGNING_KEYS) as { keys: [JsonWebKey] }).keys;
  const { crv, kty, x, y } = jwk;
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return forgingKey('ES256', kid, createPrivateKey({ key: jwk, format: 'jwk' }));
}

export type Json = Readonly<Record<string, unknown>>;

/** Encodes a segment of a JWT from an object, or from any text or bytes. */
export const segment = (content: Json | string | Buffer): string =>
  Buffer.from(typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content)).toString(
    'base64url',
  );

/** Signs two segments with any content. */
export const seal = (header: string, payload: string, key: ForgingKey): string =>
  `${header}.${payload}.${key.sign(Buffer.from(`${header}.${payload}`)).toString('base64url')}`;

export const properHeader = ({ alg, kid }: ForgingKey) => ({ alg, typ: 'at+jwt', kid });

export const properClaims = (now: number) => ({
  iss: ISSUER,
  sub: 'machine-jwt',
  aud: 'orders',
  client_id: 'machine-jwt',
  scope: 'read',
  iat: now,
  exp: now + 3600,
  grant_id: 'grant-of-the-forger',
  jti: 'token-of-the-forger',
});

/** A token with a proper header and claims, except for the given members; `undefined` removes a member. */
export function forge(key: ForgingKey, now: number, claims: Json = {}, header: Json = {}): string {
  return seal(segment({ ...properHeader(key), ...header }), segment({ ...properClaims(now), ...claims }), key);
}

/** An ID token of the client `machine-jwt`: access tokens may have its `typ`, but not its claims. */
export const forgeIdToken = (key: ForgingKey, now: number, claims: Json = {}): string =>
  forge(key, now, { ...idTokenClaims, ...claims }, { typ: 'JWT' });

const idTokenClaims = {
  sub: 'alice',
  aud: 'machine-jwt',
  azp: 'machine-jwt',
  auth_time: 1,
  client_id: undefined,
  scope: undefined,
  grant_id: undefined,
  jti: undefined,
};
