import { OAuthError } from './errors.ts';

/** RFC 6749 section 3.3: printable ASCII without space, `"` and `\`. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * Scopes that stand for claims about the subject, and for keeping access when it has gone: known without any resource
 * server. OpenID Connect Core sections 5.4 and 11
 */
export const identityScopes = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'] as const;

/** Splits a `scope` value into its distinct scope tokens, or throws `invalid_scope`. RFC 6749 section 3.3. */
export function parseScope(scope: string): string[] {
  const tokens = scope.split(' ');
  if (!tokens.every((token) => SCOPE_TOKEN.test(token))) throw new OAuthError('invalid_scope', 'scope is malformed');
  return [...new Set(tokens)];
}

/**
 * The scope of a new grant: what was requested, each token of it allowed to the client and known to one of the resource
 * servers, or, where nothing was requested, all that the client is allowed there. RFC 6749 section 3.3.
 * @param identity the identity scopes, where a subject can allow them: never without being requested
 * @throws OAuthError `invalid_scope`; nothing is dropped in silence
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

/** What a client may have at these resource servers by now. */
export function availableScope(
  client: { readonly scope: string },
  resources: readonly { readonly scope: string }[],
  identity: readonly string[] = [],
): string[] {
  const known = new Set([...identity, ...resources.flatMap((resource) => resource.scope.split(' '))]);
  return client.scope.split(' ').filter((token) => token !== '' && known.has(token));
}
