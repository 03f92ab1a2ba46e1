import type { AccessTokenFormatName } from './access-token.ts';
import type { HashedSecret } from './secret.ts';

/** The public key that tokens are encrypted to. RFC 7517 section 4; checked by `parseEncryptionKey`. */
export interface EncryptionJwk {
  readonly kty: string;
  readonly kid: string;
  readonly alg: string;
  readonly use: 'enc';
  readonly [parameter: string]: string;
}

/** A registered resource server: an API that accepts access tokens, and may introspect those meant for it. */
export interface ResourceServer {
  /** What clients name it by in `resource`: an absolute URI (RFC 8707), or a plain name. */
  readonly identifier: string;
  /** The `aud` of its tokens. */
  readonly audience: string;
  /** Space-delimited: the scopes it understands. */
  readonly scope: string;
  readonly access_token_format?: AccessTokenFormatName;
  /** The key that its tokens of the format `encrypted_jwt` are encrypted to. */
  readonly access_token_encryption_jwk?: EncryptionJwk;
  /** The JWS algorithm its tokens are signed with; absent = whatever the first signing key has. */
  readonly access_token_signing_alg?: string;
  /** Seconds. */
  readonly access_token_lifetime?: number;
  /** For introspection. */
  readonly secrets: readonly HashedSecret[];
  readonly enabled: boolean;
}

/** The issuer as the audience of tokens that are for none but its userinfo endpoint. OpenID Connect Core section 5.3 */
export const issuerAsResource = (issuer: string): ResourceServer => ({
  identifier: issuer,
  audience: issuer,
  scope: '',
  secrets: [],
  enabled: true,
});
