import {
  constants,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto';
import type { EncryptionJwk } from '../oauth/resource-server.ts';
import {
  importKey,
  jwksMembers,
  KeyError,
  type KeyType,
  requireDistinctKids,
  requireStrength,
  thumbprint,
} from './jwk.ts';

/** A key that was found fit to encrypt access tokens to, or to decrypt them with. */
export interface EncryptionKey {
  readonly kid: string;
  readonly alg: EncryptionAlgorithmName;
  readonly key: KeyObject;
  /** The bytes of a key that was encrypted to it. RFC 7518 sections 4.3 and 4.4. */
  readonly encryptedKeyBytes: number;
  /** The public half, as it stands in the record of a resource server. */
  readonly jwk: EncryptionJwk;
}

interface EncryptionAlgorithm {
  readonly kty: string;
  /** The public members in the order of RFC 7638 section 3.2. */
  readonly members: readonly string[];
  /** Key operations that allow its use; for the public half of a key agreement there are none. RFC 7517 section 4.3 */
  readonly operations: Readonly<Record<KeyType, readonly string[]>>;
  fits(crv: unknown): boolean;
  encryptedKeyBytes(key: KeyObject): number;
  /** Whether what is encrypted to the public half can be decrypted with the private one. */
  isWhole(privateKey: KeyObject, publicKey: KeyObject): boolean;
}

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };

/** Bytes of a coordinate of the curves that keys are agreed on. RFC 7518 section 6.2.1.2. */
export const coordinateBytes: ReadonlyMap<unknown, number> = new Map([
  ['P-256', 32],
  ['P-384', 48],
]);

/** Everything that has to be known of a key management algorithm. A key type has one, so a key has just one as well. */
const algorithms = {
  'RSA-OAEP-256': {
    kty: 'RSA',
    members: ['e', 'kty', 'n'],
    operations: { private: ['decrypt', 'unwrapKey'], public: ['encrypt', 'wrapKey'] },
    fits: (crv) => crv === undefined,
    encryptedKeyBytes: (key) => Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8),
    isWhole(privateKey, publicKey) {
      const data = Buffer.from('latchkey');
      return privateDecrypt({ key: privateKey, ...OAEP }, publicEncrypt({ key: publicKey, ...OAEP }, data)).equals(
        data,
      );
    },
  },
  'ECDH-ES+A256KW': {
    kty: 'EC',
    members: ['crv', 'kty', 'x', 'y'],
    operations: { private: ['deriveKey', 'deriveBits'], public: [] },
    fits: (crv) => coordinateBytes.has(crv),
    encryptedKeyBytes: () => 40, // AES key wrap adds 8 bytes to a key of 32: RFC 3394
    isWhole(privateKey, publicKey) {
      const namedCurve = privateKey.asymmetricKeyDetails?.namedCurve ?? '';
      const other = generateKeyPairSync('ec', { namedCurve });
      const ours = diffieHellman({ privateKey, publicKey: other.publicKey });
      return ours.equals(diffieHellman({ privateKey: other.privateKey, publicKey }));
    },
  },
} as const satisfies Record<string, EncryptionAlgorithm>;

export type EncryptionAlgorithmName = keyof typeof algorithms;

/**
 * The private keys that tokens are decrypted with: a JWK Set, or a single JWK.
 * @throws KeyError for a key that is weak, of another use or type, or not what it says; never quotes key material
 */
export function parseDecryptionKeys(text: string): EncryptionKey[] {
  const keys = jwksMembers(text).map((jwk, index) => toKey(jwk, nameOf(jwk, index), 'private'));
  if (keys.length === 0) throw new KeyError('set', 'is empty');
  requireDistinctKids(keys);
  return keys;
}

/**
 * The public key of a resource server: a JWK, or a JWK Set of one.
 * @throws KeyError as above, and for a private key: what can read its tokens has no business in a record
 */
export function parseEncryptionKey(text: string): EncryptionKey {
  const [jwk, ...others] = jwksMembers(text);
  if (!jwk || others.length > 0) throw new KeyError('set', 'is not exactly one key');
  return toKey(jwk, nameOf(jwk, 0), 'public');
}

const nameOf = ({ kid }: Record<string, unknown>, index: number) =>
  typeof kid === 'string' ? JSON.stringify(kid) : `number ${index + 1}`;

function toKey(declared: Record<string, unknown>, name: string, type: KeyType): EncryptionKey {
  const alg = algorithmOf(name, declared, type);
  const algorithm: EncryptionAlgorithm = algorithms[alg];
  const key = importKey(name, { key: declared, format: 'jwk' }, declared['d'] !== undefined, type);
  requireStrength(name, key);
  const publicKey = type === 'private' ? createPublicKey(key) : key;
  if (type === 'private' && !attempt(() => algorithm.isWhole(key, publicKey))) {
    throw new KeyError(name, 'has halves that do not belong together');
  }
  const exported: Record<string, unknown> = publicKey.export({ format: 'jwk' });
  const parameters = Object.fromEntries(algorithm.members.map((member) => [member, String(exported[member])]));
  const kid = typeof declared['kid'] === 'string' ? declared['kid'] : thumbprint(parameters);
  const jwk: EncryptionJwk = { ...parameters, kty: algorithm.kty, kid, alg, use: 'enc' };
  return { kid, alg, key, encryptedKeyBytes: algorithm.encryptedKeyBytes(key), jwk };
}

/** The algorithm of the key's type, which is the declared one if one is declared. */
function algorithmOf(name: string, jwk: Record<string, unknown>, type: KeyType): EncryptionAlgorithmName {
  const { kty, crv, kid, use, alg, key_ops } = jwk;
  if (kty === 'oct') throw new KeyError(name, 'is symmetric');
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) {
    throw new KeyError(name, 'has a kid that is not a string');
  }
  if (use !== undefined && use !== 'enc') throw new KeyError(name, 'is not for encryption');
  const found = (Object.keys(algorithms) as EncryptionAlgorithmName[]).find((candidate) => {
    const algorithm = algorithms[candidate];
    return algorithm.kty === kty && algorithm.fits(crv) && (alg === undefined || alg === candidate);
  });
  if (!found) throw new KeyError(name, 'is of a type, curve or alg that access tokens are not encrypted with');
  const operations: readonly string[] = algorithms[found].operations[type];
  const allowed = Array.isArray(key_ops) && (operations.length === 0 || operations.some((it) => key_ops.includes(it)));
  if (key_ops !== undefined && !allowed) throw new KeyError(name, `may not ${operations[0]} by its key_ops`);
  return found;
}

function attempt(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
