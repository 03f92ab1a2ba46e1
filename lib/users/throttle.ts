import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Clock } from '../clock.ts';
import { normalizeUsername } from '../oauth/user.ts';
import type { AttemptStore, Attempts } from '../store/attempt.ts';

export interface ThrottleContext {
  readonly clock: Clock;
  readonly attempts: AttemptStore;
}

/** After how many attempts in vain there is a delay, and how long it becomes. Seconds. */
interface Pace {
  readonly free: number;
  readonly longest: number;
}

/** An account can be delayed by whoever knows its name, so that is kept short; a house can share one address. */
const paces = {
  account: { free: 3, longest: 300 },
  address: { free: 50, longest: 60 },
} as const satisfies Record<string, Pace>;

/** Without an attempt for so long, all is forgotten. */
const MEMORY = 3_600;

/** How often a count is fought for that others change as well: so many at once are no person. */
const TRIES = 5;

/** What may be tried now, or when. */
export type Turn =
  | {
      readonly isGranted: true;
      /** To be called when it was not in vain. */
      succeeded(): Promise<void>;
    }
  | { readonly isGranted: false; readonly seconds: number };

/**
 * Takes one attempt to sign in, by conditional writes and before the password is looked at, so that a hundred at once get
 * no further than one after the other. The same for names that nobody has.
 */
export async function claimAttempt(
  username: string,
  address: string,
  { clock, attempts: store }: ThrottleContext,
): Promise<Turn> {
  const counters = [counter('account', normalizeUsername(username)), counter('address', network(address))] as const;
  // All are asked before any is counted, so that what is refused costs nothing.
  const known = await Promise.all(counters.map(({ id }) => store.find(id)));
  const now = clock();
  const wait = Math.max(...known.map((attempts) => waitFor(attempts, now)));
  if (wait > 0) return { isGranted: false, seconds: wait };

  const [account, source] = counters;
  const taken = await Promise.all([take(account, known[0], now, store), take(source, known[1], now, store)]);
  const seconds = Math.max(...taken.map((count) => count.wait));
  if (seconds > 0) return { isGranted: false, seconds };
  return {
    isGranted: true,
    // The account starts afresh. The address only gets this attempt back, or an account of one's own would pay for guesses
    // at others.
    async succeeded() {
      const { counted, before } = taken[1];
      await Promise.all([store.remove(account.id), store.replace(source.id, counted, before)]);
    },
  };
}

interface Taken {
  /** Seconds: whoever was faster took the last one. */
  readonly wait: number;
  readonly before: Attempts;
  readonly counted: Attempts;
}

/** Counts one attempt, whoever else does at the same time. */
async function take(
  { id, pace }: Counter,
  known: Attempts | undefined,
  now: number,
  store: AttemptStore,
): Promise<Taken> {
  let seen = known;
  for (let tries = 1; ; tries++) {
    const before = remembered(seen, now);
    const counted = another(before, pace, now);
    const wait = waitFor(seen, now);
    if (wait > 0 || tries > TRIES) return { wait: Math.max(1, wait), before, counted };
    if (await store.replace(id, seen, counted)) return { wait: 0, before, counted };
    seen = await store.find(id);
  }
}

interface Counter {
  readonly id: string;
  readonly pace: Pace;
}

/** Neither names nor addresses are in the table. */
const counter = (kind: keyof typeof paces, name: string): Counter => ({
  id: `${kind}#${createHash('sha256').update(name).digest('base64url')}`,
  pace: paces[kind],
});

const waitFor = (seen: Attempts | undefined, now: number): number => (seen?.not_before ?? 0) - now;

const remembered = (seen: Attempts | undefined, now: number): Attempts =>
  seen && now < seen.expires_at ? { ...seen, not_before: now } : { attempts: 0, not_before: now, expires_at: now };

/** One more: 1, 2, 4 and so on seconds from the first that is not free. */
function another({ attempts: before }: Attempts, { free, longest }: Pace, now: number): Attempts {
  const attempts = before + 1;
  const delay = attempts > free ? Math.min(longest, 2 ** Math.min(attempts - free - 1, 30)) : 0;
  return { attempts, not_before: now + delay, expires_at: now + delay + MEMORY };
}

/** A household has a whole /64 of IPv6 addresses. RFC 6177 */
function network(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail = ''] = address.split('::');
  const [before, after] = [head, tail].map((part) => part.split(':').filter((group) => group !== ''));
  const { length: known = 0 } = [...(before ?? []), ...(after ?? [])];
  const groups = [...(before ?? []), ...Array<string>(8 - known).fill('0'), ...(after ?? [])];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
