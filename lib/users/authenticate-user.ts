import type { Clock } from '../clock.ts';
import type { Extensions } from '../extensions.ts';
import { addressCounters, type Counter, counter, reserveAttempt, type ThrottleContext } from '../guessing/throttle.ts';
import { randomId } from '../oauth/handle.ts';
import { foldUsername, normalizeUsername, type User } from '../oauth/user.ts';
import type { UserStore } from '../store/user.ts';
import { requireUnicode } from '../unicode.ts';
import { verifyPassword } from './password.ts';

export interface UserAuthenticationContext extends ThrottleContext {
  readonly users: Pick<UserStore, 'find' | 'findByName'>;
  readonly extensions: Pick<Extensions, 'authenticateUser'>;
}

/** Where an attempt comes from, which is what is counted besides the account. */
export interface AttemptOrigin {
  /** As the gateway saw it. */
  readonly address: string;
  /** That passes the password on. */
  readonly client_id?: string;
  /** The id of a browser that is known by this. */
  deviceOf?(knownBy: string): string | undefined;
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

interface Checked {
  readonly result: SignedIn | Refused;
  /** Of the person in the directory, who may have several names; of nobody, if the directory does not say who it is. */
  readonly account?: string;
}

/**
 * Slows down guessing. A name that does not exist takes the same time and gives the same answer as a wrong password.
 * @returns also what a browser is known by after a sign-in: the account and, in the table, its password
 */
export async function authenticateUser(
  username: string,
  password: string,
  origin: AttemptOrigin,
  context: UserAuthenticationContext,
): Promise<SignInOutcome & { readonly knownBy: string }> {
  const { users, extensions, clock } = context;
  const user = await users.findByName(username);
  const account = user ? accountOf(user) : accountNamed(username);
  // With a new password, no browser is known: whoever knew the old one could have prepared many from which to guess the new one.
  const knownBy = user ? JSON.stringify([account, user.password.secret_id]) : account;
  const device = origin.deviceOf?.(knownBy);
  const counters = device === undefined ? countersFor(account, origin) : [counter('device', device)];
  // The same time for all counters, so that whoever waits as long as the answer says has waited long enough.
  const now = clock();
  const throttle = { attempts: context.attempts, clock: () => now };
  const decision = await reserveAttempt(counters, throttle);
  if (!decision.isAllowed) return { outcome: 'delayed', seconds: decision.seconds, knownBy };

  const { result, account: elsewhere } = await (extensions.authenticateUser
    ? decideWithHook(user, account, username, password, extensions.authenticateUser, context)
    : { result: await checkTable(user, password, clock) });
  if (elsewhere !== undefined && device === undefined) {
    // Only now is it known who it is, so the answer is withheld if there were too many attempts at this person's names.
    const person = await reserveAttempt([counter('account', elsewhere)], throttle);
    if (!person.isAllowed) return { outcome: 'delayed', seconds: person.seconds, knownBy };
    if (result.outcome === 'signed_in') await person.succeeded();
  }
  if (result.outcome === 'signed_in') await decision.succeeded();
  return { ...result, knownBy };
}

/** A user of the table is counted by the name of the record, as in version 0.1.0, whatever name leads there. */
const accountOf = ({ username }: User) => normalizeUsername(username);
const accountNamed = (username: string) => `name\0${foldUsername(username)}`;
const accountElsewhere = (sub: string) => `subject\0${sub}`;
/** Counted as well, so that the time does not reveal whether a directory knows a name. */
const accountOfNobody = (account: string) => `nobody\0${account}`;

const countersFor = (account: string, { address, client_id }: AttemptOrigin): Counter[] => [
  counter('account', account),
  ...addressCounters(address),
  ...(client_id === undefined ? [] : [counter('client', client_id)]),
];

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
  account: string,
  username: string,
  password: string,
  hook: NonNullable<Extensions['authenticateUser']>,
  { users, clock }: UserAuthenticationContext,
): Promise<Checked> {
  // The hook must not see the password of a user in the table.
  const [table, directory] = await Promise.allSettled([
    checkTable(user, password, clock),
    callHook(hook, username, user ? randomId() : password),
  ]);
  if (table.status === 'rejected') throw table.reason;
  if (table.value.outcome === 'signed_in') return { result: table.value };
  if (directory.status === 'rejected') throw directory.reason;
  const nobody = accountOfNobody(account);
  if (user) return { result: table.value, account: nobody };

  const found = directory.value;
  if (!found) return { result: REFUSED_ELSEWHERE, account: nobody };
  const { sub, amr = ['pwd'], isWrong = false } = found;
  if (isWrong) return { result: REFUSED_ELSEWHERE, account: accountElsewhere(sub) };
  // The hook may give several names one subject; disabling it in the table disables all of them.
  const known = await users.find(sub);
  if (known && !known.enabled) {
    return { result: { outcome: 'refused', reason: 'disabled user', sub }, account: accountElsewhere(sub) };
  }
  return { result: { outcome: 'signed_in', sub, amr }, account: accountElsewhere(sub) };
}

const REFUSED_ELSEWHERE: Refused = { outcome: 'refused', reason: 'refused by authenticateUser' };

/** A hook that throws synchronously must not skip the check of the table. */
async function callHook(hook: NonNullable<Extensions['authenticateUser']>, username: string, password: string) {
  const found = requireUnicode(await hook(username, password), 'authenticateUser');
  if (found && (typeof found.sub !== 'string' || found.sub === ''))
    throw new TypeError('authenticateUser returned no sub');
  return found;
}
