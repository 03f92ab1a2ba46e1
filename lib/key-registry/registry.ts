import type { AlgorithmName } from '../keys/algorithm.ts';
import type { SigningJwk } from '../keys/signing-key.ts';
import type { WrappedPrivateKey } from '../kms/wrapped-key.ts';

/** `next` is published but does not sign yet; `retiring` no longer signs, but its tokens may still be valid. */
export type KeyStatus = 'next' | 'active' | 'retiring' | 'retired';

/** The table alone lets nobody sign, unless they may use KMS or read the environment. */
export type KeyOrigin =
  /** In `SIGNING_KEYS`, under the same `kid`. */
  | { readonly type: 'environment' }
  /** KMS signs with it. `key_id` is an ARN. */
  | { readonly type: 'kms'; readonly key_id: string }
  /** The container that signs decrypts it. */
  | WrappedPrivateKey;

export interface NewKey {
  readonly kid: string;
  readonly alg: AlgorithmName;
  readonly jwk: SigningJwk;
  readonly origin: KeyOrigin;
}

/** Times are seconds since the epoch. */
export interface RegisteredKey extends NewKey {
  readonly status: KeyStatus;
  readonly published_at: number;
  readonly activated_at?: number;
  readonly retiring_at?: number;
  readonly retired_at?: number;
  readonly compromised_at?: number;
}

/** One item, so that one write can activate a key and retire its predecessor. No two active keys have the same algorithm. */
export interface KeyRegistry {
  readonly keys: readonly RegisteredKey[];
}

/** What verifiers believe: nobody but key management can make the signature. */
export interface SignedRegistry extends KeyRegistry {
  /** Grows with each change of the keys, and not when they are only signed again. The first one is the time of the write. */
  readonly sequence: number;
  /** Seconds since the epoch. */
  readonly signed_at: number;
  /** Ed25519, base64url. */
  readonly signature: string;
}

/** Version 0.1.0 did not sign it. */
export type StoredRegistry = KeyRegistry & Partial<SignedRegistry>;

/** By then every container has read a change. */
export const KEY_REFRESH_SECONDS = 60;

/** Their tokens are accepted. */
export const publishedKeys = <Key extends Pick<RegisteredKey, 'status'>>({
  keys,
}: {
  readonly keys: readonly Key[];
}): Key[] => keys.filter(({ status }) => status !== 'retired');

/** Not those of keys in preparation: whoever asked for them would get nothing until then. */
export const usedAlgorithms = ({ keys }: KeyRegistry): AlgorithmName[] =>
  keys.filter(({ status }) => status === 'active' || status === 'retiring').map(({ alg }) => alg);

/** The first one is the default. */
export const activeKeys = ({ keys }: KeyRegistry): RegisteredKey[] => keys.filter(({ status }) => status === 'active');
