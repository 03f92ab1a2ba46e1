import { OAuthError } from './errors.ts';

/** RFC 6749 section 3.3: printable ASCII without space, `"` and `\`. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Splits a `scope` value into its distinct scope tokens, or throws `invalid_scope`. RFC 6749 section 3.3. */
export function parseScope(scope: string): string[] {
  const tokens = scope.split(' ');
  if (!tokens.every((token) => SCOPE_TOKEN.test(token))) throw new OAuthError('invalid_scope', 'scope is malformed');
  return [...new Set(tokens)];
}

/**
 * The scope of a new grant: what was requested, each token of it allowed to the client and known to one of the resource
 * servers, or, where nothing was requested, all that the client is allowed there. RFC 6749 section 3.3.
 * @throws OAuthError `invalid_scope`; nothing is dropped in silence
 */
export function authorizeScope(
  requested: string | undefined,
  client: { readonly scope: string },
  resources: readonly { readonly scope: string }[],
): string {
  const known = new Set(resources.flatMap((resource) => resource.scope.split(' ')));
  const allowed = client.scope.split(' ').filter((token) => token !== '' && known.has(token));
  if (requested === undefined) return allowed.join(' ');

  const tokens = parseScope(requested);
  if (!tokens.every((token) => allowed.includes(token))) {
    throw new OAuthError('invalid_scope', 'scope exceeds what this client may have at this resource server');
  }
  return tokens.join(' ');
}
