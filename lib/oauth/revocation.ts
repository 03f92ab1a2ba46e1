import type { AccessToken } from './access-token.ts';

/**
 * What a revocation names, from the widest to the narrowest. A key, a grant or a token ends for good; the issuer, a
 * subject or a client ends for every token that was issued up to a time.
 */
export const revocationKinds = ['issuer', 'subject', 'client', 'key', 'grant', 'token'] as const;

export type RevocationKind = (typeof revocationKinds)[number];

/**
 * The widest leeway on `exp` that a verifier may be configured with, in seconds. For so long after its `exp` a token can
 * still be accepted somewhere, so entries are kept for as much longer.
 */
export const MAX_CLOCK_SKEW_SECONDS = 300;

/** An entry of the revocation list. Times are seconds since the epoch. */
export interface Revocation {
  readonly kind: RevocationKind;
  readonly id: string;
  readonly revoked_at: number;
  /** Tokens with `iat` up to this time are covered; absent = all. */
  readonly issued_until?: number;
  /** When the last access token that it can concern has expired everywhere. */
  readonly expires_at: number;
}

/** What a token can be revoked by: the id under which an entry of each kind would name it. */
export const revocationIds = ({ claims, key }: AccessToken): Readonly<Record<RevocationKind, string | undefined>> => ({
  token: claims.jti,
  grant: claims.grant_id,
  key,
  client: claims.client_id,
  subject: claims.sub,
  issuer: claims.iss,
});

/** Whether an entry of a kind and id that the token can be revoked by covers it. */
export const covers = (entry: Revocation, token: AccessToken): boolean => token.claims.iat <= until(entry);

/** Of two entries that name the same: whether one makes the other needless. Of equals for a token the older one does. */
export const supersedes = (one: Revocation, other: Revocation): boolean =>
  until(one) >= until(other) &&
  one.expires_at >= other.expires_at &&
  (one.kind !== 'token' || one.revoked_at <= other.revoked_at);

const until = ({ issued_until = Number.POSITIVE_INFINITY }: Revocation) => issued_until;

/**
 * One entry that ends every access token of a client, a subject, a key, a grant or the whole issuer.
 * @param lifetime the longest an access token can live, in seconds: for so long the entry is kept
 * @param delay seconds for which tokens may still be issued by those that have not heard of it; they are covered as well
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
