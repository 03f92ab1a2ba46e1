import type { Clock } from '../clock.ts';
import type { AccessTokenClaims } from '../oauth/access-token.ts';
import { InvalidToken } from '../oauth/errors.ts';

/** Seconds. */
export interface ClaimsPolicy {
  readonly issuer: string;
  readonly clock: Clock;
  readonly clockSkew: number;
  readonly maxLifetime: number;
}

/**
 * Seconds that the clock of whoever issued a token may be ahead, or further if `clockSkew` is more. Without them, a good token is
 * refused for the first second of its life as soon as two clocks differ at all, which clients cannot tell from a real refusal. There
 * is none for `exp`, because nothing breaks when a token ends in time. RFC 7519 sections 4.1.5 and 4.1.6
 */
export const START_LEEWAY_SECONDS = 5;

type Claims = Readonly<Record<string, unknown>>;

/**
 * RFC 9068 sections 2.2 and 4, RFC 7519 section 4.1; stricter: docs/design.md section 8. @throws InvalidToken naming the claim
 */
export function validateClaims(
  claims: Claims,
  { issuer, clock, clockSkew, maxLifetime }: ClaimsPolicy,
): AccessTokenClaims {
  const { iss, aud, exp, iat, nbf, sub, client_id, jti, grant_id, root_sid, scope, cnf } = claims;
  const now = clock();
  const latestStart = now + Math.max(clockSkew, START_LEEWAY_SECONDS);
  if (iss !== issuer) throw new InvalidToken('has the wrong iss');
  if (!isAudience(aud)) throw new InvalidToken('has a missing or invalid aud');
  if (!isTime(exp)) throw new InvalidToken('has a missing or invalid exp');
  if (!isTime(iat)) throw new InvalidToken('has a missing or invalid iat');
  if (exp <= now - clockSkew) throw new InvalidToken('has expired');
  if (iat > latestStart) throw new InvalidToken('has an iat in the future');
  if (exp <= iat || exp - iat > maxLifetime) throw new InvalidToken('has a lifetime that is not allowed');
  if (nbf !== undefined && !isTime(nbf)) throw new InvalidToken('has an invalid nbf');
  if (nbf !== undefined && nbf > latestStart) throw new InvalidToken('is not valid yet');
  if (!isText(sub)) throw new InvalidToken('has a missing or invalid sub');
  if (!isText(client_id)) throw new InvalidToken('has a missing or invalid client_id');
  if (!isText(jti) || jti.length > MAX_JTI_LENGTH) throw new InvalidToken('has a missing or invalid jti');
  if (grant_id !== undefined && !isText(grant_id)) throw new InvalidToken('has an invalid grant_id');
  if (root_sid !== undefined && !isText(root_sid)) throw new InvalidToken('has an invalid root_sid');
  if (scope !== undefined && typeof scope !== 'string' && !isScopeList(scope)) {
    throw new InvalidToken('has an invalid scope');
  }
  // The proof of possession is not checked here (RFC 7800), and accepting the token would make it a bearer token.
  if (cnf !== undefined) throw new InvalidToken('is bound to a key');
  const validated = claims as unknown as AccessTokenClaims;
  return Array.isArray(scope) ? { ...validated, scope: scope.join(' ') } : validated;
}

/** It may become a sort key, and APIs choose those of the sealed tokens that they make. */
const MAX_JTI_LENGTH = 128;

/** In tokens for APIs that are registered so. */
const isScopeList = (value: unknown) =>
  Array.isArray(value) && value.length > 0 && value.every((token) => isText(token) && !token.includes(' '));

const isTime = (value: unknown): value is number => Number.isSafeInteger(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isAudience = (value: unknown) =>
  isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText));
