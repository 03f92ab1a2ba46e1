import { subjectTagOf } from '../oauth/grant-id.ts';
import type { EpochStore } from '../store/epoch.ts';

/**
 * Grants of this client, subject or issuer that were given up to this time have ended. Three reads side by side, by keys
 * that are known before the grant itself is read. DESIGN.md section 4
 */
export async function endedUntil(
  grant_id: string,
  client_id: string,
  { epochs, issuer }: { readonly epochs: EpochStore; readonly issuer: string },
): Promise<number> {
  const found = await Promise.all([
    epochs.find('client', client_id),
    epochs.find('subject', subjectTagOf(grant_id)),
    epochs.find('issuer', issuer),
  ]);
  return Math.max(...found.map((epoch = Number.NEGATIVE_INFINITY) => epoch));
}
