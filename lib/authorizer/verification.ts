import { hash } from 'node:crypto';
import { createBoundedMap } from '../bounded-map.ts';
import { isWithin, type Moment, momentOf, type Span } from '../clock.ts';
import { parseBearer, presumedToken } from '../http/bearer.ts';
import { type AccessToken, audiences, isSelfContained, type RevocationMaxAge } from '../oauth/access-token.ts';
import { InvalidToken, LastingRefusal } from '../oauth/errors.ts';
import { isSameResource } from '../oauth/resource-indicator.ts';
import type { Revocations } from '../revocation/list.ts';
import type { ValidationContext } from '../tokens/format.ts';
import { formats } from '../tokens/formats.ts';
import { validateAccessToken } from '../tokens/validate.ts';
import { claimsContext, type MembershipClaims, type ResponseContext } from './response.ts';

export interface VerificationContext extends ValidationContext {
  readonly audience: string;
  readonly maxAge: RevocationMaxAge;
  readonly membershipClaims: MembershipClaims;
  /** In which span the loaded keys may be relied on; undefined = always. */
  keysIn(): Span | undefined;
}

export interface VerifiedToken {
  readonly accessToken: AccessToken;
  readonly context: ResponseContext;
  /** When it was verified, and when it expires, in seconds since the epoch. Its revocation is checked at every use. */
  readonly since: number;
  readonly until: number;
  /** In which what it was verified with may be relied on; undefined = always. */
  readonly reliableIn: Span | undefined;
  /** The list did not revoke it when so many entries had been added. */
  clearOf?: number;
}

/** Of each kind, in one container. */
const MAX_TOKENS = 1_000;

const digestOf = (token: string) => hash('sha256', token, 'base64');

/** Remembers the tokens that it has verified or refused. */
export function createVerification(context: VerificationContext) {
  const { audience, clock, clockSkew, keysIn, maxAge, membershipClaims, revocations } = context;
  /** By their text, because a digest would take longer than all else: docs/security.md */
  const verified = createBoundedMap<VerifiedToken>(MAX_TOKENS);
  /** By their digests. Other APIs may accept them. */
  const refused = createBoundedMap<LastingRefusal>(MAX_TOKENS);

  /** A reference token is read again with the revocation list; a self-contained token when its key may have been withdrawn. */
  const reliableIn = ({ format }: AccessToken, since: Moment): Span | undefined => {
    if (!isSelfContained(format)) return { since, seconds: maxAge[format] };
    return formats[format].isSigned ? keysIn() : undefined;
  };

  const check = async (token: string): Promise<VerifiedToken> => {
    const now = momentOf(clock);
    const accessToken = await validateAccessToken(token, maxAge, context);
    if (!audiences(accessToken.claims.aud).some((aud) => isSameResource(aud, audience)))
      throw new LastingRefusal('is for another audience');
    return {
      accessToken,
      context: claimsContext(accessToken, membershipClaims),
      since: now.time,
      until: accessToken.claims.exp + clockSkew,
      reliableIn: reliableIn(accessToken, now),
    };
  };

  const checkUnlessRefused = async (token: string): Promise<VerifiedToken> => {
    const digest = digestOf(token);
    const requireNotRefused = () => {
      const refusal = refused.get(digest);
      if (refusal) throw refusal;
    };
    requireNotRefused();
    const entry = await check(token);
    // Another request may have learned meanwhile that the token was revoked.
    requireNotRefused();
    verified.set(token, entry);
    return entry;
  };

  /** The caller checks its revocation. */
  const find = (token: string, now: Moment): VerifiedToken | undefined => {
    const known = verified.get(token);
    if (!known) return undefined;
    // `time < since` means that the clock was set back.
    if (now.time < known.since || now.time >= known.until) return undefined;
    return !known.reliableIn || isWithin(known.reliableIn, now) ? known : undefined;
  };

  const isRevoked = (known: VerifiedToken, list: Revocations): boolean => {
    const added = list.added();
    if (known.clearOf === added) return false;
    if (list.isRevoked(known.accessToken)) return true;
    known.clearOf = added;
    return false;
  };

  const verifyToken = async (token: string): Promise<VerifiedToken> => {
    const known = find(token, momentOf(clock));
    if (!known) return checkUnlessRefused(token);
    const list = await revocations.fresh(maxAge[known.accessToken.format]);
    if (isRevoked(known, list)) throw new LastingRefusal('was revoked');
    return known;
  };

  return {
    /** A token that was seen before and can be accepted at once; about any other one, `verify` decides. */
    recall(authorization: readonly string[]): VerifiedToken | undefined {
      const token = presumedToken(authorization);
      if (token === undefined) return undefined;
      const now = momentOf(clock);
      const known = find(token, now);
      const list = known && revocations.freshAtOnce(maxAge[known.accessToken.format], now);
      return list && !isRevoked(known, list) ? known : undefined;
    },

    /** @throws InvalidToken */
    async verify(authorization: readonly string[]): Promise<VerifiedToken> {
      const token = parseBearer(authorization);
      if (token === undefined) throw new InvalidToken('is missing or not sent as one bearer token');
      try {
        return await verifyToken(token);
      } catch (error) {
        if (error instanceof LastingRefusal) {
          verified.delete(token);
          refused.set(digestOf(token), error);
        }
        throw error;
      }
    },
  };
}
