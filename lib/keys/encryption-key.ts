import { constants, createECDH, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto';
import { decodeBase64url } from '../base64url.ts';
import { type CheckedKey, KeyError, type KeyType, type KeyUse, parseJwks, requireDistinctKids } from './jwk.ts';

/** It encrypts access tokens, or its private half decrypts them. */
export interface EncryptionKey extends CheckedKey<'enc', EncryptionAlgorithmName> {
  /** Of a content key encrypted to this key. RFC 7518 sections 4.3 and 4.4 */
  readonly encryptedKeyBytes: number;
}

interface EncryptionAlgorithm {
  readonly kty: string;
  readonly operations: Readonly<Record<KeyType, readonly string[]>>;
  fits(crv: unknown): boolean;
  encryptedKeyBytes(key: KeyObject): number;
  isPair(privateKey: KeyObject, publicKey: KeyObject): boolean;
}

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };

/** RFC 7518 section 6.2.1.2 */
export const coordinateBytes: ReadonlyMap<unknown, number> = new Map([
  ['P-256', 32],
  ['P-384', 48],
]);

/** The first byte of a point that is written with both coordinates. SEC 1 section 2.3.3 */
const UNCOMPRESSED = Buffer.of(4);

const bytes = (coordinate: string | undefined) => decodeBase64url(coordinate ?? '') ?? Buffer.alloc(0);

/** One for each key type. */
const algorithms = {
  'RSA-OAEP-256': {
    kty: 'RSA',
    operations: { private: ['decrypt', 'unwrapKey'], public: ['encrypt', 'wrapKey'] },
    fits: (crv) => crv === undefined,
    encryptedKeyBytes: (key) => Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8),
    isPair(privateKey, publicKey) {
      const data = Buffer.from('latchkey');
      const encrypted = publicEncrypt({ key: publicKey, ...OAEP }, data);
      return privateDecrypt({ key: privateKey, ...OAEP }, encrypted).equals(data);
    },
  },
  'ECDH-ES+A256KW': {
    kty: 'EC',
    // No operation is defined for the public half of a key agreement.
    operations: { private: ['deriveKey', 'deriveBits'], public: [] },
    fits: (crv) => coordinateBytes.has(crv),
    encryptedKeyBytes: () => 40, // AES key wrap adds 8 bytes to a key of 32: RFC 3394
    // The point that belongs to the private half. An agreement with a new key pair would take five times as long.
    isPair(privateKey) {
      const { d, x, y } = privateKey.export({ format: 'jwk' });
      const curve = createECDH(privateKey.asymmetricKeyDetails?.namedCurve ?? '');
      curve.setPrivateKey(bytes(d));
      return curve.getPublicKey().equals(Buffer.concat([UNCOMPRESSED, bytes(x), bytes(y)]));
    },
  },
} as const satisfies Record<string, EncryptionAlgorithm>;

export type EncryptionAlgorithmName = keyof typeof algorithms;

const encryption: KeyUse<'enc', EncryptionAlgorithmName> = {
  use: 'enc',
  refusals: {
    use: 'not for encryption',
    alg: 'of a type, curve or alg that access tokens are not encrypted with',
  },
  algs: Object.keys(algorithms) as EncryptionAlgorithmName[],
  fits: (alg, kty, crv) => algorithms[alg].kty === kty && algorithms[alg].fits(crv),
  operations: (alg, type) => algorithms[alg].operations[type],
  isPair: (alg, privateKey, publicKey) => algorithms[alg].isPair(privateKey, publicKey),
};

/** @throws KeyError for a key that is weak, for another use, of another type, or not what it declares */
export function parseDecryptionKeys(text: string): EncryptionKey[] {
  const keys = parse(text, 'private');
  if (keys.length === 0) throw new KeyError('set', 'is empty');
  requireDistinctKids(keys);
  return keys;
}

/** A record must not hold what decrypts its tokens. @throws KeyError as above, and for a private key */
export function parseEncryptionKey(text: string): EncryptionKey {
  const [key, ...others] = parse(text, 'public');
  if (!key || others.length > 0) throw new KeyError('set', 'must contain exactly one key');
  return key;
}

const parse = (text: string, type: KeyType): EncryptionKey[] =>
  parseJwks(text, type, encryption).map((key) => ({
    ...key,
    encryptedKeyBytes: algorithms[key.alg].encryptedKeyBytes(key.key),
  }));
