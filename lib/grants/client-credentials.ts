import { isPublic } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import { randomId } from '../oauth/handle.ts';
import { membershipNames } from '../oauth/membership.ts';
import { authorizeScope } from '../oauth/scope.ts';
import type { GrantType } from './grant-type.ts';
import { getResourceServers } from './resource-servers.ts';

/** RFC 6749 section 4.4. The subject is the client itself: RFC 9068 section 5 */
export const clientCredentials: GrantType = {
  name: 'client_credentials',
  async obtain({ form, client, resources: requested }, context) {
    if (isPublic(client)) throw new OAuthError('unauthorized_client', 'a public client may not use this grant type');
    const resources = await getResourceServers(requested, client, context);
    const scope = authorizeScope(form.get('scope'), client, resources, membershipNames);
    return { grant: { grant_id: randomId(), client, sub: client.client_id, scope, resources } };
  },
};
