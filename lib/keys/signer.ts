import { type AlgorithmName, algorithms } from './algorithm.ts';
import { KeyError } from './jwk.ts';
import type { SigningKey } from './signing-key.ts';

/** Signs with a private key without revealing it. */
export interface Signer {
  readonly kid: string;
  readonly alg: AlgorithmName;
  sign(data: Buffer): Buffer | Promise<Buffer>;
}

/** A signer whose private key is in this process. */
export const keySigner = ({ kid, alg, key }: SigningKey): Signer => ({
  kid,
  alg,
  sign: (data) => algorithms[alg].sign(data, key),
});

/** The active signing keys. */
export interface Signers {
  /**
   * The first key of this algorithm, or the first of all without one. When it cannot be loaded, no other key takes
   * its place.
   * @throws KeyError when there is no such key; Unavailable
   */
  get(alg?: string): Signer | Promise<Signer>;
}

/** Signers whose private keys are in this process, and so need no loading. */
export function keySigners(keys: readonly [SigningKey, ...SigningKey[]]): Signers {
  const signers = keys.map(keySigner);
  return {
    get(alg) {
      const signer = signers.find((candidate) => alg === undefined || candidate.alg === alg);
      if (!signer) throw noKeyFor(alg);
      return signer;
    },
  };
}

/** A fault of the deployment, not of the request: a resource server is registered for an algorithm that has no key. */
export const noKeyFor = (alg: string | undefined) => new KeyError(`for ${alg}`, 'is not among the signing keys');
