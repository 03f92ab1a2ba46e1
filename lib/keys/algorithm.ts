import { constants, type KeyObject, sign, verify } from 'node:crypto';
import { derToJose, joseToDer } from './ecdsa-signature.ts';

/** Everything that has to be known of a JWS algorithm, in one place. RFC 7518 section 3.1, RFC 8037 section 3.1. */
export interface Algorithm {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly crv?: string;
  sign(data: Buffer, key: KeyObject): Buffer;
  verify(data: Buffer, key: KeyObject, signature: Buffer): boolean;
}

// A bare KeyObject goes to node:crypto wherever that is possible, and ECDSA signatures are converted here: on Node 24
// the options form `{key, dsaEncoding}` doubles the time of a signature.

const rsa: Algorithm = {
  kty: 'RSA',
  sign: (data, key) => sign('sha256', data, key),
  verify: (data, key, signature) => verify('sha256', data, key, signature),
};

const rsaPss: Algorithm = {
  kty: 'RSA',
  sign: (data, key) => sign('sha256', data, { key, ...PSS }),
  verify: (data, key, signature) => verify('sha256', data, { key, ...PSS }, signature),
};

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };

const ecdsa = (crv: string, hash: string, bytes: number): Algorithm => ({
  kty: 'EC',
  crv,
  sign: (data, key) => derToJose(sign(hash, data, key), bytes),
  verify: (data, key, signature) =>
    signature.length === 2 * bytes && verify(hash, data, key, joseToDer(signature, bytes)),
});

const ed25519: Algorithm = {
  kty: 'OKP',
  crv: 'Ed25519',
  sign: (data, key) => sign(null, data, key),
  verify: (data, key, signature) => verify(null, data, key, signature),
};

/** The algorithms that access tokens are signed with. The first one that fits a key is its default. */
export const algorithms = {
  RS256: rsa,
  PS256: rsaPss,
  ES256: ecdsa('P-256', 'sha256', 32),
  ES384: ecdsa('P-384', 'sha384', 48),
  EdDSA: ed25519,
} as const satisfies Record<string, Algorithm>;

export type AlgorithmName = keyof typeof algorithms;
