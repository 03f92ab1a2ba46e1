import type { Client } from './client.ts';
import type { GrantState } from './grant-state.ts';
import type { ResourceServer } from './resource-server.ts';

/** How the subject signed in, with the request's `nonce` and `claims`. Empty when no subject signed in. */
export type SignIn = Pick<GrantState, 'auth_time' | 'amr' | 'sid' | 'nonce' | 'claims'>;

/** An authorization that a client has obtained. Its id identifies all tokens that are issued from it. */
export interface Grant extends SignIn {
  readonly grant_id: string;
  readonly client: Client;
  readonly sub: string;
  readonly scope: string;
  /** The resource servers that its access tokens are for. */
  readonly resources: readonly [ResourceServer, ...ResourceServer[]];
  /** The generation of the refresh token to issue with the access token; absent = no refresh token. */
  readonly generation?: number;
}

/**
 * Returned while the subject has not decided yet, so there is nothing to issue. The values are error codes of the token
 * endpoint. RFC 8628 section 3.5
 */
export interface PendingGrant {
  readonly pending: 'authorization_pending' | 'slow_down';
}

/** Picks the members of a grant that describe the sign-in. */
export function signInOf({ auth_time, amr, sid, nonce, claims }: SignIn): SignIn {
  return {
    ...(auth_time !== undefined && { auth_time }),
    ...(amr !== undefined && { amr }),
    ...(sid !== undefined && { sid }),
    ...(nonce !== undefined && { nonce }),
    ...(claims !== undefined && { claims }),
  };
}
