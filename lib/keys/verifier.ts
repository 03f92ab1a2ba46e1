import { type AlgorithmName, algorithms } from './algorithm.ts';
import type { SigningKey } from './signing-key.ts';

/** A public key with the one algorithm that it verifies. The token does not get to choose. */
export interface Verifier {
  readonly kid: string;
  readonly alg: AlgorithmName;
  verify(data: Buffer, signature: Buffer): boolean;
}

/** The keys that access tokens may be signed with, by `kid`. */
export interface Verifiers {
  /** At hand at once where the key is known. @throws Unavailable when that cannot be found out */
  get(kid: string): Verifier | undefined | Promise<Verifier | undefined>;
}

export const keyVerifier = ({ kid, alg, key }: SigningKey): Verifier => {
  const algorithm = algorithms[alg];
  return { kid, alg, verify: (data, signature) => algorithm.verify(data, key, signature) };
};

/** Those of keys that never change. */
export const keyVerifiers = (keys: readonly SigningKey[]): ReadonlyMap<string, Verifier> =>
  new Map(keys.map((key) => [key.kid, keyVerifier(key)]));
