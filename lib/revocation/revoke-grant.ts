import type { Clock } from '../clock.ts';
import { type GrantState, revocationTransition } from '../oauth/grant-state.ts';
import { randomId } from '../oauth/handle.ts';
import { MAX_CLOCK_SKEW_SECONDS } from '../oauth/revocation.ts';
import type { GrantStore } from '../store/grant.ts';
import type { RevocationList } from './list.ts';

export interface GrantRevocationContext {
  readonly clock: Clock;
  readonly grants: GrantStore;
  readonly revocations: RevocationList;
  /** Seconds, of an access token. */
  readonly maxLifetime: number;
}

/** Seconds in which a request that read the grant before may still issue tokens: the timeout of a function. */
const IN_FLIGHT_SECONDS = 10;

/**
 * The grant is revoked first: it then yields no tokens, so one entry in the list covers them all. Repeating it after a failure
 * completes the revocation. @param client_id when given, only a grant of this client is revoked
 */
export async function revokeGrant(
  grant_id: string,
  { clock, grants, revocations, maxLifetime }: GrantRevocationContext,
  client_id?: string,
): Promise<GrantState | undefined> {
  const now = clock();
  const grant =
    (await grants.change(grant_id, revocationTransition(randomId(), now, client_id))) ?? (await grants.find(grant_id));
  if (!grant || (client_id !== undefined && grant.client_id !== client_id)) return grant;
  const lastTokenAt = (grant.revoked_at ?? now) + IN_FLIGHT_SECONDS;
  const expires_at = lastTokenAt + maxLifetime + MAX_CLOCK_SKEW_SECONDS;
  if (expires_at > now) await revocations.revokeTokensOfGrant(grant_id, expires_at);
  return grant;
}
