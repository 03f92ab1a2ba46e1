import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Algorithm, type AlgorithmName, algorithmNames, algorithms } from './algorithm.ts';
import {
  type CheckedKey,
  checkKey,
  importKey,
  KeyError,
  type KeyType,
  type KeyUse,
  parseJwks,
  requireDistinctKids,
} from './jwk.ts';

export type SigningKey = CheckedKey<'sig', AlgorithmName>;

/** As the JWK Set publishes it. */
export type SigningJwk = SigningKey['jwk'];

const UNFIT = 'of a type, curve or alg that access tokens are not signed with';

const signing: KeyUse<'sig', AlgorithmName> = {
  use: 'sig',
  refusals: { use: 'not for signatures', alg: UNFIT },
  algs: algorithmNames,
  fits(alg, kty, crv) {
    const algorithm: Algorithm = algorithms[alg];
    return algorithm.kty === kty && algorithm.crv === (kty === 'RSA' ? undefined : crv);
  },
  operations: (_alg, type) => [type === 'private' ? 'sign' : 'verify'],
  isPair(alg, privateKey, publicKey) {
    const data = Buffer.from('latchkey');
    const { sign, verify } = algorithms[alg];
    return verify(data, publicKey, sign(data, privateKey));
  },
};

/** A JWK Set, a single JWK, or PEM blocks one after the other. @throws KeyError */
export function parseSigningKeys(text: string, type: KeyType): [SigningKey, ...SigningKey[]] {
  const isPem = text.trimStart().startsWith('-----BEGIN ');
  const [first, ...others] = isPem ? parsePem(text, type) : parseJwks(text, type, signing);
  if (!first) throw new KeyError('set', 'is empty');
  const keys: [SigningKey, ...SigningKey[]] = [first, ...others];
  requireDistinctKids(keys);
  return keys;
}

function parsePem(text: string, type: KeyType): SigningKey[] {
  const blocks = text.match(/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/g) ?? [];
  return blocks.map((pem, index) => {
    const name = `number ${index + 1}`;
    return checkSigningKey(name, {}, importKey(name, pem, pem.includes('PRIVATE KEY-----'), type));
  });
}

type Declared = { readonly kid?: string | undefined; readonly alg?: AlgorithmName | undefined };

/** @throws KeyError */
export const checkSigningKey = (name: string, declared: Declared, key: KeyObject): SigningKey =>
  checkKey(name, declared, key, signing);

/** SubjectPublicKeyInfo, DER. @throws KeyError */
export function readSpki(name: string, spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    throw new KeyError(name, `is ${UNFIT}`);
  }
}
