import type { AccessToken } from './access-token.ts';

/**
 * What can be revoked, from the widest to the narrowest. The revocation of a key, a grant or a token covers all its tokens. That
 * of the issuer, a subject or a client covers the tokens that were issued up to some time.
 */
export const revocationKinds = ['issuer', 'subject', 'client', 'key', 'grant', 'token'] as const;

export type RevocationKind = (typeof revocationKinds)[number];

/**
 * The largest leeway on `exp` that a verifier can be configured with, in seconds. A token may still be accepted for that long
 * after its `exp`, so entries are kept for that much longer.
 */
export const MAX_CLOCK_SKEW_SECONDS = 300;

/** An entry of the revocation list. Times are seconds since the epoch. */
export interface Revocation {
  readonly kind: RevocationKind;
  readonly id: string;
  readonly revoked_at: number;
  /** Tokens with `iat` up to this time are covered; absent = all. */
  readonly issued_until?: number;
  /** When the last access token that the entry covers has expired everywhere. */
  readonly expires_at: number;
}

/** For each kind, the id of an entry that would revoke the token. */
export const revocationIds = ({ claims, key }: AccessToken): Readonly<Record<RevocationKind, string | undefined>> => ({
  token: claims.jti,
  grant: claims.grant_id,
  key,
  client: claims.client_id,
  subject: claims.sub,
  issuer: claims.iss,
});

/** Whether an entry covers a token, given that its kind and id are among the token's `revocationIds`. */
export const covers = (entry: Revocation, token: AccessToken): boolean => token.claims.iat <= until(entry);

/**
 * Whether one entry makes another of the same kind and id redundant. Of two equal entries for a token, the older one makes the
 * newer one redundant.
 */
export const supersedes = (one: Revocation, other: Revocation): boolean =>
  until(one) >= until(other) &&
  one.expires_at >= other.expires_at &&
  (one.kind !== 'token' || one.revoked_at <= other.revoked_at);

const until = ({ issued_until = Number.POSITIVE_INFINITY }: Revocation) => issued_until;

/**
 * An entry that revokes every access token of a client, a subject, a key, a grant or the whole issuer.
 * @param lifetime the longest lifetime of an access token in seconds, for which the entry is kept
 * @param delay seconds in which containers may still issue such tokens because they have not read the change yet; the entry
 * covers these tokens, too
 */
export function createRevocation(
  kind: Exclude<RevocationKind, 'token'>,
  id: string,
  { now, lifetime, delay = 0 }: { now: number; lifetime: number; delay?: number },
): Revocation {
  const issued_until = now + delay;
  const endsForGood = kind === 'key' || kind === 'grant';
  const expires_at = issued_until + lifetime + MAX_CLOCK_SKEW_SECONDS;
  return { kind, id, revoked_at: now, expires_at, ...(!endsForGood && { issued_until }) };
}
