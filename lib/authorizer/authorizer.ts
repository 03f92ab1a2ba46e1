import { createContainer } from '../container.ts';
import type { Extensions } from '../extensions.ts';
import { parseBearer } from '../http/bearer.ts';
import type { Log, LogContext } from '../log.ts';
import {
  type AccessToken,
  audiences,
  isSelfContained,
  isSigned,
  type RevocationMaxAge,
} from '../oauth/access-token.ts';
import { InvalidToken } from '../oauth/errors.ts';
import type { RevokingContext } from '../tokens/format.ts';
import { validateAccessToken } from '../tokens/validate.ts';
import { type Answer, allow, contextOf, type ResponseType, refuse, Unauthorized } from './answer.ts';
import { type AuthorizerRequest, parseAuthorizerEvent } from './event.ts';
import { createVerifiedTokens, type VerifiedToken } from './verified-tokens.ts';

export interface AuthorizerContext extends LogContext, RevokingContext {
  readonly audience: string;
  readonly maxAge: RevocationMaxAge;
  /** Until when the keys that verify tokens now are known to count, in seconds since the epoch. */
  keysUntil(): number;
  readonly responseType: ResponseType;
  readonly extensions: Extensions;
}

/** Thrown for every fault of ours: the gateway answers 500 and caches nothing. Says nothing, as Lambda logs it. */
export class AuthorizerFault extends Error {
  constructor() {
    super('the authorizer cannot decide');
    this.name = 'AuthorizerFault';
  }
}

/** Makes the Lambda authorizer. */
export function createAuthorizer(compose: () => AuthorizerContext) {
  const handle = createContainer(() => createDecision(compose()));
  return async (event: unknown, invocation?: unknown): Promise<Answer> => {
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

/** What decides about requests in this container. */
function createDecision(context: AuthorizerContext) {
  const { responseType, extensions, log } = context;
  const verify = createVerification(context);
  const decide = async (request: AuthorizerRequest, requestLog: Log): Promise<Answer | Unauthorized> => {
    try {
      const { accessToken, context: ours } = await verify(request.authorization);
      const more = extensions.tokenValidated?.(accessToken);
      return allow(request, responseType, accessToken.claims.sub, more ? { ...more, ...ours } : ours);
    } catch (error) {
      if (!(error instanceof InvalidToken)) throw error;
      requestLog.info('refused', { reason: error.message });
      return refuse(request, responseType);
    }
  };
  return { decide, log };
}

/** @returns the verified token of the `Authorization` headers, or throws InvalidToken */
function createVerification(context: AuthorizerContext) {
  const { audience, clock, clockSkew, keysUntil, maxAge, revocations } = context;
  const verified = createVerifiedTokens();

  /**
   * A token that is in the table has to be read again as soon as the list; any other speaks for itself until it expires,
   * or the key that signed it may have been withdrawn.
   */
  const until = ({ format, claims }: AccessToken, now: number) => {
    const expiry = claims.exp + clockSkew;
    if (!isSelfContained(format)) return Math.min(expiry, now + maxAge[format]);
    return isSigned(format) ? Math.min(expiry, keysUntil()) : expiry;
  };

  const verify = async (token: string, now: number): Promise<VerifiedToken> => {
    const accessToken = await validateAccessToken(token, maxAge, context);
    if (!audiences(accessToken.claims.aud).includes(audience)) throw new InvalidToken('is for another audience');
    return { accessToken, context: contextOf(accessToken), since: now, until: until(accessToken, now) };
  };

  return async (authorization: readonly string[]): Promise<VerifiedToken> => {
    const token = parseBearer(authorization);
    if (token === undefined) throw new InvalidToken('is not there as one bearer token');
    const now = clock();
    const digest = verified.digest(token);
    const known = verified.get(digest);
    // Verified in the future: the clock was set back.
    if (!known || now < known.since || now >= known.until) {
      const entry = await verify(token, now);
      verified.set(digest, entry);
      return entry;
    }
    const fresh = revocations.fresh(maxAge[known.accessToken.format]);
    const list = fresh instanceof Promise ? await fresh : fresh;
    if (list.isRevoked(known.accessToken)) throw new InvalidToken('was revoked');
    return known;
  };
}
