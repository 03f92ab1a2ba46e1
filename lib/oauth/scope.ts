import { OAuthError } from './errors.ts';

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** They belong to no resource server. OpenID Connect Core sections 5.4 and 11 */
export const identityScopes = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'] as const;

/** @throws OAuthError `invalid_scope` */
export function parseScope(scope: string): string[] {
  const tokens = scope.split(' ');
  if (!tokens.every((token) => SCOPE_TOKEN.test(token))) throw new OAuthError('invalid_scope', 'scope is malformed');
  return [...new Set(tokens)];
}

/**
 * Without a request, all that the client may have. `identity` is granted only on request. @throws OAuthError `invalid_scope`
 */
export function authorizeScope(
  requested: string | undefined,
  client: { readonly scope: string },
  resources: readonly { readonly scope: string }[],
  identity: readonly string[] = [],
): string {
  if (requested === undefined) return availableScope(client, resources).join(' ');

  const available = availableScope(client, resources, identity);
  const tokens = parseScope(requested);
  if (!tokens.every((token) => available.includes(token))) {
    throw new OAuthError('invalid_scope', 'scope exceeds what this client may have at this resource server');
  }
  return tokens.join(' ');
}

export function availableScope(
  client: { readonly scope: string },
  resources: readonly { readonly scope: string }[],
  identity: readonly string[] = [],
): string[] {
  const known = new Set([...identity, ...resources.flatMap((resource) => resource.scope.split(' '))]);
  return client.scope.split(' ').filter((token) => token !== '' && known.has(token));
}
