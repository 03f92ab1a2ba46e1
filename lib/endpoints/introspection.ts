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
import { type AccessTokenClaims, audiences, STRICT_MAX_AGE } from '../oauth/access-token.ts';
import { InvalidToken } from '../oauth/errors.ts';
import type { ValidationContext } from '../tokens/format.ts';
import { validateAccessToken } from '../tokens/validate.ts';

export interface IntrospectionContext extends LogContext, CallerAuthenticationContext, ValidationContext {}

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
    const { claims } = await validateAccessToken(token, STRICT_MAX_AGE, context);
    if (!isFor(caller, claims)) throw new InvalidToken('is not for this caller');
    return { active: true, token_type: 'Bearer', ...claims };
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    context.log.info('inactive token introspected', { ...callerId(caller), reason: error.message });
    return { active: false };
  }
}

const isFor = (caller: Caller, claims: AccessTokenClaims) =>
  'resourceServer' in caller
    ? audiences(claims.aud).includes(caller.resourceServer.audience)
    : claims.client_id === caller.client.client_id;
