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
export const IN_FLIGHT_SECONDS = 10;

/** Seconds that the clock of a function may be ahead: what it gives is dated so much later. */
export const CLOCK_LEAD_SECONDS = 50;

/** Seconds after its revocation up to which a grant's last access token may be dated. */
const LAST_TOKEN_SECONDS = IN_FLIGHT_SECONDS + CLOCK_LEAD_SECONDS;

/** When the last access token of a grant that was revoked then has expired everywhere. Times are seconds since the epoch. */
export const lastTokenExpiry = (
  { access_token_lifetime }: Pick<GrantState, 'access_token_lifetime'>,
  revoked_at: number,
  maxLifetime: number,
): number => revoked_at + LAST_TOKEN_SECONDS + (access_token_lifetime ?? maxLifetime) + MAX_CLOCK_SKEW_SECONDS;

/**
 * The grant is revoked first: it then yields no tokens, so one entry in the list covers them all. Repeating it after a failure
 * completes the revocation.
 * @param client_id of the client that asks for it: only its own grant is revoked, and the entry takes from its share
 * @returns `refused` for a grant of another client
 */
export async function revokeGrant(
  grant_id: string,
  { clock, grants, revocations, maxLifetime }: GrantRevocationContext,
  client_id?: string,
): Promise<'revoked' | 'unknown' | 'refused'> {
  const now = clock();
  const changed = await grants.change(grant_id, revocationTransition(randomId(), now, client_id));
  const before = changed ? undefined : await grants.find(grant_id);
  const grant = changed ?? before;
  if (!grant) return 'unknown';
  if (client_id !== undefined && grant.client_id !== client_id) return 'refused';
  const expires_at = lastTokenExpiry(grant, grant.revoked_at ?? now, maxLifetime);
  if (expires_at > now) await revocations.revokeTokensOfGrant({ grant_id, client_id, expires_at }, !changed);
  return 'revoked';
}
