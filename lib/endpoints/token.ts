import { authenticateClient } from '../client-authentication/authenticate.ts';
import { readCredentials } from '../client-authentication/methods.ts';
import type { TokenContext } from '../context.ts';
import { grantTypes } from '../grants/types.ts';
import { parseForm } from '../http/form.ts';
import { json } from '../http/message.ts';
import type { Endpoint } from '../http/serve.ts';
import { authorizeGrantType } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import { issueAccessToken } from '../tokens/issue.ts';

/** RFC 6749 section 3.2. */
export const token: Endpoint<TokenContext> = {
  methods: ['POST'],
  async handle(request, context) {
    const form = parseForm(request);
    const client = await authenticateClient(readCredentials(request, form), context);
    const grantType = grantTypes.get(form.require('grant_type'));
    if (!grantType) throw new OAuthError('unsupported_grant_type', 'this grant type is not supported');
    authorizeGrantType(client, grantType.name);
    const grant = await grantType.obtain(form, client, context);
    const response = await issueAccessToken(grant, context);
    context.log.info('token issued', { client_id: client.client_id, grant_id: grant.grant_id });
    return json(200, response);
  },
};
