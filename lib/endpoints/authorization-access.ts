import { getResourceServersOrIssuer } from '../grants/resource-servers.ts';
import type { AuthorizationRequest } from '../oauth/authorization-request.ts';
import type { Client } from '../oauth/client.ts';
import { type Access, widened } from '../oauth/consent.ts';
import { OAuthError, Unavailable } from '../oauth/errors.ts';
import type { Grant } from '../oauth/grant.ts';
import { authorizeScope, identityScopes } from '../oauth/scope.ts';
import { scopesOf } from '../users/claims.ts';
import type { AuthorizationContext } from './authorization.ts';

/** What a client asks to have of a subject. */
export interface Wanted extends Pick<Grant, 'resources'> {
  readonly scope: string;
  /** What the subject is asked to allow: the scope, and those whose claims are asked for one by one. */
  readonly access: Access;
}

/** @throws OAuthError `invalid_target`, `invalid_scope` */
export async function readWanted(
  request: AuthorizationRequest,
  client: Client,
  context: AuthorizationContext,
): Promise<Wanted> {
  const resources = await getResourceServersOrIssuer(request.resources, client, context);
  const scopes = authorizeScope(request.scope, client, resources, identityScopes)
    .split(' ')
    // Without a code there is nobody to keep access with. OpenID Connect Core section 11
    .filter((scope) => scope !== '' && (scope !== 'offline_access' || request.responseType.has('code')));
  if (client.resources.length === 0 && !scopes.includes('openid')) {
    throw new OAuthError('invalid_scope', 'this client may have nothing without the scope openid');
  }
  const { id_token, userinfo } = request.claimsRequest;
  const allowed = client.scope.split(' ');
  const byClaims = [...scopesOf(id_token), ...scopesOf(userinfo)].filter((scope) => allowed.includes(scope));
  return {
    resources,
    scope: scopes.join(' '),
    access: {
      scope: [...new Set([...scopes, ...byClaims])],
      resources: resources.map(({ identifier }) => identifier),
    },
  };
}

/** How often it is tried again when another window changes the same consent. */
const TRIES = 3;

/** Remembers what a subject allowed. */
export async function rememberConsent(
  sub: string,
  client_id: string,
  access: Access,
  { consents, clock }: AuthorizationContext,
): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const seen = await consents.find(sub, client_id);
    const consent = { sub, client_id, ...widened(access, seen), given_at: clock() };
    if (await consents.replace(consent, seen)) return;
  }
  throw new Unavailable('the consent');
}
