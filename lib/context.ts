import type { ResponseType } from './authorizer/answer.ts';
import type { CallerAuthenticationContext, ClientAuthenticationContext } from './client-authentication/authenticate.ts';
import type { Extensions } from './extensions.ts';
import type { GrantContext } from './grants/grant-type.ts';
import type { PublicJwk } from './keys/jwk.ts';
import type { Log } from './log.ts';
import type { RevocationMaxAge } from './oauth/access-token.ts';
import type { Client } from './oauth/client.ts';
import type { GrantState } from './oauth/grant-state.ts';
import type { EndingContext } from './revocation/end-grant.ts';
import type { RevokingContext } from './tokens/format.ts';
import type { TokenResponseContext } from './tokens/token-response.ts';
import type { UserClaimsContext } from './users/claims.ts';

// What each endpoint may touch, and nothing else.

export interface LogContext {
  readonly log: Log;
}

export interface TokenContext extends LogContext, ClientAuthenticationContext, GrantContext, TokenResponseContext {}

export interface IntrospectionContext extends LogContext, CallerAuthenticationContext, RevokingContext {}

export interface RevocationContext extends LogContext, ClientAuthenticationContext, RevokingContext, EndingContext {}

export interface UserinfoContext extends LogContext, RevokingContext, UserClaimsContext {
  findClient(client_id: string): Promise<Client | undefined>;
  findGrant(grant_id: string): Promise<GrantState | undefined>;
}

export interface DiscoveryContext extends LogContext {
  readonly issuer: string;
}

export interface JwksContext extends LogContext {
  readonly keys: readonly PublicJwk[];
}

export interface AuthorizerContext extends LogContext, RevokingContext {
  readonly audience: string;
  readonly maxAge: RevocationMaxAge;
  readonly responseType: ResponseType;
  readonly extensions: Extensions;
}
