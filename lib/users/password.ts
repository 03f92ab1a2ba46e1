import type { Clock } from '../clock.ts';
import type { HashedSecret } from '../oauth/hashed-secret.ts';
import { hashSlowly, matchesChosen, unmatchableSecret } from '../secrets/secret.ts';

/** Keyboards produce different code points for the same text. NIST SP 800-63B section 5.1.1.2 */
const normal = (password: string) => password.normalize('NFKC');

export const hashPassword = (password: string, now: number): Promise<HashedSecret> => hashSlowly(normal(password), now);

/** Takes the same time when the password has expired, and when there is none. */
export async function verifyPassword(
  password: string,
  stored: HashedSecret = unmatchableSecret,
  clock: Clock,
): Promise<boolean> {
  const matches = await matchesChosen(normal(password), stored);
  return matches && (stored.expires_at === undefined || clock() < stored.expires_at);
}
