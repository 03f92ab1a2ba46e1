import { createHash, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { isSameResource } from '../oauth/resource-indicator.ts';

/** For one issuer and one audience. `id` is that of the ring key that it was derived from. */
export interface SealingKey {
  readonly id: string;
  readonly key: KeyObject;
}

export interface OpeningKeys {
  find(id: string, audience: string): SealingKey | undefined;
}

/** Derived from a ring of keys of 32 bytes, of which the first seals and all open. */
export interface SealingKeys extends OpeningKeys {
  /** Undefined when the ring is empty. */
  first(audience: string): SealingKey | undefined;
}

const ID_BYTES = 4;
const KEY_BYTES = 32;

/** HKDF-SHA-256 (RFC 5869): the derived key does not reveal the ring's. A URL contains no NUL, so the input is unambiguous. */
export const deriveSealingKey = (secret: Buffer, issuer: string, audience: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', `latchkey sealed access token\0${issuer}\0${audience}`, KEY_BYTES));

/** It reveals nothing about the key. */
export const sealingKeyId = (secret: Buffer): string =>
  createHash('sha256').update('latchkey sealing key id\0').update(secret).digest().toString('base64url', 0, ID_BYTES);

/** For a function that has the ring, and so can open the tokens of every audience. */
export function createSealingKeys(issuer: string, secrets: readonly Buffer[]): SealingKeys {
  const ring = new Map(secrets.map((secret) => [sealingKeyId(secret), secret]));
  const [first] = ring.keys();
  const find = (id: string, audience: string): SealingKey | undefined => {
    const secret = ring.get(id);
    return secret && { id, key: createSecretKey(deriveSealingKey(secret, issuer, audience)) };
  };
  return { find, first: (audience) => (first === undefined ? undefined : find(first, audience)) };
}

/** For an API that has those of its own audience only. */
export function createOpeningKeys(audience: string, keys: readonly SealingKey[]): OpeningKeys {
  const byId = new Map(keys.map((key) => [key.id, key]));
  return { find: (id, asked) => (isSameResource(asked, audience) ? byId.get(id) : undefined) };
}
