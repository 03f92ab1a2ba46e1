import type { Client } from './client.ts';
import { OAuthError } from './errors.ts';

/** A request to sign somebody out, found to be in order. OpenID Connect RP-Initiated Logout section 2 */
export interface LogoutRequest {
  /** The client it comes from, if it says so. */
  readonly client?: Client;
  /** Whom the client means. */
  readonly sub?: string;
  /** Where to go afterwards, `state` included. */
  readonly redirectTo?: string;
}

/**
 * Where the browser goes when it is signed out: nowhere but where its client has said before, character by character.
 * Section 3
 * @throws OAuthError `invalid_request`
 */
export function postLogoutRedirect(
  uri: string | undefined,
  state: string | undefined,
  client: Client | undefined,
): string | undefined {
  if (uri === undefined) return undefined;
  if (!client) throw invalid('post_logout_redirect_uri needs a client_id or an id_token_hint');
  if (!client.post_logout_redirect_uris?.includes(uri)) {
    throw invalid('post_logout_redirect_uri is none of those registered');
  }
  if (state === undefined) return uri;
  return `${uri}${uri.includes('?') ? '&' : '?'}state=${encodeURIComponent(state)}`;
}

const invalid = (description: string) => new OAuthError('invalid_request', description);
