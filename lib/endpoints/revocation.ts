import { authenticateClient, type ClientAuthenticationContext } from '../client-authentication/authenticate.ts';
import { parseForm } from '../http/form.ts';
import type { Endpoint } from '../http/serve.ts';
import type { LogContext } from '../log.ts';
import { InvalidToken, OAuthError, UnreadableToken } from '../oauth/errors.ts';
import type { GrantRevocationContext } from '../revocation/revoke-grant.ts';
import type { RevokingContext } from '../tokens/format.ts';
import { formatOf, formats } from '../tokens/formats.ts';
import { isRefreshToken, revokeRefreshToken } from '../tokens/refresh-token.ts';

export interface RevocationContext
  extends LogContext,
    ClientAuthenticationContext,
    RevokingContext,
    GrantRevocationContext {}

/** RFC 7009. `token_type_hint` is not read: the form of a token tells its kind. */
export const revocation: Endpoint<RevocationContext> = {
  methods: ['POST'],
  cors: 'client',
  async handle(request, context, identify) {
    const form = parseForm(request);
    const client = await authenticateClient(request, form, context);
    identify(client);
    const token = form.require('token');
    try {
      if (isRefreshToken(token)) await revokeRefreshToken(token, client, context);
      else await formats[formatOf(token)].revoke(token, client, context);
      context.log.info('token revoked', { client_id: client.client_id });
    } catch (error) {
      // It may be in force for whoever has the key, so it must not look revoked. RFC 7009 section 2.2.1
      if (error instanceof UnreadableToken) {
        throw new OAuthError('unsupported_token_type', 'the token is encrypted to a key that is not here');
      }
      // What is no live token of ours needs no revoking: the client has what it wanted. RFC 7009 section 2.2
      if (!(error instanceof InvalidToken)) throw error;
      context.log.info('nothing to revoke', { client_id: client.client_id, reason: error.message });
    }
    return { status: 200, headers: { 'cache-control': 'no-store' }, body: '' };
  },
};
