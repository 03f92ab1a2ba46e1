import type { AlgorithmName } from '../keys/algorithm.ts';
import type { SigningJwk } from '../keys/signing-key.ts';
import type { WrappedPrivateKey } from '../kms/wrapped-key.ts';

/** `next` is published but does not sign yet; `retiring` no longer signs, but its tokens may still be in force. */
export type KeyStatus = 'next' | 'active' | 'retiring' | 'retired';

/** Where the private half is. Nobody can sign with what the table stores unless they may use KMS or read the environment. */
export type KeyOrigin =
  /** In `SIGNING_KEYS`, under the same `kid`. */
  | { readonly type: 'environment' }
  /** In KMS, which signs with it. `key_id` is an ARN. */
  | { readonly type: 'kms'; readonly key_id: string }
  /** Encrypted by a KMS key, and decrypted by the container that signs. */
  | WrappedPrivateKey;

/** A signing key before it is registered. */
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
 * All keys in one item, so that one write can activate a key and retire its predecessor. The first active key signs unless
 * another algorithm is asked for; no two active keys have the same algorithm.
 */
export interface KeyRegistry {
  readonly keys: readonly RegisteredKey[];
}

/** Every container has read a change after this many seconds. */
export const KEY_REFRESH_SECONDS = 60;

/** The keys of the JWK Set, whose tokens are accepted. */
export const publishedKeys = <Key extends Pick<RegisteredKey, 'status'>>({
  keys,
}: {
  readonly keys: readonly Key[];
}): Key[] => keys.filter(({ status }) => status !== 'retired');

/** The keys that sign. The first one is the default. */
export const activeKeys = ({ keys }: KeyRegistry): RegisteredKey[] => keys.filter(({ status }) => status === 'active');
