import type { AccessTokenFormatName } from './access-token.ts';
import { OAuthError } from './errors.ts';
import type { HashedSecret } from './secret.ts';

/** A registered client. Members that RFC 7591 section 2 defines have its names. */
export interface Client {
  readonly client_id: string;
  readonly client_name?: string;
  /** The only method that the client may use; absent = any that presents a secret. `none` makes it a public client. */
  readonly token_endpoint_auth_method?: string;
  readonly grant_types: readonly string[];
  /** Space-delimited: every scope that the client may be granted. */
  readonly scope: string;
  /** Identifiers of the resource servers that it may request; the first is the default. */
  readonly resources: readonly string[];
  readonly access_token_format?: AccessTokenFormatName;
  /** Seconds. */
  readonly access_token_lifetime?: number;
  readonly secrets: readonly HashedSecret[];
  readonly enabled: boolean;

  // The following members are for clients that people sign in to.

  /** Where authorization responses may be sent; compared character by character. RFC 9700 section 4.1.3 */
  readonly redirect_uris?: readonly string[];
  /** Absent = only `code`. Hybrid and implicit response types have to be listed. */
  readonly response_types?: readonly string[];
  /** False for a confidential client that cannot do PKCE. RFC 9700 section 2.1.1 */
  readonly require_pkce?: boolean;
  /** False for a first-party client, whose users are not asked for consent. */
  readonly require_consent?: boolean;
  readonly logo_uri?: string;
  readonly client_uri?: string;
  readonly policy_uri?: string;
  readonly tos_uri?: string;
  /** The JWS algorithm of its ID tokens; absent = that of the first signing key. OpenID Connect Registration section 2 */
  readonly id_token_signed_response_alg?: string;
  /** Seconds. */
  readonly default_max_age?: number;
  /** Seconds after which a grant cannot be refreshed any more. Absent = the default of the service. */
  readonly refresh_token_lifetime?: number;
  /** Seconds without a refresh after which a grant cannot be refreshed any more. */
  readonly refresh_token_idle_lifetime?: number;
  /** Seconds in which a refresh token may be presented again after its first use; 0 = never. */
  readonly refresh_reuse_interval?: number;
  /** OpenID Connect RP-Initiated Logout section 3.1 */
  readonly post_logout_redirect_uris?: readonly string[];
  /** OpenID Connect Back-Channel Logout section 2.2 */
  readonly backchannel_logout_uri?: string;
  readonly backchannel_logout_session_required?: boolean;
  /** Whether its grants are revoked when the session ends that they were given in. */
  readonly end_grants_on_logout?: boolean;
  /** Origins whose pages may read the endpoints' responses (CORS). */
  readonly allowed_origins?: readonly string[];
}

/** Whether the client is public: it cannot keep a secret, so it has none. RFC 6749 section 2.1 */
export const isPublic = (client: Client): boolean => client.token_endpoint_auth_method === 'none';

/** @throws OAuthError `unauthorized_client` unless the client is registered for this grant type. RFC 6749 section 5.2 */
export function authorizeGrantType(client: Client, grantType: string): void {
  if (!client.grant_types.includes(grantType)) {
    throw new OAuthError('unauthorized_client', 'this client may not use this grant type');
  }
}
