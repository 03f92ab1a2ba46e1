import { consentEpochId, subjectTagOf } from '../oauth/grant-id.ts';
import type { GrantState } from '../oauth/grant-state.ts';
import type { EpochStore } from '../store/epoch.ts';

/**
 * Parallel, by keys that are known before the grant is read. Only a grant that ends with a session names that one's. docs/design.md
 * section 4
 * @returns whether a grant is from before one of the epochs, and therefore revoked
 */
export async function readEpochs(
  grant_id: string,
  client_id: string,
  { epochs, issuer }: { readonly epochs: EpochStore; readonly issuer: string },
): Promise<(grant: Pick<GrantState, 'issued_at' | 'auth_time' | 'consented_at' | 'root_sid'>) => Promise<boolean>> {
  const tag = subjectTagOf(grant_id);
  const [client = NEVER, subject = NEVER, consent = NEVER, ofIssuer = NEVER] = await Promise.all([
    epochs.find('client', client_id),
    epochs.find('subject', tag),
    epochs.find('consent', consentEpochId(tag, client_id)),
    epochs.find('issuer', issuer),
  ]);
  // A grant given during a sign-out everywhere came from a session that began before it, and one given while a consent is withdrawn
  // came from that consent.
  return async ({ issued_at, auth_time = issued_at, consented_at = issued_at, root_sid }) => {
    if (issued_at <= client || consented_at <= consent || auth_time <= Math.max(subject, ofIssuer)) return true;
    const session = root_sid === undefined ? undefined : await epochs.find('session', root_sid);
    return session !== undefined && issued_at <= session;
  };
}

const NEVER = Number.NEGATIVE_INFINITY;
