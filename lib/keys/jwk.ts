import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { type Algorithm, type AlgorithmName, algorithmNames, algorithms } from './algorithm.ts';

/** A public signing key as published in the JWK Set. RFC 7517 section 4. */
export interface PublicJwk {
  readonly kty: string;
  readonly kid: string;
  readonly alg: AlgorithmName;
  readonly use: 'sig';
  readonly [parameter: string]: string;
}

/** A key that was found fit to sign access tokens or to verify them. */
export interface Key {
  readonly kid: string;
  readonly alg: AlgorithmName;
  readonly key: KeyObject;
  readonly jwk: PublicJwk;
}

/** Why a key is not fit. The message names the key by `kid` or place, and never holds key material. */
export class KeyError extends Error {
  constructor(name: string, problem: string) {
    super(`key ${name} ${problem}`);
    this.name = 'KeyError';
  }
}

export type KeyType = 'private' | 'public';

/** The public members of each key type, in the order of RFC 7638 section 3.2 and RFC 8037 section 2. */
const publicMembers = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
} as const satisfies Record<Algorithm['kty'], readonly string[]>;

const MIN_RSA_BITS = 2048;
const MIN_RSA_EXPONENT = 65537n;

/**
 * Reads keys from a JWK Set (RFC 7517 section 5), a single JWK, or PEM blocks one after the other.
 * @throws KeyError for a key that is weak, of another use or type, or not what it says; docs/design.md section 8
 */
export function parseKeys(text: string, type: KeyType): [Key, ...Key[]] {
  const [first, ...others] = text.trimStart().startsWith('-----BEGIN ') ? readPem(text, type) : readJwks(text, type);
  if (!first) throw new KeyError('set', 'is empty');
  const keys: [Key, ...Key[]] = [first, ...others];
  requireDistinctKids(keys);
  return keys;
}

export function requireDistinctKids(keys: readonly { readonly kid: string }[]): void {
  const kids = new Set<string>();
  for (const { kid } of keys) {
    if (kids.has(kid)) throw new KeyError(JSON.stringify(kid), 'stands there twice');
    kids.add(kid);
  }
}

function readPem(text: string, type: KeyType): Key[] {
  const blocks = text.match(/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/g) ?? [];
  return blocks.map((pem, index) => {
    const isPrivate = pem.includes('PRIVATE KEY-----');
    return toKey(`number ${index + 1}`, {}, importKey(`number ${index + 1}`, pem, isPrivate, type));
  });
}

function readJwks(text: string, type: KeyType): Key[] {
  return jwksMembers(text).map((jwk, index) => {
    const name = typeof jwk['kid'] === 'string' ? JSON.stringify(jwk['kid']) : `number ${index + 1}`;
    requireSigningUse(name, jwk, type);
    return toKey(name, jwk, importKey(name, { key: jwk, format: 'jwk' }, jwk['d'] !== undefined, type));
  });
}

/** The members of a JWK Set, or a single JWK. */
export function jwksMembers(text: string): Record<string, unknown>[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new KeyError('set', 'is neither JSON nor PEM');
  }
  const members = isRecord(parsed) && Array.isArray(parsed['keys']) ? parsed['keys'] : [parsed];
  if (!members.every(isRecord)) throw new KeyError('set', 'is not a JWK Set');
  return members;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function requireSigningUse(name: string, jwk: Record<string, unknown>, type: KeyType): void {
  const { kty, kid, use, key_ops } = jwk;
  if (kty === 'oct') throw new KeyError(name, 'is symmetric');
  if (kid !== undefined && (typeof kid !== 'string' || kid === ''))
    throw new KeyError(name, 'has a kid that is not a string');
  if (use !== undefined && use !== 'sig') throw new KeyError(name, 'is not for signatures');
  const operation = type === 'private' ? 'sign' : 'verify';
  if (key_ops !== undefined && !(Array.isArray(key_ops) && key_ops.includes(operation))) {
    throw new KeyError(name, `may not ${operation} by its key_ops`);
  }
}

export function importKey(
  name: string,
  source: Parameters<typeof createPrivateKey>[0] & Parameters<typeof createPublicKey>[0],
  isPrivate: boolean,
  type: KeyType,
): KeyObject {
  if (isPrivate !== (type === 'private')) {
    throw new KeyError(name, isPrivate ? 'is private, where only public ones belong' : 'has no private half');
  }
  try {
    return isPrivate ? createPrivateKey(source) : createPublicKey(source);
  } catch {
    throw new KeyError(name, 'cannot be read');
  }
}

/** A public key as KMS gives it: SubjectPublicKeyInfo, DER. @throws KeyError */
export function readSpki(name: string, spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    throw new KeyError(name, 'is of a type, curve or alg that access tokens are not signed with');
  }
}

/**
 * Judges a key that has been read, and derives what is published of it.
 * @param declared what its owner says of it: `alg` and `kid`, where they are not to be found out
 * @throws KeyError
 */
export function toKey(name: string, declared: Readonly<Record<string, unknown>>, key: KeyObject): Key {
  const exported: Record<string, unknown> = (key.type === 'private' ? createPublicKey(key) : key).export({
    format: 'jwk',
  });
  const alg = algorithmOf(name, exported, declared['alg']);
  requireStrength(name, key);

  const members = publicMembers[algorithms[alg].kty];
  const parameters = Object.fromEntries(members.map((member) => [member, String(exported[member])]));
  const kid = typeof declared['kid'] === 'string' ? declared['kid'] : thumbprint(parameters);
  const jwk: PublicJwk = { ...parameters, kty: algorithms[alg].kty, kid, alg, use: 'sig' };
  if (key.type === 'private') requireWholePair(name, alg, key);
  return { kid, alg, key, jwk };
}

/** The declared algorithm, if it fits the key; else the first that does. */
function algorithmOf(name: string, { kty, crv }: Record<string, unknown>, declared: unknown): AlgorithmName {
  const fitting = algorithmNames.filter((candidate) => {
    const algorithm: Algorithm = algorithms[candidate];
    return algorithm.kty === kty && algorithm.crv === (kty === 'RSA' ? undefined : crv);
  });
  const found = declared === undefined ? fitting[0] : fitting.find((candidate) => candidate === declared);
  if (!found) throw new KeyError(name, 'is of a type, curve or alg that access tokens are not signed with');
  return found;
}

export function requireStrength(name: string, key: KeyObject): void {
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (modulusLength === undefined) return;
  if (modulusLength < MIN_RSA_BITS) throw new KeyError(name, `has fewer than ${MIN_RSA_BITS} bits`);
  if (publicExponent === undefined || publicExponent < MIN_RSA_EXPONENT || publicExponent % 2n === 0n) {
    throw new KeyError(name, 'has a weak public exponent');
  }
}

/** A private key whose halves do not belong together would sign what nobody can verify. */
function requireWholePair(name: string, alg: AlgorithmName, key: KeyObject): void {
  const data = Buffer.from('latchkey');
  const { sign, verify } = algorithms[alg];
  const isWhole = () => verify(data, createPublicKey(key), sign(data, key));
  if (!attempt(isWhole)) throw new KeyError(name, 'has halves that do not belong together');
}

function attempt(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

/** RFC 7638 section 3. The members are already in lexicographic order. */
export const thumbprint = (members: Record<string, string>) =>
  createHash('sha256').update(JSON.stringify(members)).digest('base64url');
