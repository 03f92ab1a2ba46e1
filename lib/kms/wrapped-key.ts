import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { AlgorithmName } from '../keys/algorithm.ts';
import { KeyError } from '../keys/jwk.ts';
import { checkSigningKey, readSpki, type SigningJwk, type SigningKey } from '../keys/signing-key.ts';
import { randomId } from '../oauth/handle.ts';
import type { EncryptionContext, KeyPairSpec, Kms } from './kms.ts';

/** RSA keys grow with the digest. */
const keyPairSpecs = {
  RS256: 'RSA_2048',
  RS384: 'RSA_3072',
  RS512: 'RSA_4096',
  PS256: 'RSA_2048',
  PS384: 'RSA_3072',
  PS512: 'RSA_4096',
  ES256: 'ECC_NIST_P256',
  ES384: 'ECC_NIST_P384',
  ES512: 'ECC_NIST_P521',
  EdDSA: 'ECC_NIST_EDWARDS25519',
} as const satisfies Record<AlgorithmName, KeyPairSpec>;

/** PKCS#8 in base64, encrypted by the KMS key with the ARN `key_id`. */
export interface WrappedPrivateKey {
  readonly type: 'wrapped';
  readonly key_id: string;
  readonly private_key: string;
}

export interface WrappedKeyPair {
  readonly kid: string;
  readonly alg: AlgorithmName;
  readonly jwk: SigningJwk;
  readonly origin: WrappedPrivateKey;
}

/** Copied to another issuer or `kid`, the ciphertext does not decrypt. KMS writes this context to its audit log in clear. */
const contextOf = (issuer: string, kid: string): EncryptionContext => ({ latchkey: 'signing key', issuer, kid });

/** The `kid` is random and no thumbprint, because the encryption context needs it before the key exists. @throws KeyError */
export async function createWrappedKey(
  kms: Pick<Kms, 'generateKeyPair'>,
  { issuer, wrappingKey, alg }: { issuer: string; wrappingKey: string; alg: AlgorithmName },
): Promise<WrappedKeyPair> {
  const kid = randomId();
  const pair = await kms.generateKeyPair(wrappingKey, keyPairSpecs[alg], contextOf(issuer, kid));
  const name = JSON.stringify(kid);
  const { jwk } = checkSigningKey(name, { kid, alg }, readSpki(name, pair.spki));
  const origin = { type: 'wrapped', key_id: pair.arn, private_key: pair.ciphertext.toString('base64') } as const;
  return { kid, alg, jwk, origin };
}

/** From then on the key is in the memory of this process. @throws Unavailable; KeyError for another issuer or `kid` */
export async function unwrapKey(
  kms: Pick<Kms, 'decrypt'>,
  issuer: string,
  { kid, alg }: Pick<WrappedKeyPair, 'kid' | 'alg'>,
  { key_id, private_key }: WrappedPrivateKey,
): Promise<SigningKey> {
  const name = JSON.stringify(kid);
  const der = await kms.decrypt(key_id, Buffer.from(private_key, 'base64'), contextOf(issuer, kid));
  try {
    return checkSigningKey(name, { kid, alg }, readPkcs8(name, der));
  } finally {
    der.fill(0);
  }
}

function readPkcs8(name: string, der: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    throw new KeyError(name, 'cannot be read');
  }
}
