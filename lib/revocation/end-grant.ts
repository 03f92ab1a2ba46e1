import type { Clock } from '../clock.ts';
import { type GrantState, revoke } from '../oauth/grant-state.ts';
import { randomId } from '../oauth/handle.ts';
import { MAX_CLOCK_SKEW_SECONDS } from '../oauth/revocation.ts';
import type { GrantStore } from '../store/grant.ts';
import type { RevocationList } from './list.ts';

export interface EndingContext {
  readonly clock: Clock;
  readonly grants: GrantStore;
  readonly revocations: RevocationList;
  /** The longest an access token can live, in seconds. */
  readonly maxLifetime: number;
}

/** The time a request may take that found the grant alive: the timeout of a function. */
const IN_FLIGHT_SECONDS = 10;

/**
 * Ends a grant and, through the revocation list, its access tokens of every format. First the grant: afterwards no token
 * comes of it, so that one entry on the list is enough. Repeating it makes good what was missed.
 * @param client_id whose it has to be, where a client asks for it
 * @returns the grant, which has changed only if it is that client's; undefined when there is none
 */
export async function endGrant(
  grant_id: string,
  { clock, grants, revocations, maxLifetime }: EndingContext,
  client_id?: string,
): Promise<GrantState | undefined> {
  const now = clock();
  const grant = (await grants.change(grant_id, revoke(randomId(), now, client_id))) ?? (await grants.find(grant_id));
  if (!grant || (client_id !== undefined && grant.client_id !== client_id)) return grant;
  const lastTokenAt = (grant.revoked_at ?? now) + IN_FLIGHT_SECONDS;
  const expires_at = lastTokenAt + maxLifetime + MAX_CLOCK_SKEW_SECONDS;
  if (expires_at > now) await revocations.revokeGrant(grant_id, expires_at);
  return grant;
}
