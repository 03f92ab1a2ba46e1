import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Clock } from '../clock.ts';
import { normalizeUsername } from '../oauth/user.ts';
import type { AttemptStore, Attempts } from '../store/attempt.ts';

export interface ThrottleContext {
  readonly clock: Clock;
  readonly attempts: AttemptStore;
}

interface AttemptLimit {
  readonly freeAttempts: number;
  /** Seconds. */
  readonly maxDelay: number;
}

/** Whoever knows a username can delay its owner, so the delay stays short. Many people can share one address. */
const limits = {
  account: { freeAttempts: 3, maxDelay: 300 },
  address: { freeAttempts: 50, maxDelay: 60 },
} as const satisfies Record<string, AttemptLimit>;

/** Seconds without an attempt; the count then starts again from zero. */
const FORGET_AFTER = 3_600;

/** So many requests that change one counter at once do not come from a person, and are delayed. */
const MAX_WRITES = 5;

export type AttemptDecision =
  | {
      readonly isAllowed: true;
      succeeded(): Promise<void>;
    }
  | { readonly isAllowed: false; readonly seconds: number };

/**
 * Conditional writes, so that a hundred attempts at once get no further than a hundred in a row. Unknown names count the same.
 */
export async function reserveAttempt(
  username: string,
  address: string,
  { clock, attempts: store }: ThrottleContext,
): Promise<AttemptDecision> {
  const counters = [counter('account', normalizeUsername(username)), counter('address', network(address))] as const;
  // Both counters are read before either is changed, so a refused attempt takes no write.
  const known = await Promise.all(counters.map(({ id }) => store.find(id)));
  const now = clock();
  const wait = Math.max(...known.map((attempts) => secondsToWait(attempts, now)));
  if (wait > 0) return { isAllowed: false, seconds: wait };

  const [account, source] = counters;
  const taken = await Promise.all([
    countAttempt(account, known[0], now, store),
    countAttempt(source, known[1], now, store),
  ]);
  const seconds = Math.max(...taken.map((count) => count.wait));
  if (seconds > 0) return { isAllowed: false, seconds };
  return {
    isAllowed: true,
    // The address only gets this attempt back: otherwise an attacker could reset it by signing in between guesses at others.
    async succeeded() {
      const { counted, before } = taken[1];
      await Promise.all([store.remove(account.id), store.replace(source.id, counted, before)]);
    },
  };
}

interface CountedAttempt {
  /** More than 0 when a concurrent request used the last attempt. */
  readonly wait: number;
  readonly before: Attempts;
  readonly counted: Attempts;
}

async function countAttempt(
  { id, limit }: Counter,
  known: Attempts | undefined,
  now: number,
  store: AttemptStore,
): Promise<CountedAttempt> {
  let seen = known;
  for (let tries = 1; ; tries++) {
    const before = countSoFar(seen, now);
    const counted = addAttempt(before, limit, now);
    const wait = secondsToWait(seen, now);
    if (wait > 0 || tries > MAX_WRITES) return { wait: Math.max(1, wait), before, counted };
    if (await store.replace(id, seen, counted)) return { wait: 0, before, counted };
    seen = await store.find(id);
  }
}

interface Counter {
  readonly id: string;
  readonly limit: AttemptLimit;
}

/** A hash, so that neither usernames nor addresses are in the table. */
const counter = (kind: keyof typeof limits, name: string): Counter => ({
  id: `${kind}#${createHash('sha256').update(name).digest('base64url')}`,
  limit: limits[kind],
});

const secondsToWait = (seen: Attempts | undefined, now: number): number => (seen?.not_before ?? 0) - now;

const countSoFar = (seen: Attempts | undefined, now: number): Attempts =>
  seen && now < seen.expires_at ? { ...seen, not_before: now } : { attempts: 0, not_before: now, expires_at: now };

/** After the free ones, the delay doubles: 1, 2, 4 seconds and so on. */
function addAttempt({ attempts: before }: Attempts, { freeAttempts, maxDelay }: AttemptLimit, now: number): Attempts {
  const attempts = before + 1;
  const delay = attempts > freeAttempts ? Math.min(maxDelay, 2 ** Math.min(attempts - freeAttempts - 1, 30)) : 0;
  return { attempts, not_before: now + delay, expires_at: now + delay + FORGET_AFTER };
}

/** The /64 network of an IPv6 address: at least that much is assigned to one site. RFC 6177 */
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
