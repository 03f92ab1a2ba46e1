// The kinds of KMS keys, and what each may be used for.
// https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html

import { type KeyObject, randomBytes } from 'node:crypto';
import { newKeyPair } from '../../key-pair.ts';
import { validation } from './kms-error.ts';

export type Material = { readonly privateKey: KeyObject } | { readonly secret: Buffer };

/** Makes a private RSA key. */
export type MakeRsaKey = (modulusLength: number) => KeyObject;

export const makeRsaKey: MakeRsaKey = (modulusLength) => newKeyPair('rsa', { modulusLength }).privateKey;

export interface KeySpec {
  readonly usages: readonly string[];
  readonly signingAlgorithms: readonly string[];
  readonly macAlgorithms?: readonly string[];
  readonly encryptionAlgorithms?: readonly string[];
  generate(makeRsaKey: MakeRsaKey): Material;
}

const hashes = [256, 384, 512];
const rsaAlgorithms = ['RSASSA_PKCS1_V1_5_SHA_', 'RSASSA_PSS_SHA_'].flatMap((name) => hashes.map((it) => name + it));

const rsa = (modulusLength: number): KeySpec => ({
  usages: ['SIGN_VERIFY', 'ENCRYPT_DECRYPT'],
  signingAlgorithms: rsaAlgorithms,
  encryptionAlgorithms: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
  generate: (make) => ({ privateKey: make(modulusLength) }),
});

const ec = (namedCurve: string, algorithm: string, usages = ['SIGN_VERIFY', 'KEY_AGREEMENT']): KeySpec => ({
  usages,
  signingAlgorithms: [algorithm],
  generate: () => ({ privateKey: newKeyPair('ec', { namedCurve }).privateKey }),
});

const hmac = (bits: number): KeySpec => ({
  usages: ['GENERATE_VERIFY_MAC'],
  signingAlgorithms: [],
  macAlgorithms: [`HMAC_SHA_${bits}`],
  generate: () => ({ secret: randomBytes(bits / 8) }),
});

const specs = new Map<string, KeySpec>([
  [
    'SYMMETRIC_DEFAULT',
    {
      usages: ['ENCRYPT_DECRYPT'],
      signingAlgorithms: [],
      encryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      generate: () => ({ secret: randomBytes(32) }),
    },
  ],
  ...[2048, 3072, 4096].map((bits): [string, KeySpec] => [`RSA_${bits}`, rsa(bits)]),
  ['ECC_NIST_P256', ec('P-256', 'ECDSA_SHA_256')],
  ['ECC_NIST_P384', ec('P-384', 'ECDSA_SHA_384')],
  ['ECC_NIST_P521', ec('P-521', 'ECDSA_SHA_512')],
  ['ECC_SECG_P256K1', ec('secp256k1', 'ECDSA_SHA_256', ['SIGN_VERIFY'])],
  [
    'ECC_NIST_EDWARDS25519',
    {
      usages: ['SIGN_VERIFY'],
      signingAlgorithms: ['ED25519_SHA_512'],
      generate: () => ({ privateKey: newKeyPair('ed25519').privateKey }),
    },
  ],
  ...[224, 256, 384, 512].map((bits): [string, KeySpec] => [`HMAC_${bits}`, hmac(bits)]),
]);

/** @throws KmsError */
export function keySpec(name: unknown): KeySpec {
  const spec = specs.get(String(name));
  if (!spec) throw validation(`Value '${name}' at 'keySpec' failed to satisfy constraint`);
  return spec;
}

const every = (kind: 'signingAlgorithms' | 'macAlgorithms') =>
  new Set([...specs.values()].flatMap((spec) => spec[kind] ?? []));

/** The algorithms of all key specs. */
export const signingAlgorithms: ReadonlySet<string> = every('signingAlgorithms');
export const macAlgorithms: ReadonlySet<string> = every('macAlgorithms');
