import type { Client } from './client.ts';
import type { GrantState } from './grant-state.ts';
import type { ResourceServer } from './resource-server.ts';

/** How the subject signed in, and what the request asked to be told of it; nothing where no subject did. */
export type SignIn = Pick<GrantState, 'auth_time' | 'amr' | 'sid' | 'nonce' | 'claims'>;

/** The authorization that was obtained. Its id names the whole family of tokens issued from it. */
export interface Grant extends SignIn {
  readonly grant_id: string;
  readonly client: Client;
  readonly sub: string;
  readonly scope: string;
  /** The resource servers that its access tokens are for: at least one. */
  readonly resources: readonly [ResourceServer, ...ResourceServer[]];
  /** That of the refresh token that goes with its access token; absent = none goes. */
  readonly generation?: number;
}

/**
 * The answer to a client that asks before the subject has decided: there is no subject, and nothing to issue. The values are
 * error codes of the token endpoint. RFC 8628 section 3.5
 */
export interface PendingGrant {
  readonly pending: 'authorization_pending' | 'slow_down';
}

/** The part of a grant that describes its sign-in. */
export function signInOf({ auth_time, amr, sid, nonce, claims }: SignIn): SignIn {
  return {
    ...(auth_time !== undefined && { auth_time }),
    ...(amr !== undefined && { amr }),
    ...(sid !== undefined && { sid }),
    ...(nonce !== undefined && { nonce }),
    ...(claims !== undefined && { claims }),
  };
}
