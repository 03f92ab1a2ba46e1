import { type AlgorithmName, algorithms } from './algorithm.ts';
import { KeyError } from './jwk.ts';
import type { SigningKey } from './signing-key.ts';

/** Whatever holds a private key: it can be asked for a signature, not for the key. */
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
   * The first key of this algorithm, or without one the first of all. No other key takes its place when it cannot be had.
   * @throws KeyError when there is none; Unavailable
   */
  get(alg?: string): Signer | Promise<Signer>;
}

/** Signers whose private keys are in this process: at hand at once. */
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

/** A fault of the deployment, not of the request: a resource server wants what no key is there for. */
export const noKeyFor = (alg: string | undefined) => new KeyError(`for ${alg}`, 'is not among the signing keys');
