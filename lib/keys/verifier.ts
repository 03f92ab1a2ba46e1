import { type AlgorithmName, algorithms } from './algorithm.ts';
import type { Key } from './jwk.ts';

/** A public key with the one algorithm that it verifies. The token does not get to choose. */
export interface Verifier {
  readonly kid: string;
  readonly alg: AlgorithmName;
  verify(data: Buffer, signature: Buffer): boolean;
}

/** The keys that access tokens may be signed with, by `kid`. */
export type Verifiers = ReadonlyMap<string, Verifier>;

export const keyVerifiers = (keys: readonly Key[]): Verifiers =>
  new Map(
    keys.map(({ kid, alg, key }) => {
      const algorithm = algorithms[alg];
      return [kid, { kid, alg, verify: (data, signature) => algorithm.verify(data, key, signature) }];
    }),
  );
