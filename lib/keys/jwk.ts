import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { parseJsonText } from '../unicode.ts';
import { withPrivateMembers } from './rsa-primes.ts';

// What keys for signatures and for encryption have in common.

/** RFC 7517 section 4.2 */
export type Use = 'sig' | 'enc';

/** RFC 7517 section 4 */
export interface PublicJwk<Of extends Use = Use, Alg extends string = string> {
  readonly kty: string;
  readonly kid: string;
  readonly alg: Alg;
  readonly use: Of;
  readonly [parameter: string]: string;
}

export interface CheckedKey<Of extends Use, Alg extends string> {
  readonly kid: string;
  readonly alg: Alg;
  readonly key: KeyObject;
  /** Public, also where `key` is private. */
  readonly jwk: PublicJwk<Of, Alg>;
}

export type KeyType = 'private' | 'public';

export interface KeyUse<Of extends Use, Alg extends string> {
  readonly use: Of;
  /** Completes "key X is …" for a key for another use, or one that no algorithm fits. */
  readonly refusals: { readonly use: string; readonly alg: string };
  /** In order of preference: the first one that fits a key is the default. */
  readonly algs: readonly Alg[];
  fits(alg: Alg, kty: unknown, crv: unknown): boolean;
  /** `key_ops` must list one of these; an empty list asks for none. RFC 7517 section 4.3 */
  operations(alg: Alg, type: KeyType): readonly string[];
  /** It may throw if the two halves do not belong together. */
  isPair(alg: Alg, privateKey: KeyObject, publicKey: KeyObject): boolean;
}

/** The message names the key by `kid` or place, and never holds key material. */
export class KeyError extends Error {
  constructor(name: string, problem: string) {
    super(`key ${name} ${problem}`);
    this.name = 'KeyError';
  }
}

type Declared = Readonly<Record<string, unknown>>;

/** In the order of RFC 7638 section 3.2 and RFC 8037 section 2. */
const publicMembers: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
  ['RSA', ['e', 'kty', 'n']],
]);

const MIN_RSA_BITS = 2048;
const MIN_RSA_EXPONENT = 65537n;

/** A JWK Set (RFC 7517 section 5) or a single JWK. docs/design.md section 8. @throws KeyError for an unfit key */
export function parseJwks<Of extends Use, Alg extends string>(text: string, type: KeyType, keyUse: KeyUse<Of, Alg>) {
  return jwksMembers(text).map((given, index) => {
    const { kid } = given;
    const name = typeof kid === 'string' ? JSON.stringify(kid) : `number ${index + 1}`;
    requireDeclaredUse(name, given, keyUse);
    const jwk = withPrivateMembers(given);
    if (!jwk) throw new KeyError(name, 'has members that do not belong together');
    return checkKey(name, jwk, importKey(name, { key: jwk, format: 'jwk' }, jwk['d'] !== undefined, type), keyUse);
  });
}

function jwksMembers(text: string): Record<string, unknown>[] {
  let parsed: unknown;
  try {
    parsed = parseJsonText(text);
  } catch {
    throw new KeyError('set', 'is neither JSON nor PEM');
  }
  const members = isRecord(parsed) && Array.isArray(parsed['keys']) ? parsed['keys'] : [parsed];
  if (!members.every(isRecord)) throw new KeyError('set', 'is not a JWK Set');
  return members;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function requireDeclaredUse(
  name: string,
  { kty, kid, use }: Declared,
  { use: expected, refusals }: Pick<KeyUse<Use, string>, 'use' | 'refusals'>,
): void {
  if (kty === 'oct') throw new KeyError(name, 'is symmetric');
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) {
    throw new KeyError(name, 'has a kid that is not a string');
  }
  if (use !== undefined && use !== expected) throw new KeyError(name, `is ${refusals.use}`);
}

/** @throws KeyError for a key of the other type, or one that node:crypto cannot read */
export function importKey(
  name: string,
  source: Parameters<typeof createPrivateKey>[0] & Parameters<typeof createPublicKey>[0],
  isPrivate: boolean,
  type: KeyType,
): KeyObject {
  if (isPrivate !== (type === 'private')) {
    throw new KeyError(name, isPrivate ? 'is a private key, but a public key is required' : 'has no private half');
  }
  try {
    return isPrivate ? createPrivateKey(source) : createPublicKey(source);
  } catch {
    throw new KeyError(name, 'cannot be read');
  }
}

/** @param declared by its owner, where given. @throws KeyError */
export function checkKey<Of extends Use, Alg extends string>(
  name: string,
  declared: Declared,
  key: KeyObject,
  keyUse: KeyUse<Of, Alg>,
): CheckedKey<Of, Alg> {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const exported: Declared = publicKey.export({ format: 'jwk' });
  const alg = algorithmOf(name, exported, declared['alg'], keyUse);
  requireOperation(name, declared['key_ops'], keyUse.operations(alg, key.type === 'private' ? 'private' : 'public'));
  requireStrength(name, key);
  if (key.type === 'private' && !attempt(() => keyUse.isPair(alg, key, publicKey))) {
    throw new KeyError(name, 'has halves that do not match');
  }

  const parameters = publicParameters(exported);
  const kid = typeof declared['kid'] === 'string' ? declared['kid'] : thumbprint(parameters);
  return { kid, alg, key, jwk: { ...parameters, kty: String(exported['kty']), kid, alg, use: keyUse.use } };
}

/** The declared algorithm, or else the first that fits. */
function algorithmOf<Alg extends string>(
  name: string,
  { kty, crv }: Declared,
  declared: unknown,
  { algs, fits, refusals }: KeyUse<Use, Alg>,
): Alg {
  const found = algs.find((alg) => fits(alg, kty, crv) && (declared === undefined || declared === alg));
  if (!found) throw new KeyError(name, `is ${refusals.alg}`);
  return found;
}

function requireOperation(name: string, declared: unknown, operations: readonly string[]): void {
  if (declared === undefined) return;
  const isListed = operations.length === 0 || operations.some((it) => Array.isArray(declared) && declared.includes(it));
  if (!Array.isArray(declared) || !isListed)
    throw new KeyError(name, `has key_ops that do not allow "${operations[0]}"`);
}

function requireStrength(name: string, key: KeyObject): void {
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (modulusLength === undefined) return;
  if (modulusLength < MIN_RSA_BITS) throw new KeyError(name, `has fewer than ${MIN_RSA_BITS} bits`);
  if (publicExponent === undefined || publicExponent < MIN_RSA_EXPONENT || publicExponent % 2n === 0n) {
    throw new KeyError(name, 'has a weak public exponent');
  }
}

function attempt(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

function publicParameters(jwk: Declared): Record<string, string> {
  const members = publicMembers.get(jwk['kty']) ?? [];
  return Object.fromEntries(members.map((member) => [member, String(jwk[member])]));
}

/** RFC 7638 section 3, of what `publicParameters` returns: those are already in lexicographic order. */
const thumbprint = (parameters: Record<string, string>) =>
  createHash('sha256').update(JSON.stringify(parameters)).digest('base64url');

/** Tells public keys apart, whatever `kid` they have. RFC 7638 */
export const jwkThumbprint = (jwk: PublicJwk): string => thumbprint(publicParameters(jwk));

/** @throws KeyError for a `kid` that two keys have */
export function requireDistinctKids(keys: readonly { readonly kid: string }[]): void {
  const kids = new Set<string>();
  for (const { kid } of keys) {
    if (kids.has(kid)) throw new KeyError(JSON.stringify(kid), 'appears twice');
    kids.add(kid);
  }
}
