import { OAuthError } from './errors.ts';

/** Printable ASCII without space, `"` and `\`. RFC 6749 section 3.3 */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * The scopes for claims about the subject and for refresh tokens. They belong to no resource server. OpenID Connect Core
 * sections 5.4 and 11
 */
export const identityScopes = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'] as const;

/** The distinct tokens of a `scope` value. RFC 6749 section 3.3. @throws OAuthError `invalid_scope` */
export function parseScope(scope: string): string[] {
  const tokens = scope.split(' ');
  if (!tokens.every((token) => SCOPE_TOKEN.test(token))) throw new OAuthError('invalid_scope', 'scope is malformed');
  return [...new Set(tokens)];
}

/**
 * The scope of a new grant: the requested scope, or, when none is requested, everything that the client may have at these
 * resource servers. RFC 6749 section 3.3
 * @param identity the identity scopes, when there is a subject; granted only on request
 * @throws OAuthError `invalid_scope` when a requested token may not be granted; none is dropped silently
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

/** The scope tokens that a client may have at these resource servers. @param identity additional scopes it may have */
export function availableScope(
  client: { readonly scope: string },
  resources: readonly { readonly scope: string }[],
  identity: readonly string[] = [],
): string[] {
  const known = new Set([...identity, ...resources.flatMap((resource) => resource.scope.split(' '))]);
  return client.scope.split(' ').filter((token) => token !== '' && known.has(token));
}
