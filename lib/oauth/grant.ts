import type { Client } from './client.ts';
import type { GrantState } from './grant-state.ts';
import type { ResourceServer } from './resource-server.ts';

export type SignIn = Pick<GrantState, 'auth_time' | 'amr' | 'consented_at' | 'sid' | 'root_sid' | 'nonce' | 'claims'>;

/** Its id identifies all tokens that are issued from it. */
export interface Grant extends SignIn {
  readonly grant_id: string;
  readonly client: Client;
  readonly sub: string;
  readonly scope: string;
  readonly resources: readonly [ResourceServer, ...ResourceServer[]];
  /** As it is stored; absent = it is new, or of version 0.1.0. */
  readonly access_token_lifetime?: number;
}

/** What a refresh token carries: the secret of its grant, and the number of this refresh token. */
export interface RefreshTokenContent {
  readonly secret: string;
  readonly generation: number;
}

/** With the refresh token to issue; absent = none. It is kept apart from the grant, which is shown to hooks. */
export interface ObtainedGrant {
  readonly grant: Grant;
  readonly refresh?: RefreshTokenContent;
}

/** The subject has not decided yet. RFC 8628 section 3.5 */
export interface PendingGrant {
  readonly pending: 'authorization_pending' | 'slow_down';
}

export function signInOf({ auth_time, amr, consented_at, sid, root_sid, nonce, claims }: SignIn): SignIn {
  return {
    ...(auth_time !== undefined && { auth_time }),
    ...(amr !== undefined && { amr }),
    ...(consented_at !== undefined && { consented_at }),
    ...(sid !== undefined && { sid }),
    ...(root_sid !== undefined && { root_sid }),
    ...(nonce !== undefined && { nonce }),
    ...(claims !== undefined && { claims }),
  };
}
