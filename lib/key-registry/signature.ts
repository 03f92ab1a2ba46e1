import { createHash, type KeyObject, verify } from 'node:crypto';
import type { KeyRegistry, SignedRegistry, StoredRegistry } from './registry.ts';

/** So that the key of the registry signs nothing that could be taken for something else. */
const LABEL = 'latchkey key registry\0';

/** A digest, because KMS signs at most 4,096 bytes with Ed25519. The same for an item that was written and read again. */
export function signedBytes(
  issuer: string,
  { keys, sequence, signed_at }: KeyRegistry & Pick<SignedRegistry, 'sequence' | 'signed_at'>,
): Buffer {
  const text = JSON.stringify({ issuer, keys, sequence, signed_at }, sortMembers);
  return Buffer.from(LABEL + createHash('sha256').update(text).digest('base64url'));
}

/** As in RFC 8785, because the table does not keep the order of members. */
function sortMembers(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

export const isSigned = (registry: StoredRegistry): registry is SignedRegistry => registry.signature !== undefined;

/** @param keys Ed25519, public; any of them may have signed */
export function isSignedBy(keys: readonly KeyObject[], issuer: string, registry: SignedRegistry): boolean {
  const data = signedBytes(issuer, registry);
  const signature = Buffer.from(registry.signature, 'base64url');
  return keys.some((key) => verify(null, data, key, signature));
}
