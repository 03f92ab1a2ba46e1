import { randomPassword } from '../random-password.ts';
import { type Io, readStdin } from './io.ts';
import { Problem } from './problem.ts';

/** Of a password; `isOurs` if it was made here, and has to be shown, once. */
export interface NewPassword {
  readonly password: string;
  readonly isOurs: boolean;
}

const MIN_LENGTH = 8;
const MAX_LENGTH = 255;
const RULES = `${MIN_LENGTH} to ${MAX_LENGTH} characters, on one line`;

/** For help. */
export const PASSWORD_STDIN = `take the password from standard input: one that somebody chose, of ${RULES}`;

/**
 * A new random password, or, from standard input, one that somebody chose.
 * @throws Problem for one that is too short or too long, or nobody can type
 */
export async function newPassword(io: Io, { passwordStdin }: { readonly passwordStdin?: true }): Promise<NewPassword> {
  if (!passwordStdin) return { password: randomPassword(), isOurs: true };
  const password = await readStdin(io, 'password', `, ${RULES}`);
  const length = [...password].length;
  if (length < MIN_LENGTH || length > MAX_LENGTH || /\p{Cc}/u.test(password)) {
    throw new Problem(`a password has ${RULES}`);
  }
  return { password, isOurs: false };
}
