import type { AccessTokenFormatName } from './access-token.ts';
import type { HashedSecret } from './secret.ts';

/** A registered resource server: an API that accepts access tokens, and may introspect those meant for it. */
export interface ResourceServer {
  /** What clients name it by in `resource`: an absolute URI (RFC 8707), or a plain name. */
  readonly identifier: string;
  /** The `aud` of its tokens. */
  readonly audience: string;
  /** Space-delimited: the scopes it understands. */
  readonly scope: string;
  readonly access_token_format?: AccessTokenFormatName;
  /** The JWS algorithm its tokens are signed with; absent = whatever the first signing key has. */
  readonly access_token_signing_alg?: string;
  /** Seconds. */
  readonly access_token_lifetime?: number;
  /** For introspection. */
  readonly secrets: readonly HashedSecret[];
  readonly enabled: boolean;
}
