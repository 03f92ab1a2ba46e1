import { InvalidToken } from '../oauth/errors.ts';
import { MAX_TOKEN_LENGTH } from './formats.ts';
import type { createChangingJwtVerifier } from './jws.ts';

export interface IdTokenHintContext {
  readonly issuer: string;
  /** Of JWTs typed as ID tokens are, and of no others. */
  readonly verifyIdToken: ReturnType<typeof createChangingJwtVerifier>;
}

/** Whom an ID token was about, and which client it was for. */
export interface IdTokenHint {
  readonly sub: string;
  readonly client_id: string;
}

/**
 * An ID token of ours that a client shows to say whom it means. It is no proof of anything else, so that an expired one will
 * do. OpenID Connect Core section 3.1.2.1, RP-Initiated Logout section 2
 * @throws InvalidToken; Unavailable
 */
export async function verifyIdTokenHint(
  token: string,
  { issuer, verifyIdToken }: IdTokenHintContext,
): Promise<IdTokenHint> {
  if (token.length > MAX_TOKEN_LENGTH) throw new InvalidToken('is too long');
  const { iss, sub, aud } = (await verifyIdToken(token)).claims;
  if (iss !== issuer) throw new InvalidToken('has another iss');
  if (typeof sub !== 'string' || sub === '') throw new InvalidToken('has no proper sub');
  if (typeof aud !== 'string' || aud === '') throw new InvalidToken('has no proper aud');
  return { sub, client_id: aud };
}
