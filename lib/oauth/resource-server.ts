import type { AccessTokenFormatName } from './access-token.ts';
import type { HashedSecret } from './secret.ts';

/** A public key that tokens are encrypted to. Validated by `parseEncryptionKey`. RFC 7517 section 4 */
export interface EncryptionJwk {
  readonly kty: string;
  readonly kid: string;
  readonly alg: string;
  readonly use: 'enc';
  readonly [parameter: string]: string;
}

/** A registered resource server: an API that accepts access tokens, and may introspect those issued for it. */
export interface ResourceServer {
  /** The value of `resource` by which clients request it: an absolute URI (RFC 8707) or a plain name. */
  readonly identifier: string;
  /** The `aud` of tokens for this resource server. */
  readonly audience: string;
  /** Space-delimited: the scopes it understands. */
  readonly scope: string;
  readonly access_token_format?: AccessTokenFormatName;
  /** The key that tokens in the format `encrypted_jwt` are encrypted to. */
  readonly access_token_encryption_jwk?: EncryptionJwk;
  /** The JWS algorithm that its tokens are signed with; absent = that of the first signing key. */
  readonly access_token_signing_alg?: string;
  /** Seconds. */
  readonly access_token_lifetime?: number;
  /** For introspection. */
  readonly secrets: readonly HashedSecret[];
  readonly enabled: boolean;
}

/** The issuer as the audience of tokens that only its userinfo endpoint accepts. OpenID Connect Core section 5.3 */
export const issuerAsResource = (issuer: string): ResourceServer => ({
  identifier: issuer,
  audience: issuer,
  scope: '',
  secrets: [],
  enabled: true,
});
