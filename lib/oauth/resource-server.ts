import type { AccessTokenFormatName, AccessTokenTyp } from './access-token.ts';
import type { HashedSecret } from './hashed-secret.ts';

/** Validated by `parseEncryptionKey`. RFC 7517 section 4 */
export interface EncryptionJwk {
  readonly kty: string;
  readonly kid: string;
  readonly alg: string;
  readonly use: 'enc';
  readonly [parameter: string]: string;
}

export interface ResourceServer {
  /** An absolute URI (RFC 8707 `resource`) or a plain name. */
  readonly identifier: string;
  readonly audience: string;
  readonly scope: string;
  readonly access_token_format?: AccessTokenFormatName;
  readonly access_token_encryption_jwk?: EncryptionJwk;
  /** Absent = that of the first signing key. */
  readonly access_token_signing_alg?: string;
  /** Of the header of JWTs and sealed tokens. Absent = that of RFC 9068. */
  readonly access_token_typ?: AccessTokenTyp;
  readonly access_token_lifetime?: number;
  /** Names of the claims with the subject's groups and roles; absent = `groups` and `roles`. */
  readonly groups_claim?: string;
  readonly roles_claim?: string;
  /** Its tokens have `nbf`. RFC 7519 section 4.1.5 */
  readonly access_token_nbf?: boolean;
  /** `scope` is a list in its tokens, against RFC 9068 section 2.2.3. */
  readonly access_token_scope_list?: boolean;
  /** A further `aud` of its tokens, which several APIs may share; none in sealed tokens, which have one reader. */
  readonly access_token_static_audience?: string;
  readonly secrets: readonly HashedSecret[];
  readonly enabled: boolean;
}

/** For tokens that only userinfo accepts. OpenID Connect Core section 5.3 */
export const issuerAsResource = (issuer: string): ResourceServer => ({
  identifier: issuer,
  audience: issuer,
  scope: '',
  secrets: [],
  enabled: true,
});
