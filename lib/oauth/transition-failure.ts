import { clauseHolds } from '../clause.ts';
import {
  type GrantState,
  narrows,
  proofs,
  type Redemption,
  type Refresh,
  refreshable,
  unexpired,
} from './grant-state.ts';

/** Why a conditional write failed, as the grant shows when it is read afterwards. */
export type TransitionFailure =
  /** The write had succeeded; the store's answer was lost. */
  | 'landed'
  /** The same refresh token within the reuse interval. The successor is the same. */
  | 'retried'
  /** Two parties may have the token, so the grant must be revoked. */
  | 'reused'
  /** The same code at once, with the same verifier: a client that sent its request twice. The grant lives. */
  | 'repeated'
  | 'exceeded'
  /** Another request undid its transition after a fault, so it can be made again. */
  | 'undone'
  /** Unknown, expired, revoked, of another client, or without the right proofs. */
  | 'refused';

/** Seconds. Effects of React run twice in development, and so do handlers of a double click. */
export const REPEAT_INTERVAL = 2;

/**
 * Not 'reused' with wrong proofs: whoever used the code had the right ones, and a guess must not revoke the grant.
 * @param repeatInterval seconds after the redemption, the last of them included
 */
export function whyNotRedeemed(
  grant: GrantState | undefined,
  redemption: Redemption,
  repeatInterval = REPEAT_INTERVAL,
): TransitionFailure {
  if (!grant || grant.client_id !== redemption.client_id) return 'refused';
  if (grant.state === 'active' && grant.transition === redemption.request) return 'landed';
  if (!proofs(redemption).every((clause) => clauseHolds(grant, clause))) return 'refused';
  if (grant.state !== 'code') return isRepetition(grant, redemption, repeatInterval) ? 'repeated' : 'reused';
  if (!clauseHolds(grant, unexpired(redemption))) return 'refused';
  return narrows(redemption).every((clause) => clauseHolds(grant, clause)) ? 'undone' : 'exceeded';
}

/** Without PKCE, the client may have been made to present a stolen code (RFC 9700 section 4.5). */
const isRepetition = (
  { state, code_challenge, generation, rotated_at }: GrantState,
  { now }: Redemption,
  interval: number,
) => state === 'active' && code_challenge !== undefined && generation === 0 && Math.abs(now - rotated_at) <= interval;

/** @param reuseInterval seconds in which the previous generation may be presented again */
export function whyNotRotated(
  grant: GrantState | undefined,
  refresh: Refresh,
  reuseInterval: number,
): TransitionFailure {
  // Also when the grant is revoked: that completes a revocation that failed half-way.
  if (grant?.state === 'revoked' && grant.client_id === refresh.client_id) return 'reused';
  if (!grant || !refreshable(refresh).every((clause) => clauseHolds(grant, clause))) return 'refused';
  if (grant.transition === refresh.request) return 'landed';
  if (grant.generation < refresh.generation) return 'refused';
  // The other container's clock may be ahead. If it is far ahead, that must not turn reuse into a retry.
  const age = Math.abs(refresh.now - grant.rotated_at);
  const isRetry = grant.generation === refresh.generation + 1 && age < reuseInterval;
  if (grant.generation > refresh.generation && !isRetry) return 'reused';
  if (!narrows(refresh).every((clause) => clauseHolds(grant, clause))) return 'exceeded';
  return isRetry ? 'retried' : 'undone';
}
