import type { Extensions } from '../extensions.ts';
import type { UserStore } from '../store/user.ts';
import { verifyPassword } from './password.ts';
import { type ThrottleContext, takeAttempt } from './throttle.ts';

export interface UserAuthenticationContext extends ThrottleContext {
  readonly users: Pick<UserStore, 'findByName'>;
  readonly extensions: Pick<Extensions, 'authenticateUser'>;
}

/** How an attempt to sign in ended. */
export type SignInOutcome =
  | { readonly outcome: 'signed_in'; readonly sub: string; readonly amr: readonly string[] }
  /** The name or the password is wrong, or the user is disabled: which one is not told. */
  | { readonly outcome: 'refused' }
  /** Too many attempts: not before so many seconds from now. The password was not looked at. */
  | { readonly outcome: 'delayed'; readonly seconds: number };

/**
 * Who somebody is by name and password. Slows guessing down, and answers alike and in the same time for names that nobody
 * has.
 * @param address where the attempt came from, as the gateway saw it
 */
export async function authenticateUser(
  username: string,
  password: string,
  address: string,
  context: UserAuthenticationContext,
): Promise<SignInOutcome> {
  const turn = await takeAttempt(username, address, context);
  if (!turn.isGranted) return { outcome: 'delayed', seconds: turn.seconds };
  const found = await (context.extensions.authenticateUser ?? findHere(context))(username, password);
  if (!found) return { outcome: 'refused' };
  await turn.succeeded();
  return { outcome: 'signed_in', sub: found.sub, amr: found.amr ?? ['pwd'] };
}

/** The same as the hook, by the table. */
const findHere =
  ({ users, clock }: UserAuthenticationContext): NonNullable<Extensions['authenticateUser']> =>
  async (username, password) => {
    const user = await users.findByName(username);
    const matches = await verifyPassword(password, user?.password, clock);
    return matches && user?.enabled ? { sub: user.sub } : undefined;
  };
