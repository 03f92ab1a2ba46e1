import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { AttemptStore, Attempts } from '../store/attempt.ts';
import { type AttemptLimit, attemptLimits, type Counted, FORGET_AFTER, MAX_WRITES } from './attempt-limits.ts';
import { networksOf } from './network.ts';

export interface ThrottleContext {
  readonly clock: Clock;
  readonly attempts: AttemptStore;
}

export interface Counter {
  readonly id: string;
  readonly limit: AttemptLimit;
}

/** The id has a hash, so that neither usernames nor addresses are in the table. */
export const counter = (kind: Counted, name: string): Counter => ({
  id: `${kind}#${createHash('sha256').update(name).digest('base64url')}`,
  limit: attemptLimits[kind],
});

/** @param address as the gateway saw it */
export const addressCounters = (address: string): Counter[] =>
  networksOf(address).map(([width, network]) => counter(width, network));

export type AttemptDecision =
  | {
      readonly isAllowed: true;
      succeeded(): Promise<void>;
    }
  | { readonly isAllowed: false; readonly seconds: number };

/** Conditional writes, so that a hundred attempts at once get no further than a hundred in a row. @throws Unavailable */
export async function reserveAttempt(
  counters: readonly Counter[],
  { clock, attempts: store }: ThrottleContext,
): Promise<AttemptDecision> {
  // All counters are read before one is changed, so a refused attempt takes no write.
  const known = await Promise.all(counters.map(({ id }) => store.find(id)));
  const now = clock();
  const wait = Math.max(...counters.map(({ limit }, index) => secondsToWait(known[index], limit, now)));
  if (wait > 0) return { isAllowed: false, seconds: wait };

  const taken = await Promise.all(counters.map((each, index) => countAttempt(each, known[index], now, store)));
  const seconds = Math.max(...taken.map((count) => count.wait));
  if (seconds > 0) return { isAllowed: false, seconds };
  return {
    isAllowed: true,
    async succeeded() {
      await Promise.all(
        taken.map(({ id, limit, counted, before }) =>
          limit.afterSuccess === 'reset' ? store.remove(id) : store.replace(id, counted, before),
        ),
      );
    },
  };
}

interface CountedAttempt extends Counter {
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
    const wait = secondsToWait(seen, limit, now);
    if (wait > 0 || tries > MAX_WRITES) return { id, limit, wait: Math.max(1, wait), before, counted };
    if (await store.replace(id, seen, counted)) return { id, limit, wait: 0, before, counted };
    seen = await store.find(id);
  }
}

/** A free attempt delays nobody, also when the clock of this container is behind. */
const secondsToWait = (seen: Attempts | undefined, { freeAttempts, maxDelay }: AttemptLimit, now: number): number =>
  seen && seen.attempts > freeAttempts ? Math.min(maxDelay, seen.not_before - now) : 0;

const countSoFar = (seen: Attempts | undefined, now: number): Attempts =>
  seen && now < seen.expires_at ? { ...seen, not_before: now } : { attempts: 0, not_before: now, expires_at: now };

function addAttempt({ attempts: before }: Attempts, { freeAttempts, maxDelay }: AttemptLimit, now: number): Attempts {
  const attempts = before + 1;
  const delay = attempts > freeAttempts ? Math.min(maxDelay, 2 ** Math.min(attempts - freeAttempts - 1, 30)) : 0;
  return { attempts, not_before: now + delay, expires_at: now + delay + FORGET_AFTER };
}
