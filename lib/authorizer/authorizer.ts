import { createBoundedMap } from '../bounded-map.ts';
import { createContainer } from '../container.ts';
import type { Extensions } from '../extensions.ts';
import { parseBearer } from '../http/bearer.ts';
import type { Log, LogContext } from '../log.ts';
import { type AccessToken, audiences, isSelfContained, type RevocationMaxAge } from '../oauth/access-token.ts';
import { InvalidToken, LastingRefusal } from '../oauth/errors.ts';
import { isSameResource } from '../oauth/resource-indicator.ts';
import type { ValidationContext } from '../tokens/format.ts';
import { formats } from '../tokens/formats.ts';
import { validateAccessToken } from '../tokens/validate.ts';
import { type AuthorizerRequest, parseAuthorizerEvent } from './event.ts';
import {
  type AuthorizerResponse,
  allow,
  claimsContext,
  type ResponseFormat,
  refuse,
  Unauthorized,
} from './response.ts';
import { digestOf, MAX_TOKENS, type VerifiedToken } from './verified-tokens.ts';

export interface AuthorizerContext extends LogContext, ValidationContext {
  readonly audience: string;
  readonly maxAge: RevocationMaxAge;
  /** Until when the loaded keys may be relied on, in seconds since the epoch. */
  keysUntil(): number;
  readonly responseFormat: ResponseFormat;
  readonly extensions: Extensions;
}

/** API Gateway then answers 500 and caches nothing. Lambda logs the message, so it gives no details. */
export class AuthorizerFault extends Error {
  constructor() {
    super('the authorizer cannot decide');
    this.name = 'AuthorizerFault';
  }
}

export function createAuthorizer(compose: () => AuthorizerContext) {
  const handle = createContainer(() => createDecider(compose()));
  return async (event: unknown, invocation?: unknown): Promise<AuthorizerResponse> => {
    const answer = await handle(
      event,
      invocation,
      ({ decide, log }) => decide(parseAuthorizerEvent(event), log),
      () => {
        throw new AuthorizerFault();
      },
    );
    if (answer instanceof Unauthorized) throw answer;
    return answer;
  };
}

function createDecider(context: AuthorizerContext) {
  const { responseFormat, extensions, log } = context;
  const verify = createVerification(context);
  const decide = async (request: AuthorizerRequest, requestLog: Log): Promise<AuthorizerResponse | Unauthorized> => {
    try {
      const { accessToken, context: ownContext } = await verify(request.authorization);
      const added = extensions.tokenValidated?.(accessToken);
      return allow(request, responseFormat, accessToken.claims.sub, added ? { ...added, ...ownContext } : ownContext);
    } catch (error) {
      if (!(error instanceof InvalidToken)) throw error;
      requestLog.info('refused', { reason: error.message });
      return refuse(request, responseFormat);
    }
  };
  return { decide, log };
}

/** Throws InvalidToken. */
function createVerification(context: AuthorizerContext) {
  const { audience, clock, clockSkew, keysUntil, maxAge, revocations } = context;
  const verified = createBoundedMap<VerifiedToken>(MAX_TOKENS);
  const refused = createBoundedMap<LastingRefusal>(MAX_TOKENS);

  /** A reference token is read again with the revocation list; a self-contained token when its key may have been withdrawn. */
  const until = ({ format, claims }: AccessToken, now: number) => {
    const expiry = claims.exp + clockSkew;
    if (!isSelfContained(format)) return Math.min(expiry, now + maxAge[format]);
    return formats[format].isSigned ? Math.min(expiry, keysUntil()) : expiry;
  };

  const verify = async (token: string, now: number): Promise<VerifiedToken> => {
    const accessToken = await validateAccessToken(token, maxAge, context);
    if (!audiences(accessToken.claims.aud).some((aud) => isSameResource(aud, audience)))
      throw new LastingRefusal('is for another audience');
    return { accessToken, context: claimsContext(accessToken), since: now, until: until(accessToken, now) };
  };

  const decide = async (token: string, digest: string): Promise<VerifiedToken> => {
    const now = clock();
    const known = verified.get(digest);
    // `now < since` means that the clock was set back.
    if (!known || now < known.since || now >= known.until) {
      const entry = await verify(token, now);
      verified.set(digest, entry);
      return entry;
    }
    const fresh = revocations.fresh(maxAge[known.accessToken.format]);
    const list = fresh instanceof Promise ? await fresh : fresh;
    if (list.isRevoked(known.accessToken)) throw new LastingRefusal('was revoked');
    return known;
  };

  return async (authorization: readonly string[]): Promise<VerifiedToken> => {
    const token = parseBearer(authorization);
    if (token === undefined) throw new InvalidToken('is missing or not sent as one bearer token');
    const digest = digestOf(token);
    const refusal = refused.get(digest);
    if (refusal) throw refusal;
    try {
      return await decide(token, digest);
    } catch (error) {
      if (error instanceof LastingRefusal) refused.set(digest, error);
      throw error;
    }
  };
}
