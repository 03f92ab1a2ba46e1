import { authenticateClient, type ClientAuthenticationContext } from '../client-authentication/authenticate.ts';
import { parseForm } from '../http/form.ts';
import { json } from '../http/message.ts';
import type { Endpoint } from '../http/serve.ts';
import type { LogContext } from '../log.ts';
import { InvalidToken, OAuthError, UnreadableToken } from '../oauth/errors.ts';
import type { HandlesByKind } from '../oauth/handle.ts';
import type { GrantRevocationContext } from '../revocation/revoke-grant.ts';
import type { ValidationContext } from '../tokens/format.ts';
import { formatOf, formats } from '../tokens/formats.ts';
import { isRefreshToken, revokeRefreshToken } from '../tokens/refresh-token.ts';

export interface RevocationContext
  extends LogContext,
    ClientAuthenticationContext,
    ValidationContext,
    GrantRevocationContext {
  readonly handles: HandlesByKind<'reference_token' | 'refresh_token'>;
}

/** The revocation endpoint. `token_type_hint` is ignored, because the form of a token shows its kind. RFC 7009 */
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
      // The resource server that has the key may still accept the token, so it must not look revoked. RFC 7009 section 2.2.1
      if (error instanceof UnreadableToken) {
        throw new OAuthError(
          'unsupported_token_type',
          'the token is encrypted to a key that this service does not have',
        );
      }
      // A token that is not valid needs no revocation, so the request has succeeded. RFC 7009 section 2.2
      if (!(error instanceof InvalidToken)) throw error;
      context.log.info('nothing to revoke', { client_id: client.client_id, reason: error.message });
    }
    // RFC 7009 section 2.2 ignores the content; some libraries parse it.
    return json(200, {});
  },
};
