import { createPrivateKey, type KeyObject } from 'node:crypto';
import { randomId } from '../oauth/handle.ts';
import type { AlgorithmName } from './algorithm.ts';
import { type Key, KeyError, readSpki, toKey } from './jwk.ts';
import type { KeyOrigin, NewKey } from './key-registry.ts';
import type { EncryptionContext, Kms } from './kms.ts';
import type { KeyPairSpec } from './kms-client.ts';

/** What KMS makes for each algorithm: RSA keys grow with the digest. */
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

/**
 * Binds what is stored to its place: moved to another issuer (each stage is one) or to another `kid`, it does not decrypt.
 * The audit log of KMS has it in clear, so it says there which key was loaded.
 */
const contextOf = (issuer: string, kid: string): EncryptionContext => ({ latchkey: 'signing key', issuer, kid });

/**
 * Makes a key pair whose private half nobody sees until a container decrypts it. Its `kid` is random, and not a thumbprint
 * as elsewhere, because KMS has to be told it before there is a key.
 * @param wrappingKey id, alias or ARN of a symmetric key of KMS
 * @throws Unavailable; KeyError when that key does not encrypt
 */
export async function createWrappedKey(
  kms: Pick<Kms, 'generateKeyPair'>,
  { issuer, wrappingKey, alg }: { issuer: string; wrappingKey: string; alg: AlgorithmName },
): Promise<NewKey> {
  const kid = randomId();
  const pair = await kms.generateKeyPair(wrappingKey, keyPairSpecs[alg], contextOf(issuer, kid));
  const name = JSON.stringify(kid);
  const { jwk } = toKey(name, { kid, alg }, readSpki(name, pair.spki));
  const origin = { type: 'wrapped', key_id: pair.arn, private_key: pair.ciphertext.toString('base64') } as const;
  return { kid, alg, jwk, origin };
}

/**
 * Decrypts a private key by one call of KMS; it is in the memory of this process from then on.
 * @throws Unavailable; KeyError when it was wrapped for another issuer or `kid`, or is none
 */
export async function unwrapKey(
  kms: Pick<Kms, 'decrypt'>,
  issuer: string,
  { kid, alg }: Pick<NewKey, 'kid' | 'alg'>,
  { key_id, private_key }: Extract<KeyOrigin, { type: 'wrapped' }>,
): Promise<Key> {
  const name = JSON.stringify(kid);
  const der = await kms.decrypt(key_id, Buffer.from(private_key, 'base64'), contextOf(issuer, kid));
  try {
    return toKey(name, { kid, alg }, readPkcs8(name, der));
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
