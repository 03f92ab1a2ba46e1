import { getResourceServersOrIssuer, type ResourceServerContext } from '../grants/resource-servers.ts';
import type { AuthorizationRequest } from '../oauth/authorization-request.ts';
import type { Client } from '../oauth/client.ts';
import type { Access } from '../oauth/consent.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { Grant } from '../oauth/grant.ts';
import { asRegistered } from '../oauth/resource-indicator.ts';
import { authorizeScope, identityScopes } from '../oauth/scope.ts';
import { scopesOfClaims } from '../users/claims.ts';

export interface RequestedAccess extends Pick<Grant, 'resources'> {
  readonly scope: string;
  /** What the person is asked to allow. Its scope also contains the scopes of individually requested claims. */
  readonly toAllow: Access;
}

/** @throws OAuthError `invalid_target`, `invalid_scope` */
export async function authorizeAccess(
  request: AuthorizationRequest,
  client: Client,
  context: ResourceServerContext & { readonly issuer: string },
): Promise<RequestedAccess> {
  const requested = asRegistered(request.resources, [...client.resources, context.issuer]);
  const resources = await getResourceServersOrIssuer(requested, client, context);
  const scopes = authorizeScope(request.scope, client, resources, identityScopes)
    .split(' ')
    // Without a code there are no refresh tokens. OpenID Connect Core section 11
    .filter((scope) => scope !== '' && (scope !== 'offline_access' || request.responseType.has('code')));
  if (!scopes.includes('openid') && (client.resources.length === 0 || request.responseType.has('id_token'))) {
    throw new OAuthError('invalid_scope', 'there is nothing for this client without the scope openid');
  }
  const { id_token, userinfo } = request.claimsRequest;
  const allowed = client.scope.split(' ');
  const byClaims = [...scopesOfClaims(id_token), ...scopesOfClaims(userinfo)].filter((scope) =>
    allowed.includes(scope),
  );
  return {
    resources,
    scope: scopes.join(' '),
    toAllow: {
      scope: [...new Set([...scopes, ...byClaims])],
      resources: resources.map(({ identifier }) => identifier),
    },
  };
}
