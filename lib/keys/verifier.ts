import { type AlgorithmName, algorithms } from './algorithm.ts';
import type { SigningKey } from './signing-key.ts';

/** One algorithm, so that the token has no choice. */
export interface Verifier {
  readonly kid: string;
  readonly alg: AlgorithmName;
  verify(data: Buffer, signature: Buffer): boolean;
}

/** By `kid`. */
export interface Verifiers {
  /** Returns a known key without a promise. @throws Unavailable when the keys cannot be read */
  get(kid: string): Verifier | undefined | Promise<Verifier | undefined>;
}

export const keyVerifier = ({ kid, alg, key }: SigningKey): Verifier => {
  const algorithm = algorithms[alg];
  return { kid, alg, verify: (data, signature) => algorithm.verify(data, key, signature) };
};

export const keyVerifiers = (keys: readonly SigningKey[]): ReadonlyMap<string, Verifier> =>
  new Map(keys.map((key) => [key.kid, keyVerifier(key)]));
