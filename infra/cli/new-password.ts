import { Problem } from '../problem.ts';
import { randomPassword } from '../random-password.ts';
import { type Io, readStdin } from './io.ts';

/** A password to set. A generated one must be shown once. */
export interface NewPassword {
  readonly password: string;
  readonly isGenerated: boolean;
}

const MIN_LENGTH = 8;
const MAX_LENGTH = 255;
const RULES = `${MIN_LENGTH} to ${MAX_LENGTH} characters, on one line`;

/** Description of the option. */
export const PASSWORD_STDIN = `read a chosen password from standard input: ${RULES}`;

/**
 * Generates a random password, or reads a chosen one from standard input.
 * @throws Problem for a password that breaks the rules
 */
export async function newPassword(io: Io, { passwordStdin }: { readonly passwordStdin?: true }): Promise<NewPassword> {
  if (!passwordStdin) return { password: randomPassword(), isGenerated: true };
  const password = await readStdin(io, 'password', `, ${RULES}`);
  const length = [...password].length;
  if (length < MIN_LENGTH || length > MAX_LENGTH || /\p{Cc}/u.test(password)) {
    throw new Problem(`this password cannot be used: a password has ${RULES}`);
  }
  return { password, isGenerated: false };
}
