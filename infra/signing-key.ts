import type { JsonWebKey, KeyObject } from 'node:crypto';
import { type Algorithm, type AlgorithmName, algorithms } from '../lib/keys/algorithm.ts';
import { parseSigningKeys } from '../lib/keys/signing-key.ts';
import { makeWithPlainId } from '../lib/oauth/identifier.ts';
import { newKeyPair } from './key-pair.ts';

/** The first signs access tokens, whose keys and signatures should be small, and RS256 ID tokens, because clients expect it. */
export const DEFAULT_ALGORITHMS: readonly AlgorithmName[] = ['ES256', 'RS256'];

/** RSA keys have 2048 bits, so that they fit into the environment of a function while others replace them. */
function generate(alg: AlgorithmName): KeyObject {
  const { kty, crv = '' }: Algorithm = algorithms[alg];
  if (kty === 'RSA') return newKeyPair('rsa', { modulusLength: 2048 }).privateKey;
  if (kty === 'EC') return newKeyPair('ec', { namedCurve: crv }).privateKey;
  return newKeyPair('ed25519').privateKey;
}

/** The private members of an RSA key that follow from its primes. The functions add them again: `lib/keys/rsa-primes.ts`. */
const withoutDerived = ({ d, dp, dq, qi, ...jwk }: JsonWebKey): JsonWebKey =>
  jwk.kty === 'RSA' ? jwk : { ...jwk, ...(d !== undefined && { d }) };

/** The `kid` is its thumbprint. */
export function createSigningKey(alg: AlgorithmName) {
  return makeWithPlainId(
    () => {
      const members = { ...withoutDerived(generate(alg).export({ format: 'jwk' })), alg };
      const [{ jwk }] = parseSigningKeys(JSON.stringify(members), 'private');
      return { members, jwk };
    },
    ({ jwk }) => jwk.kid,
  );
}

/** One key of each algorithm, as the variables of functions have them. */
export function createSigningKeys(algs: readonly AlgorithmName[]) {
  const made = algs.map(createSigningKey);
  return {
    SIGNING_KEYS: JSON.stringify({ keys: made.map(({ members, jwk }) => ({ ...members, ...jwk })) }),
    VERIFICATION_KEYS: JSON.stringify({ keys: made.map(({ jwk }) => jwk) }),
  };
}
