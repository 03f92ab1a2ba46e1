import type { AccessTokenFormatName } from './access-token.ts';
import { OAuthError } from './errors.ts';
import type { HashedSecret } from './secret.ts';

/** A registered client. Names as in RFC 7591 section 2 where that has them. */
export interface Client {
  readonly client_id: string;
  readonly client_name?: string;
  /** The one method the client may use; absent = any that presents a secret. `none` makes it a public client. */
  readonly token_endpoint_auth_method?: string;
  readonly grant_types: readonly string[];
  /** Space-delimited: all that this client may ever be granted. */
  readonly scope: string;
  /** Identifiers of the resource servers it may ask for; the first is its default. */
  readonly resources: readonly string[];
  readonly access_token_format?: AccessTokenFormatName;
  /** Seconds. */
  readonly access_token_lifetime?: number;
  readonly secrets: readonly HashedSecret[];
  readonly enabled: boolean;

  // What follows is for clients that people sign in to.

  /** Where answers of the authorization endpoint may go: compared character by character. RFC 9700 section 4.1.3 */
  readonly redirect_uris?: readonly string[];
  /** Absent = `code` alone. Hybrid and implicit ones only where they are named. */
  readonly response_types?: readonly string[];
  /** False for a confidential client that cannot do PKCE. RFC 9700 section 2.1.1 */
  readonly require_pkce?: boolean;
  /** False for one whose users are not asked, because it belongs to the service. */
  readonly require_consent?: boolean;
  readonly logo_uri?: string;
  readonly client_uri?: string;
  readonly policy_uri?: string;
  readonly tos_uri?: string;
  /** The JWS algorithm of its ID tokens; absent = that of the first signing key. OpenID Connect Registration section 2 */
  readonly id_token_signed_response_alg?: string;
  /** Seconds. */
  readonly default_max_age?: number;
  /** Seconds: no refresh after this long, however often there was one. Absent = the service's. */
  readonly refresh_token_lifetime?: number;
  /** Seconds: nor after this long without one. */
  readonly refresh_token_idle_lifetime?: number;
  /** Seconds within which a refresh token may be presented again; 0 = strict. */
  readonly refresh_reuse_interval?: number;
  /** OpenID Connect RP-Initiated Logout section 3.1 */
  readonly post_logout_redirect_uris?: readonly string[];
  /** OpenID Connect Back-Channel Logout section 2.2 */
  readonly backchannel_logout_uri?: string;
  readonly backchannel_logout_session_required?: boolean;
  /** Whether its grants end with the session that they were given in. */
  readonly end_grants_on_logout?: boolean;
  /** Origins whose pages may call the endpoints from a browser. */
  readonly allowed_origins?: readonly string[];
}

/** A public client cannot keep a secret, so it has none. RFC 6749 section 2.1. */
export const isPublic = (client: Client): boolean => client.token_endpoint_auth_method === 'none';

/** @throws OAuthError `unauthorized_client` unless the client is registered for this grant type. RFC 6749 section 5.2 */
export function authorizeGrantType(client: Client, grantType: string): void {
  if (!client.grant_types.includes(grantType)) {
    throw new OAuthError('unauthorized_client', 'this client may not use this grant type');
  }
}
