import { subjectTagOf } from '../oauth/grant-id.ts';
import type { GrantState } from '../oauth/grant-state.ts';
import type { EpochStore } from '../store/epoch.ts';

/**
 * Whether the grants of this client, subject or issuer have ended that were given, or whose subject signed in, up to some
 * time. Three reads side by side, by keys that are known before the grant itself is read. docs/design.md section 4
 */
export async function readEpochs(
  grant_id: string,
  client_id: string,
  { epochs, issuer }: { readonly epochs: EpochStore; readonly issuer: string },
): Promise<(grant: Pick<GrantState, 'issued_at' | 'auth_time'>) => boolean> {
  const [client = NEVER, subject = NEVER, ofIssuer = NEVER] = await Promise.all([
    epochs.find('client', client_id),
    epochs.find('subject', subjectTagOf(grant_id)),
    epochs.find('issuer', issuer),
  ]);
  // A grant that was given while its subject was being signed out came of a session from before.
  return ({ issued_at, auth_time = issued_at }) => issued_at <= client || auth_time <= Math.max(subject, ofIssuer);
}

const NEVER = Number.NEGATIVE_INFINITY;
