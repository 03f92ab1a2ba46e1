import { type AlgorithmName, algorithms } from './algorithm.ts';
import type { Key } from './jwk.ts';

/** Whatever holds a private key: it can be asked for a signature, not for the key. */
export interface Signer {
  readonly kid: string;
  readonly alg: AlgorithmName;
  sign(data: Buffer): Buffer | Promise<Buffer>;
}

/** A signer whose private key is in this process. */
export const keySigner = ({ kid, alg, key }: Key): Signer => ({
  kid,
  alg,
  sign: (data) => algorithms[alg].sign(data, key),
});
