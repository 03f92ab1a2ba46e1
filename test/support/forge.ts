// Tokens that are wrong on purpose, signed by the real keys. Signs with node:crypto alone, so that nothing of lib is
// trusted here.
import {
  constants,
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto';
import { rsaKeyPair } from './rsa-keys.ts';
import { ISSUER, type Variables } from './world.ts';

export const algorithmNames = ['ES256', 'RS256', 'PS256', 'ES384', 'EdDSA'] as const;

export type ForgingAlgorithm = (typeof algorithmNames)[number];

/** A key that can be made to sign anything, under any algorithm that its type knows. */
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
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519').privateKey;
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  if (alg === 'ES384') return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  return rsaKeyPair().privateKey;
}

export function forgingKey(alg: ForgingAlgorithm, kid = `of-${alg}`, privateKey = generate(alg)): ForgingKey {
  return { kid, alg, privateKey, sign: (data) => signatures[alg](data, privateKey) };
}

/** The same key with the signatures of another algorithm. */
export const signingAs = ({ kid, privateKey }: ForgingKey, alg: ForgingAlgorithm) => forgingKey(alg, kid, privateKey);

/** Keys as the two variables that hold them; the first one signs. */
export function forgingVariables(keys: readonly ForgingKey[]): Variables & { VERIFICATION_KEYS: string } {
  const privates = keys.map(({ kid, alg, privateKey }) => ({ ...privateKey.export({ format: 'jwk' }), kid, alg }));
  const publics = privates.map(({ d, p, q, dp, dq, qi, ...jwk }) => jwk);
  return { SIGNING_KEYS: JSON.stringify({ keys: privates }), VERIFICATION_KEYS: JSON.stringify({ keys: publics }) };
}

/** The private key that a deployment under test signs with: on P-256, and named by its thumbprint (RFC 7638). */
export function signingKeyOf({ SIGNING_KEYS = '' }: Variables): ForgingKey {
  const [jwk] = (JSON.parse(SIGNING_KEYS) as { keys: [JsonWebKey] }).keys;
  const { crv, kty, x, y } = jwk;
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return forgingKey('ES256', kid, createPrivateKey({ key: jwk, format: 'jwk' }));
}

export type Json = Readonly<Record<string, unknown>>;

/** A segment of a JWT: an object in JSON, or any text or bytes as they are. */
export const segment = (content: Json | string | Buffer): string =>
  Buffer.from(typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content)).toString(
    'base64url',
  );

/** Signs two segments whatever they hold. */
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

/** A token with proper header and claims but for the members given; `undefined` leaves a member out. */
export function forge(key: ForgingKey, now: number, claims: Json = {}, header: Json = {}): string {
  return seal(segment({ ...properHeader(key), ...header }), segment({ ...properClaims(now), ...claims }), key);
}
