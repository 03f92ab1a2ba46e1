import { type AlgorithmName, algorithms } from './algorithm.ts';
import { KeyError } from './jwk.ts';
import type { SigningKey } from './signing-key.ts';

/** The private key stays where it is. */
export interface Signer {
  readonly kid: string;
  readonly alg: AlgorithmName;
  sign(data: Buffer): Buffer | Promise<Buffer>;
}

export const keySigner = ({ kid, alg, key }: SigningKey): Signer => ({
  kid,
  alg,
  sign: (data) => algorithms[alg].sign(data, key),
});

export interface Signers {
  /** The first key of the algorithm, or of all; never another in its place. @throws KeyError without such a key; Unavailable */
  get(alg?: string): Signer | Promise<Signer>;
}

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

/** A fault of the deployment: a resource server is registered for an algorithm that has no key. */
export const noKeyFor = (alg: string | undefined) => new KeyError(`for ${alg}`, 'is missing from the signing keys');
