import { constants, type KeyObject, sign, verify } from 'node:crypto';
import { derToJose, joseToDer } from './ecdsa-signature.ts';

/**
 * RFC 7518 section 3.1, RFC 8037 section 3.1; "EdDSA" instead of "Ed25519" (RFC 9864), because verifiers know the older name.
 */
export interface Algorithm {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly crv?: string;
  /** Absent where the algorithm signs the whole message. */
  readonly hash?: 'sha256' | 'sha384' | 'sha512';
  /** ECDSA: the length of `r` and of `s`. */
  readonly bytes?: number;
  sign(data: Buffer, key: KeyObject): Buffer;
  verify(data: Buffer, key: KeyObject, signature: Buffer): boolean;
}

type Hash = NonNullable<Algorithm['hash']>;

// The options form `{key, dsaEncoding}` of node:crypto doubles the time of a signature, so ECDSA signatures are converted here.

const rsa = (hash: Hash): Algorithm => ({
  kty: 'RSA',
  hash,
  sign: (data, key) => sign(hash, data, key),
  verify: (data, key, signature) => verify(hash, data, key, signature),
});

/** As long as the digest: RFC 7518 section 3.5. */
const rsaPss = (hash: Hash, saltLength: number): Algorithm => {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  return {
    kty: 'RSA',
    hash,
    sign: (data, key) => sign(hash, data, { key, ...pss }),
    verify: (data, key, signature) => verify(hash, data, { key, ...pss }, signature),
  };
};

const ecdsa = (crv: string, hash: Hash, bytes: number): Algorithm => ({
  kty: 'EC',
  crv,
  hash,
  bytes,
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

/** The first one that fits a key is its default. */
export const algorithms = {
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  PS256: rsaPss('sha256', 32),
  PS384: rsaPss('sha384', 48),
  PS512: rsaPss('sha512', 64),
  ES256: ecdsa('P-256', 'sha256', 32),
  ES384: ecdsa('P-384', 'sha384', 48),
  ES512: ecdsa('P-521', 'sha512', 66),
  EdDSA: ed25519,
} as const satisfies Record<string, Algorithm>;

export type AlgorithmName = keyof typeof algorithms;

export const algorithmNames = Object.keys(algorithms) as AlgorithmName[];
