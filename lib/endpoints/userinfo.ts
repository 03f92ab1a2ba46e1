import { bearerError, invalidBearerToken, readBearerToken } from '../http/bearer.ts';
import type { Identify } from '../http/cors.ts';
import { type HttpResponse, json } from '../http/message.ts';
import type { Endpoint } from '../http/serve.ts';
import type { LogContext } from '../log.ts';
import { type AccessToken, type AccessTokenClaims, countsAt, STRICT_MAX_AGE } from '../oauth/access-token.ts';
import { parseClaimsRequest } from '../oauth/claims-request.ts';
import type { Client } from '../oauth/client.ts';
import { InvalidToken } from '../oauth/errors.ts';
import type { GivenAccess } from '../store/grant.ts';
import type { ValidationContext } from '../tokens/format.ts';
import { formatOf, formats } from '../tokens/formats.ts';
import { validateAccessToken } from '../tokens/validate.ts';
import { findUserClaims, selectClaims, type UserClaimsContext } from '../users/claims.ts';

export interface UserinfoContext extends LogContext, ValidationContext, UserClaimsContext {
  findClient(client_id: string): Promise<Client | undefined>;
  findGrant(grant_id: string): Promise<GivenAccess | undefined>;
}

/** Always strict: a token that was revoked before the request is refused. OpenID Connect Core section 5.3 */
export const userinfo: Endpoint<UserinfoContext> = {
  methods: ['GET', 'POST'],
  cors: 'client',
  async handle(request, context, identify) {
    const token = readBearerToken(request);
    if (token === undefined) return unauthenticated(context);
    try {
      const { claims } = believe(await validateAccessToken(token, STRICT_MAX_AGE, context), context);
      const client = await context.findClient(claims.client_id);
      if (client) identify(client);
      if (!client?.enabled) throw new InvalidToken('was issued to a client that no longer exists');
      return json(200, await describe(claims, client, context));
    } catch (error) {
      if (!(error instanceof InvalidToken)) throw error;
      if (request.header('origin').length > 0) await identifyOwner(token, context, identify);
      throw invalidBearerToken(error);
    }
  },
};

/** The audience of this endpoint is the issuer. @throws InvalidToken when an API could have made the token */
function believe(token: AccessToken, { issuer }: UserinfoContext): AccessToken {
  if (countsAt(token, issuer)) return token;
  throw new InvalidToken('is in a format that counts at its own audience only');
}

/**
 * What the stored grant says is believed, as far as the token was not narrowed. @throws InvalidToken when the user or the grant is
 * gone, or the token differs from the grant; OAuthError `insufficient_scope`
 */
async function describe(claims: AccessTokenClaims, client: Client, context: UserinfoContext) {
  const { sub, client_id, grant_id } = claims;
  const narrowed = claims.scope?.split(' ') ?? [];
  requireOpenId(narrowed);
  if (sub === client_id) throw new InvalidToken('has a client as its subject');
  const [known, grant] = await Promise.all([findUserClaims(sub, context), context.findGrant(grant_id)]);
  if (!known) throw new InvalidToken('has a subject that is disabled or no longer exists');
  if (!grant) throw new InvalidToken('belongs to a grant that is not in the table');
  if (grant.state === 'revoked') throw new InvalidToken('belongs to a grant that was revoked');
  if (grant.sub !== sub || grant.client_id !== client_id) throw new InvalidToken('differs from its grant');
  const scope = grant.scope.filter((token) => narrowed.includes(token));
  requireOpenId(scope);
  const requested = parseClaimsRequest(grant.claims).userinfo;
  return { ...selectClaims(known, { scope, requested, allowed: client.scope.split(' ') }), sub };
}

function requireOpenId(scope: readonly string[]): void {
  if (scope.includes('openid')) return;
  throw bearerError('insufficient_scope', 'the access token lacks the scope openid', 403, { scope: 'openid' });
}

/** Even of an expired token: the client's page can only read the error if the response allows its origin. */
async function identifyOwner(token: string, context: UserinfoContext, identify: Identify): Promise<void> {
  try {
    const ignoringExpiry = { ...context, clockSkew: Number.POSITIVE_INFINITY };
    const { claims } = believe(await formats[formatOf(token)].verify(token, ignoringExpiry), context);
    identify((await context.findClient(claims.client_id)) ?? {});
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
  }
}

/** A request without a token gets a challenge without an error code. RFC 6750 section 3.1 */
function unauthenticated({ log }: UserinfoContext): HttpResponse {
  log.info('refused', { reason: 'no authentication' });
  return { status: 401, headers: { 'www-authenticate': 'Bearer', 'cache-control': 'no-store' }, body: '' };
}
