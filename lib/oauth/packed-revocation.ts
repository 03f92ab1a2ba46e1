import { hash } from 'node:crypto';
import type { AccessToken } from './access-token.ts';
import { type Revocation, type RevocationKind, revocationIds, revocationKinds } from './revocation.ts';

// An entry of the revocation list as the table holds it, in bytes: kind (1), hash of what it names (10), tag of the share
// that it takes from (4), and `issued_until` (4) if it has one. The key, by which it is found, is kind and hash.

export const KEY_BYTES = 11;
const TAG_AT = KEY_BYTES;
const UNTIL_AT = TAG_AT + 4;
const LONG_BYTES = UNTIL_AT + 4;
/** Of base64. */
const SHORT_CHARACTERS = (UNTIL_AT / 3) * 4;
const HASH_CHARACTERS = ((KEY_BYTES - 1) * 8) / 4;

/** In memory, all entries are as long as one with `issued_until`. */
export const ENTRY_BYTES = LONG_BYTES;

/** For an entry that covers all tokens, whenever they were issued. */
const ALWAYS = 0xff_ff_ff_ff;

/** Stored, so a number never gets another meaning. */
const codes = {
  issuer: 1,
  subject: 2,
  client: 3,
  key: 4,
  grant: 5,
  token: 6,
  session: 7,
  consent: 8,
} as const satisfies Record<RevocationKind, number>;

const knownCodes: ReadonlySet<number> = new Set(Object.values(codes));

/** 80 bits: an API may choose the ids of its own tokens, and must not hit those of others. */
const hashOf = (text: string) => hash('sha256', text).slice(0, HASH_CHARACTERS);

/** JSON keeps the parts apart, whatever is in them. */
export function revocationKey(kind: RevocationKind, id: string, audience?: string): Buffer {
  const key = Buffer.alloc(KEY_BYTES, codes[kind]);
  key.write(hashOf(JSON.stringify([kind, audience ?? null, id])), 1, 'hex');
  return key;
}

/** The keys of all entries that would cover the token, if it was issued early enough. */
export function coveringKeys(token: AccessToken): readonly Buffer[] {
  const known = keysOfTokens.get(token);
  if (known) return known;
  const ids = revocationIds(token);
  const keys = revocationKinds.flatMap((kind) => {
    const id = ids[kind];
    return id === undefined ? [] : [revocationKey(kind, id)];
  });
  const { aud, jti } = token.claims;
  if (typeof aud === 'string') keys.push(revocationKey('token', jti, aud));
  keysOfTokens.set(token, keys);
  return keys;
}

/** A token that is shown again needs no hashes. */
const keysOfTokens = new WeakMap<AccessToken, readonly Buffer[]>();

/** A number of 32 bits; 0 = of nobody's share. */
export const shareTag = (share: string | undefined): number =>
  share === undefined ? 0 : Number.parseInt(hash('sha256', share).slice(0, 8), 16) || 1;

/** @param share of the list that it takes from, such as a `client_id`. @returns base64 */
export function packRevocation({ kind, id, audience, issued_until }: Revocation, share?: string): string {
  const bytes = Buffer.alloc(issued_until === undefined ? UNTIL_AT : LONG_BYTES);
  bytes.set(revocationKey(kind, id, audience));
  bytes.writeUInt32BE(shareTag(share), TAG_AT);
  if (issued_until !== undefined) bytes.writeUInt32BE(Math.min(Math.max(0, issued_until), ALWAYS), UNTIL_AT);
  return bytes.toString('base64');
}

/**
 * Decodes packed entries, each into `ENTRY_BYTES`. Most have no `issued_until`, and no padding: those are decoded by one call,
 * because a million calls would take half a second. @returns false if one is no entry
 */
export function unpackInto(bytes: Buffer, at: number, packed: readonly string[]): boolean {
  const long = packed.filter(({ length }) => length !== SHORT_CHARACTERS);
  const short = long.length === 0 ? packed : packed.filter(({ length }) => length === SHORT_CHARACTERS);
  const decoded = Buffer.from(short.join(''), 'base64');
  if (decoded.length !== short.length * UNTIL_AT) return false;
  let to = at;
  for (let from = 0; from < decoded.length; from += UNTIL_AT, to += ENTRY_BYTES) {
    for (let index = 0; index < UNTIL_AT; index++) bytes[to + index] = decoded[from + index] ?? 0;
    bytes.writeUInt32BE(ALWAYS, to + UNTIL_AT);
    if (!knownCodes.has(bytes[to] ?? 0)) return false;
  }
  return long.every((one, index) => {
    const place = to + index * ENTRY_BYTES;
    return bytes.write(one, place, LONG_BYTES, 'base64') === LONG_BYTES && knownCodes.has(bytes[place] ?? 0);
  });
}

export const tagAt = (bytes: Buffer, at: number): number => bytes.readUInt32BE(at + TAG_AT);

/** Seconds since the epoch; `Infinity` = covers tokens whenever they were issued. */
export function issuedUntilAt(bytes: Buffer, at: number): number {
  const until = bytes.readUInt32BE(at + UNTIL_AT);
  return until === ALWAYS ? Number.POSITIVE_INFINITY : until;
}
