import {
  authenticateCaller,
  type Caller,
  type CallerAuthenticationContext,
  callerId,
} from '../client-authentication/authenticate.ts';
import { parseForm } from '../http/form.ts';
import { json } from '../http/message.ts';
import type { Endpoint } from '../http/serve.ts';
import type { LogContext } from '../log.ts';
import {
  type AccessToken,
  type AccessTokenClaims,
  audiences,
  isReadable,
  STRICT_MAX_AGE,
} from '../oauth/access-token.ts';
import type { Client } from '../oauth/client.ts';
import { InvalidToken } from '../oauth/errors.ts';
import type { HandlesByKind } from '../oauth/handle.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import type { ValidationContext } from '../tokens/format.ts';
import { getLiveGrant, type LiveRefreshTokenContext } from '../tokens/live-refresh-token.ts';
import { isRefreshToken } from '../tokens/refresh-token.ts';
import { validateAccessToken } from '../tokens/validate.ts';

export interface IntrospectionContext
  extends LogContext,
    CallerAuthenticationContext,
    ValidationContext,
    LiveRefreshTokenContext {
  readonly handles: HandlesByKind<'reference_token' | 'refresh_token'>;
}

/** The introspection endpoint. Always strict: a token that was revoked before the request is inactive. RFC 7662 */
export const introspection: Endpoint<IntrospectionContext> = {
  methods: ['POST'],
  async handle(request, context, identify) {
    const form = parseForm(request);
    const caller = await authenticateCaller(request, form, context);
    identify(callerId(caller));
    return json(200, await introspect(form.require('token'), caller, context));
  },
};

/** Every token that is not valid or not for this caller gets the same answer, whatever the reason. RFC 7662 section 2.2 */
async function introspect(token: string, caller: Caller, context: IntrospectionContext) {
  try {
    if (isRefreshToken(token)) return await describeRefreshToken(token, caller, context);
    const accessToken = await validateAccessToken(token, STRICT_MAX_AGE, context);
    const described =
      'client' in caller ? forClient(accessToken, caller.client) : forApi(accessToken, caller.resourceServer);
    if (!described) throw new InvalidToken('is not for this caller');
    return Object.assign({ active: true, ...described }, { active: true });
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    context.log.info('inactive token introspected', { ...callerId(caller), reason: error.message });
    return { active: false };
  }
}

/** Only for its own client, which must not take it for an access token: it has no `token_type`. RFC 7662 section 2.2 */
async function describeRefreshToken(token: string, caller: Caller, context: IntrospectionContext) {
  if (!('client' in caller)) throw new InvalidToken('is a refresh token, which is not for an API');
  const { scope, ends_at, idle_until } = await getLiveGrant(token, caller.client, context);
  const exp = Math.min(ends_at, idle_until);
  return { active: true, token_use: 'refresh_token', exp, ...(scope.length > 0 && { scope: scope.join(' ') }) };
}

/** With the scopes that this API defines, if the token is for several. Undefined for a token for others. */
function forApi({ claims }: AccessToken, { audience, scope: defined }: ResourceServer) {
  const all = audiences(claims.aud);
  if (!all.includes(audience)) return undefined;
  if (all.length === 1) return whole(claims);
  const { scope = '', ...others } = whole(claims);
  const own = scope.split(' ').filter((token) => token !== '' && defined.split(' ').includes(token));
  return own.length === 0 ? others : { ...others, scope: own.join(' ') };
}

/** No more than the client knows, unless it can read the token itself. Undefined for a token of another client. */
function forClient({ format, claims }: AccessToken, client: Client) {
  const { client_id, scope, exp } = claims;
  if (client_id !== client.client_id) return undefined;
  return isReadable(format) ? whole(claims) : { exp, ...(scope !== undefined && { scope }) };
}

/** What is stated here comes first, as readers expect, and is never replaced by a claim of the same name. */
const whole = (claims: AccessTokenClaims) =>
  Object.assign({ token_type: 'Bearer', ...claims }, { token_type: 'Bearer' });
