import type { AccessTokenFormatName } from './access-token.ts';
import { OAuthError } from './errors.ts';
import type { HashedSecret } from './secret.ts';

/** A registered client. Names as in RFC 7591 section 2 where that has them. */
export interface Client {
  readonly client_id: string;
  readonly client_name?: string;
  /** The one method the client may use; absent = either way of presenting a secret. `none` makes it a public client. */
  readonly token_endpoint_auth_method?: 'client_secret_basic' | 'client_secret_post' | 'none';
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
}

/** A public client cannot keep a secret, so it has none. RFC 6749 section 2.1. */
export const isPublic = (client: Client): boolean => client.token_endpoint_auth_method === 'none';

/** @throws OAuthError `unauthorized_client` unless the client is registered for this grant type. RFC 6749 section 5.2 */
export function authorizeGrantType(client: Client, grantType: string): void {
  if (!client.grant_types.includes(grantType)) {
    throw new OAuthError('unauthorized_client', 'this client may not use this grant type');
  }
}
