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
  /** The first key of the algorithm, or of all where it has none. @throws Unavailable */
  prefer(alg: AlgorithmName): Signer | Promise<Signer>;
}

export function keySigners(keys: readonly [SigningKey, ...SigningKey[]]): Signers {
  const [first, ...others] = keys;
  const signers = [keySigner(first), ...others.map(keySigner)] as const;
  const find = (alg: string) => signers.find((candidate) => candidate.alg === alg);
  return {
    get(alg) {
      const signer = alg === undefined ? signers[0] : find(alg);
      if (!signer) throw noKeyFor(alg);
      return signer;
    },
    prefer: (alg) => find(alg) ?? signers[0],
  };
}

/** A fault of the deployment: a resource server or a client is registered for an algorithm that has no key. */
export const noKeyFor = (alg: string | undefined) => new KeyError(`for ${alg}`, 'is missing from the signing keys');
