import type { ResponseType } from './authorizer/answer.ts';
import type { CallerAuthenticationContext, ClientAuthenticationContext } from './client-authentication/authenticate.ts';
import type { Extensions } from './extensions.ts';
import type { GrantContext } from './grants/grant-type.ts';
import type { ResourceServerContext } from './grants/resource-servers.ts';
import type { AlgorithmName } from './keys/algorithm.ts';
import type { PublicJwk } from './keys/jwk.ts';
import type { KeyRegistry, NewKey } from './keys/key-registry.ts';
import type { RotationPolicy } from './keys/rotation.ts';
import type { Log } from './log.ts';
import type { RevocationMaxAge } from './oauth/access-token.ts';
import type { Client } from './oauth/client.ts';
import type { Clock } from './oauth/clock.ts';
import type { GrantState } from './oauth/grant-state.ts';
import type { Handles } from './oauth/handle.ts';
import type { Lazy } from './oauth/lazy.ts';
import type { Service } from './pages/page.ts';
import type { EndingContext } from './revocation/end-grant.ts';
import type { EndingSessionContext } from './revocation/end-session.ts';
import type { ConsentStore } from './store/consent.ts';
import type { LogoutDeliveryStore } from './store/logout-delivery.ts';
import type { RecordStore } from './store/record.ts';
import type { CodeContext } from './tokens/code.ts';
import type { RevokingContext } from './tokens/format.ts';
import type { IdTokenHintContext } from './tokens/id-token-hint.ts';
import type { LogoutTokenContext } from './tokens/logout-token.ts';
import type { TokenResponseContext } from './tokens/token-response.ts';
import type { SignInOutcome } from './users/authenticate-user.ts';
import type { BrowserContext } from './users/browser-session.ts';
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

export interface AuthorizationContext
  extends LogContext,
    BrowserContext,
    CodeContext,
    EndingSessionContext,
    IdTokenHintContext,
    ResourceServerContext,
    TokenResponseContext,
    UserClaimsContext {
  readonly extensions: Extensions;
  readonly consents: ConsentStore;
  readonly service: Service;
  /** Seconds. */
  readonly sessionLifetime: number;
  /** @param address where it is tried from, as the gateway saw it */
  authenticateUser(username: string, password: string, address: string): Promise<SignInOutcome>;
}

export interface LogoutContext extends LogContext, EndingSessionContext, IdTokenHintContext {
  readonly handles: Lazy<Handles>;
  readonly service: Service;
}

export interface BackchannelContext extends LogContext, LogoutTokenContext {
  readonly deliveries: LogoutDeliveryStore;
  findClient(client_id: string): Promise<Client | undefined>;
}

export interface DiscoveryContext extends LogContext {
  readonly issuer: string;
  /** Those of the keys, at least one. @throws Unavailable */
  signingAlgorithms(): Promise<readonly string[]>;
  /** Seconds for which they may be kept. */
  readonly maxAge: number;
}

export interface JwksContext extends LogContext {
  keys(): readonly PublicJwk[] | Promise<readonly PublicJwk[]>;
  /** Seconds for which they may be kept. */
  readonly maxAge: number;
}

export interface RotationContext extends LogContext {
  readonly clock: Clock;
  readonly policy: RotationPolicy;
  readonly registry: RecordStore<KeyRegistry>;
  createKey(alg: AlgorithmName): Promise<NewKey>;
}

export interface AuthorizerContext extends LogContext, RevokingContext {
  readonly audience: string;
  readonly maxAge: RevocationMaxAge;
  /** How long the keys stay the ones that a token is verified by now, in seconds since the epoch. */
  keysUntil(): number;
  readonly responseType: ResponseType;
  readonly extensions: Extensions;
}
