import { consentEpochId, subjectTag } from '../../lib/oauth/grant-id.ts';
import type { GrantState } from '../../lib/oauth/grant-state.ts';
import type { EpochStore } from '../../lib/store/epoch.ts';

/** The state of a grant as the command line shows it. */
export type GrantStatus = 'in force' | 'revoked' | 'signed out' | 'expired';

/**
 * Whether tokens can still be issued from a grant, or why not. Access tokens issued before may still be valid.
 * @param now seconds since the epoch
 */
export async function grantStatus(grant: GrantState, now: number, epochs: EpochStore): Promise<GrantStatus> {
  const { state, client_id, sub, root_sid, issued_at, consented_at = issued_at } = grant;
  const { code_expires_at, offline, ends_at, idle_until, expires_at } = grant;
  if (state === 'revoked') return 'revoked';
  const [consent, ...found] = await Promise.all([
    epochs.find('consent', consentEpochId(subjectTag(sub), client_id)),
    epochs.find('client', client_id),
    epochs.find('subject', subjectTag(sub)),
    root_sid === undefined ? undefined : epochs.find('session', root_sid),
  ]);
  if (consent !== undefined && consented_at <= consent) return 'revoked';
  if (found.some((until) => until !== undefined && issued_at <= until)) return 'signed out';
  const isOver =
    state === 'code' ? now >= code_expires_at : offline ? now >= ends_at || now >= idle_until : now >= expires_at;
  return isOver ? 'expired' : 'in force';
}
