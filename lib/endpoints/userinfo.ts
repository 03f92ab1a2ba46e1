import { bearerError, readBearerToken } from '../http/bearer.ts';
import type { Identify } from '../http/cors.ts';
import { type HttpResponse, json } from '../http/message.ts';
import type { Endpoint } from '../http/serve.ts';
import type { LogContext } from '../log.ts';
import { type AccessTokenClaims, STRICT } from '../oauth/access-token.ts';
import { parseClaimsRequest } from '../oauth/claims-request.ts';
import type { Client } from '../oauth/client.ts';
import { InvalidToken } from '../oauth/errors.ts';
import type { GrantState } from '../oauth/grant-state.ts';
import type { RevokingContext } from '../tokens/format.ts';
import { formatOf, formats } from '../tokens/formats.ts';
import { validateAccessToken } from '../tokens/validate.ts';
import { findUserClaims, selectClaims, type UserClaimsContext } from '../users/claims.ts';

export interface UserinfoContext extends LogContext, RevokingContext, UserClaimsContext {
  findClient(client_id: string): Promise<Client | undefined>;
  findGrant(grant_id: string): Promise<GrantState | undefined>;
}

/**
 * What a client may know of the subject of its access token. OpenID Connect Core section 5.3. Always strict: a token that was
 * revoked before the request is refused.
 */
export const userinfo: Endpoint<UserinfoContext> = {
  methods: ['GET', 'POST'],
  cors: 'client',
  async handle(request, context, identify) {
    const token = readBearerToken(request);
    if (token === undefined) return unauthenticated(context);
    try {
      const { claims } = await validateAccessToken(token, STRICT, context);
      const client = await context.findClient(claims.client_id);
      if (client) identify(client);
      if (!client?.enabled) throw new InvalidToken('is of a client that is not there any more');
      return json(200, await describe(claims, client, context));
    } catch (error) {
      if (!(error instanceof InvalidToken)) throw error;
      if (request.header('origin').length > 0) await identifyOwner(token, context, identify);
      throw bearerError('invalid_token', 'the access token is expired, revoked or none of ours', 401, {
        reason: `the access token ${error.message}`,
      });
    }
  },
};

/** @throws InvalidToken when it is of nobody who can sign in; OAuthError `insufficient_scope` */
async function describe(claims: AccessTokenClaims, client: Client, context: UserinfoContext) {
  const { sub, client_id, grant_id, scope: granted = '' } = claims;
  const scope = granted.split(' ');
  if (!scope.includes('openid')) {
    throw bearerError('insufficient_scope', 'the access token has no scope openid', 403, { scope: 'openid' });
  }
  if (sub === client_id) throw new InvalidToken('is of a client and not of a person');
  const [known, grant] = await Promise.all([findUserClaims(sub, context), context.findGrant(grant_id)]);
  if (!known) throw new InvalidToken('is of a user who is not there any more');
  if (grant?.state === 'revoked') throw new InvalidToken('is of a grant that has ended');
  const requested = parseClaimsRequest(grant?.claims).userinfo;
  return { ...selectClaims(known, { scope, requested, allowed: client.scope.split(' ') }), sub };
}

/** A page has to be able to read that its token has expired. So whose it was is found out without regard to time. */
async function identifyOwner(token: string, context: UserinfoContext, identify: Identify): Promise<void> {
  try {
    const timeless = { ...context, clockSkew: Number.POSITIVE_INFINITY };
    const { claims } = await formats[formatOf(token)].verify(token, timeless);
    identify((await context.findClient(claims.client_id)) ?? {});
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
  }
}

/** Who sent no token is told how to send one, and not that anything was wrong. RFC 6750 section 3.1 */
function unauthenticated({ log }: UserinfoContext): HttpResponse {
  log.info('refused', { reason: 'no authentication' });
  return { status: 401, headers: { 'www-authenticate': 'Bearer', 'cache-control': 'no-store' }, body: '' };
}
