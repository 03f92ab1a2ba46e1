import type { AccessToken } from './access-token.ts';

/** From the widest. Those of key, grant and token cover all tokens; the others cover tokens issued up to some time. */
export const revocationKinds = ['issuer', 'subject', 'client', 'key', 'consent', 'session', 'grant', 'token'] as const;

export type RevocationKind = (typeof revocationKinds)[number];

/** Seconds: the largest configurable leeway on `exp`, so entries are kept for that much longer. */
export const MAX_CLOCK_SKEW_SECONDS = 300;

/** Times are seconds since the epoch. */
export interface Revocation {
  readonly kind: RevocationKind;
  readonly id: string;
  /** Covers only tokens for this audience alone; absent = for any. */
  readonly audience?: string;
  readonly revoked_at: number;
  /** Covers tokens with `iat` up to this time; absent = all. */
  readonly issued_until?: number;
  /** When the last covered access token has expired everywhere. */
  readonly expires_at: number;
}

/** What a subject has allowed a client: for a client that asks nobody, all that it has got for the subject. */
export const consentId = (sub: string, client_id: string): string => JSON.stringify([sub, client_id]);

/** For each kind, the id of an entry that would revoke the token. */
export const revocationIds = ({ claims, key }: AccessToken): Readonly<Record<RevocationKind, string | undefined>> => ({
  token: claims.jti,
  grant: claims.grant_id,
  session: claims.root_sid,
  consent: consentId(claims.sub, claims.client_id),
  key,
  client: claims.client_id,
  subject: claims.sub,
  issuer: claims.iss,
});

/** `delay` extends it to tokens from containers that have not read the change yet. All in seconds. */
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
