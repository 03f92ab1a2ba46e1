import type { ResponseType } from './authorizer/answer.ts';
import type { CallerAuthenticationContext, ClientAuthenticationContext } from './client-authentication/authenticate.ts';
import type { Extensions } from './extensions.ts';
import type { GrantContext } from './grants/grant-type.ts';
import type { AlgorithmName } from './keys/algorithm.ts';
import type { PublicJwk } from './keys/jwk.ts';
import type { KeyRegistry, NewKey } from './keys/key-registry.ts';
import type { RotationPolicy } from './keys/rotation.ts';
import type { Log } from './log.ts';
import type { RevocationMaxAge } from './oauth/access-token.ts';
import type { Clock } from './oauth/clock.ts';
import type { RecordStore } from './store/record.ts';
import type { RevokingContext } from './tokens/format.ts';
import type { AccessTokenContext } from './tokens/issue.ts';

// What each endpoint may touch, and nothing else.

export interface LogContext {
  readonly log: Log;
}

export interface TokenContext extends LogContext, ClientAuthenticationContext, GrantContext, AccessTokenContext {}

export interface IntrospectionContext extends LogContext, CallerAuthenticationContext, RevokingContext {}

export interface RevocationContext extends LogContext, ClientAuthenticationContext, RevokingContext {}

export interface DiscoveryContext extends LogContext {
  readonly issuer: string;
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
