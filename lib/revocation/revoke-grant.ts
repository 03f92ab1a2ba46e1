import type { Clock } from '../clock.ts';
import { revocationTransition } from '../oauth/grant-state.ts';
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
export const IN_FLIGHT_SECONDS = 10;

/**
 * The grant is revoked first: it then yields no tokens, so one entry in the list covers them all. Repeating it after a failure
 * completes the revocation. @param client_id when given, only a grant of this client is revoked
 * @returns `refused` for a grant of another client
 */
export async function revokeGrant(
  grant_id: string,
  { clock, grants, revocations, maxLifetime }: GrantRevocationContext,
  client_id?: string,
): Promise<'revoked' | 'unknown' | 'refused'> {
  const now = clock();
  const isChanged = await grants.changeBlindly(grant_id, revocationTransition(randomId(), now, client_id));
  const before = isChanged ? undefined : await grants.find(grant_id);
  if (!isChanged && !before) return 'unknown';
  if (before && client_id !== undefined && before.client_id !== client_id) return 'refused';
  const lastTokenAt = (before?.revoked_at ?? now) + IN_FLIGHT_SECONDS;
  const expires_at = lastTokenAt + maxLifetime + MAX_CLOCK_SKEW_SECONDS;
  const cause = client_id ?? before?.client_id;
  if (expires_at > now) await revocations.revokeTokensOfGrant({ grant_id, client_id: cause, expires_at }, !isChanged);
  return 'revoked';
}
