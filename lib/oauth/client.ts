import type { AccessTokenFormatName } from './access-token.ts';
import { OAuthError } from './errors.ts';
import type { HashedSecret } from './hashed-secret.ts';

/** Members that RFC 7591 section 2 defines have its names. */
export interface Client {
  readonly client_id: string;
  readonly client_name?: string;
  /** Absent = any method that presents a secret; `none` = a public client. */
  readonly token_endpoint_auth_method?: string;
  readonly grant_types: readonly string[];
  /** Space-delimited. */
  readonly scope: string;
  /** Identifiers of resource servers; the first is the default. */
  readonly resources: readonly string[];
  readonly access_token_format?: AccessTokenFormatName;
  readonly access_token_lifetime?: number;
  readonly secrets: readonly HashedSecret[];
  readonly enabled: boolean;

  /** Compared character by character. RFC 9700 section 4.1.3 */
  readonly redirect_uris?: readonly string[];
  /** Schemes without a dot that its redirect URIs may have, although any app can claim them. */
  readonly private_use_schemes?: readonly string[];
  /** Absent = only `code`. */
  readonly response_types?: readonly string[];
  /** Of responses with a code alone. Absent = all, as for the clients of version 0.1.0. */
  readonly response_modes?: readonly string[];
  /** False only for a confidential client that cannot do PKCE. RFC 9700 section 2.1.1 */
  readonly require_pkce?: boolean;
  /** False for a first-party client. */
  readonly require_consent?: boolean;
  readonly logo_uri?: string;
  readonly client_uri?: string;
  readonly policy_uri?: string;
  readonly tos_uri?: string;
  /** Of logout tokens, too. Absent = RS256, or that of the first signing key where no key has it. OpenID Connect Registration section 2 */
  readonly id_token_signed_response_alg?: string;
  readonly default_max_age?: number;
  /** Seconds from the grant to its last possible refresh; absent = the default of the service. */
  readonly refresh_token_lifetime?: number;
  /** Seconds without a refresh after which the grant cannot be refreshed any more. */
  readonly refresh_token_idle_lifetime?: number;
  /** Seconds in which a used refresh token may be presented again; 0 = never. */
  readonly refresh_reuse_interval?: number;
  readonly post_logout_redirect_uris?: readonly string[];
  readonly backchannel_logout_uri?: string;
  readonly backchannel_logout_session_required?: boolean;
  readonly end_grants_on_logout?: boolean;
  /** Their pages may read the endpoints' responses (CORS). */
  readonly allowed_origins?: readonly string[];
  /** Standard claims by scope in each ID token, for those who never ask `/userinfo`. */
  readonly user_claims_in_id_token?: boolean;
  /** Of the client when it acts for itself. */
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
}

/** It cannot keep a secret, so it has none. RFC 6749 section 2.1 */
export const isPublic = (client: Client): boolean => client.token_endpoint_auth_method === 'none';

/** @throws OAuthError `unauthorized_client`. RFC 6749 section 5.2 */
export function authorizeGrantType(client: Client, grantType: string): void {
  if (!client.grant_types.includes(grantType)) {
    throw new OAuthError('unauthorized_client', 'this client may not use this grant type');
  }
}
