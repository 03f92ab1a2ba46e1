import type { AlgorithmName } from '../keys/algorithm.ts';
import type { SigningJwk } from '../keys/signing-key.ts';
import type { WrappedPrivateKey } from '../kms/wrapped-key.ts';

/** `next` is published and does not sign yet; `retiring` signs no more, and its tokens may be in use. */
export type KeyStatus = 'next' | 'active' | 'retiring' | 'retired';

/** Where the private half is. What is stored of it lets nobody sign who may not use KMS or read the environment. */
export type KeyOrigin =
  /** The key of this `kid` in `SIGNING_KEYS`. */
  | { readonly type: 'environment' }
  /** Signs in KMS. `key_id` is an ARN. */
  | { readonly type: 'kms'; readonly key_id: string }
  /** Encrypted by a KMS key, and decrypted by the container that signs. */
  | WrappedPrivateKey;

/** A signing key that is about to be registered. */
export interface NewKey {
  readonly kid: string;
  readonly alg: AlgorithmName;
  readonly jwk: SigningJwk;
  readonly origin: KeyOrigin;
}

/** A signing key and its history. Times are seconds since the epoch. */
export interface RegisteredKey extends NewKey {
  readonly status: KeyStatus;
  readonly published_at: number;
  readonly activated_at?: number;
  readonly retiring_at?: number;
  readonly retired_at?: number;
  readonly compromised_at?: number;
}

/**
 * All keys, in one item: to activate one is to retire another, and both are decided by one write. The first active key
 * signs unless another algorithm is asked for; no two active keys have the same algorithm.
 */
export interface KeyRegistry {
  readonly keys: readonly RegisteredKey[];
}

/** Containers know of a change within this many seconds. */
export const KEY_REFRESH_SECONDS = 60;

/** The keys that are in the JWK Set, and whose tokens are accepted. */
export const publishedKeys = <Key extends Pick<RegisteredKey, 'status'>>({
  keys,
}: {
  readonly keys: readonly Key[];
}): Key[] => keys.filter(({ status }) => status !== 'retired');

/** The keys that sign; the first one does unless another algorithm is asked for. */
export const activeKeys = ({ keys }: KeyRegistry): RegisteredKey[] => keys.filter(({ status }) => status === 'active');
