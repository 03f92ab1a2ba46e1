import { authenticateClient, type ClientAuthenticationContext } from '../client-authentication/authenticate.ts';
import type { GrantContext, GrantRequest, OutcomeHandlers } from '../grants/grant-type.ts';
import { grantTypes } from '../grants/grant-types.ts';
import { parseForm } from '../http/form.ts';
import { json } from '../http/message.ts';
import type { Endpoint } from '../http/serve.ts';
import { describeFault, type LogContext } from '../log.ts';
import { authorizeGrantType } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { HandlesByKind } from '../oauth/handle.ts';
import { asRegistered } from '../oauth/resource-indicator.ts';
import { issueTokens, type TokenResponse, type TokenResponseContext } from '../tokens/token-response.ts';
import { logIgnoredParameters } from './ignored-parameters.ts';

export interface TokenContext extends LogContext, ClientAuthenticationContext, GrantContext, TokenResponseContext {
  readonly handles: HandlesByKind<'reference_token' | 'code' | 'refresh_token'>;
}

/** RFC 6749 section 3.2 */
export const token: Endpoint<TokenContext> = {
  methods: ['POST'],
  cors: 'client',
  async handle(request, context, identify) {
    const form = parseForm(request);
    const client = await authenticateClient(request, form, context);
    identify(client);
    logIgnoredParameters(form, client.client_id, context.log);
    return json(200, await exchange({ form, client, address: request.sourceIp }, context));
  },
};

/** If it fails, the grant type undoes what it changed. */
async function exchange(
  request: Omit<GrantRequest, 'onOutcome' | 'resources'>,
  context: TokenContext,
): Promise<TokenResponse> {
  const { form, client } = request;
  const grantType = grantTypes.get(form.require('grant_type'));
  if (!grantType) throw new OAuthError('unsupported_grant_type', 'this grant type is not supported');
  authorizeGrantType(client, grantType.name);

  let handlers: OutcomeHandlers = {};
  const onOutcome = (next: OutcomeHandlers) => {
    handlers = next;
  };
  try {
    const resources = asRegistered(form.resources, [...client.resources, context.issuer]);
    const obtained = await grantType.obtain({ ...request, resources, onOutcome }, context);
    if ('pending' in obtained) throw new OAuthError(obtained.pending, 'the user has not decided yet');
    const response = await issueTokens(obtained, context);
    await handlers.issued?.();
    context.log.info('token issued', { client_id: client.client_id, grant_id: obtained.grant.grant_id });
    return response;
  } catch (error) {
    // Undone so that a retry does not look like theft. If undoing fails as well, the client still gets the first error.
    await handlers.failed?.().catch((fault) => context.log.warn('grant not restored', describeFault(fault)));
    throw error;
  }
}
