import { OAuthError } from './errors.ts';
import { membershipNames } from './membership.ts';

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** They belong to no resource server. OpenID Connect Core sections 5.4 and 11; `groups` and `roles` are Latchkey's own. */
export const identityScopes = [
  'openid',
  'profile',
  'email',
  'address',
  'phone',
  ...membershipNames,
  'offline_access',
] as const;

/** Spaces too many are no error. RFC 6749 section 3.3. @throws OAuthError `invalid_scope` */
export function parseScope(scope: string): string[] {
  const tokens = scope.split(' ').filter((token) => token !== '');
  if (!tokens.every((token) => SCOPE_TOKEN.test(token))) throw new OAuthError('invalid_scope', 'scope is malformed');
  return [...new Set(tokens)];
}

/**
 * Without a request, all that the client may have. What it may not have, or nobody knows, is left out, and the `scope` of the answer
 * says so. `identity` is granted only on request. RFC 6749 section 3.3, OpenID Connect Core sections 3.1.2.1 and 11
 * @throws OAuthError `invalid_scope` when nothing is left
 */
export function authorizeScope(
  requested: string | undefined,
  client: { readonly scope: string },
  resources: readonly { readonly scope: string }[],
  identity: readonly string[] = [],
): string {
  const tokens = parseScope(requested ?? '');
  if (tokens.length === 0) return availableScope(client, resources).join(' ');

  const available = availableScope(client, resources, identity);
  const granted = tokens.filter((token) => available.includes(token));
  if (granted.length === 0) {
    throw new OAuthError('invalid_scope', 'the client may have none of this scope at this resource server');
  }
  return granted.join(' ');
}

export function availableScope(
  client: { readonly scope: string },
  resources: readonly { readonly scope: string }[],
  identity: readonly string[] = [],
): string[] {
  const known = new Set([...identity, ...resources.flatMap((resource) => resource.scope.split(' '))]);
  return client.scope.split(' ').filter((token) => token !== '' && known.has(token));
}
