import type { Client } from './client.ts';
import type { GrantState } from './grant-state.ts';
import type { ResourceServer } from './resource-server.ts';

export type SignIn = Pick<GrantState, 'auth_time' | 'amr' | 'sid' | 'nonce' | 'claims'>;

/** Its id identifies all tokens that are issued from it. */
export interface Grant extends SignIn {
  readonly grant_id: string;
  readonly client: Client;
  readonly sub: string;
  readonly scope: string;
  readonly resources: readonly [ResourceServer, ...ResourceServer[]];
  /** Of the refresh token to issue; absent = none. */
  readonly generation?: number;
}

/** The subject has not decided yet. RFC 8628 section 3.5 */
export interface PendingGrant {
  readonly pending: 'authorization_pending' | 'slow_down';
}

export function signInOf({ auth_time, amr, sid, nonce, claims }: SignIn): SignIn {
  return {
    ...(auth_time !== undefined && { auth_time }),
    ...(amr !== undefined && { amr }),
    ...(sid !== undefined && { sid }),
    ...(nonce !== undefined && { nonce }),
    ...(claims !== undefined && { claims }),
  };
}
