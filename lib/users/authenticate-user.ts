import type { Clock } from '../clock.ts';
import type { Extensions } from '../extensions.ts';
import { addressCounters, counter, reserveAttempt, type ThrottleContext } from '../guessing/throttle.ts';
import { randomId } from '../oauth/handle.ts';
import { normalizeUsername, type User } from '../oauth/user.ts';
import type { UserStore } from '../store/user.ts';
import { verifyPassword } from './password.ts';

export interface UserAuthenticationContext extends ThrottleContext {
  readonly users: Pick<UserStore, 'find' | 'findByName'>;
  readonly extensions: Pick<Extensions, 'authenticateUser'>;
}

interface SignedIn {
  readonly outcome: 'signed_in';
  readonly sub: string;
  readonly amr: readonly string[];
}

/** `reason` and `sub` are only for the log. */
interface Refused {
  readonly outcome: 'refused';
  readonly reason: RefusedReason;
  readonly sub?: string;
}

type RefusedReason =
  | 'unknown user'
  | 'wrong password'
  | 'expired password'
  | 'disabled user'
  | 'refused by authenticateUser';

export type SignInOutcome =
  | SignedIn
  | Refused
  /** The password was not checked. The next attempt is allowed after `seconds`. */
  | { readonly outcome: 'delayed'; readonly seconds: number };

/** Slows down guessing. A name that does not exist takes the same time and gives the same answer as a wrong password. */
export async function authenticateUser(
  username: string,
  password: string,
  address: string,
  context: UserAuthenticationContext,
): Promise<SignInOutcome> {
  const decision = await reserveAttempt(
    [counter('account', normalizeUsername(username)), ...addressCounters(address)],
    context,
  );
  if (!decision.isAllowed) return { outcome: 'delayed', seconds: decision.seconds };
  const { authenticateUser: hook } = context.extensions;
  const user = await context.users.findByName(username);
  const result = await (hook
    ? decideWithHook(user, username, password, hook, context)
    : checkTable(user, password, context.clock));
  if (result.outcome === 'signed_in') await decision.succeeded();
  return result;
}

/** A name that does not exist takes the same time. */
async function checkTable(user: User | undefined, password: string, clock: Clock): Promise<SignedIn | Refused> {
  const matches = await verifyPassword(password, user?.password, clock);
  if (!user) return { outcome: 'refused', reason: 'unknown user' };
  if (matches && user.enabled) return { outcome: 'signed_in', sub: user.sub, amr: ['pwd'] };
  return { outcome: 'refused', reason: whyRefused(user, clock), sub: user.sub };
}

function whyRefused({ enabled, password: { expires_at } }: User, clock: Clock): RefusedReason {
  if (!enabled) return 'disabled user';
  return expires_at !== undefined && expires_at <= clock() ? 'expired password' : 'wrong password';
}

/**
 * For a name in the table only the table decides, so a disabled user cannot sign in through the hook. Both are called for every
 * name, so that neither time nor a fault of the hook reveals where a name is.
 */
async function decideWithHook(
  user: User | undefined,
  username: string,
  password: string,
  hook: NonNullable<Extensions['authenticateUser']>,
  { users, clock }: UserAuthenticationContext,
): Promise<SignedIn | Refused> {
  // The hook must not see the password of a user in the table.
  const [table, elsewhere] = await Promise.allSettled([
    checkTable(user, password, clock),
    callHook(hook, username, user ? randomId() : password),
  ]);
  if (table.status === 'rejected') throw table.reason;
  if (table.value.outcome === 'signed_in') return table.value;
  if (elsewhere.status === 'rejected') throw elsewhere.reason;
  if (user) return table.value;

  const found = elsewhere.value;
  if (!found) return { outcome: 'refused', reason: 'refused by authenticateUser' };
  // The hook may give several names one subject; disabling it in the table disables all of them.
  const known = await users.find(found.sub);
  if (known && !known.enabled) return { outcome: 'refused', reason: 'disabled user', sub: known.sub };
  return { outcome: 'signed_in', sub: found.sub, amr: found.amr ?? ['pwd'] };
}

/** A hook that throws synchronously must not skip the check of the table. */
const callHook = async (hook: NonNullable<Extensions['authenticateUser']>, username: string, password: string) =>
  hook(username, password);
