/**
 * Whole seconds since the epoch. Injected, so that tests can set it. Times that are stored or sent, such as the expiry of tokens,
 * leases and counters of attempts, are compared by it alone, because containers share no other clock. What one container
 * measures for itself, such as the age of what it has read, is a `Span`.
 */
export interface Clock {
  (): number;
  /** Milliseconds since some moment; absent = a test's, which is never set back unnoticed. */
  readonly elapsedMs?: () => number;
}

/**
 * Milliseconds since some moment, for durations: it never jumps. `performance.now()` would load twelve more modules of Node.js
 * while a function starts, and a BigInt would take nearly twice as long.
 */
export function elapsedMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

export const systemClock: Clock = Object.assign(() => Math.floor(Date.now() / 1000), { elapsedMs });

/** By both clocks. */
export interface Moment {
  /** Seconds since the epoch. */
  readonly time: number;
  readonly elapsedMs: number;
}

export function momentOf(clock: Clock): Moment {
  const time = clock();
  return { time, elapsedMs: clock.elapsedMs ? clock.elapsedMs() : time * 1000 };
}

export const LONG_AGO: Moment = { time: Number.NEGATIVE_INFINITY, elapsedMs: Number.NEGATIVE_INFINITY };

export interface Span {
  /** When something was read. */
  readonly since: Moment;
  readonly seconds: number;
}

/**
 * Whether the span has certainly not ended. Wall time can be set back, and the elapsed time may stand still while a container is
 * frozen, so both are asked. To read them takes longer than all else that is decided about a token that was seen before, so a
 * decision reads them once.
 */
export function isWithin({ since, seconds }: Span, now: Moment): boolean {
  // With whole seconds, only "less than" keeps the true age below the bound. A negative age shows that the clock was set back.
  const age = now.time - since.time;
  return age >= 0 && age < seconds && now.elapsedMs - since.elapsedMs < seconds * 1000;
}
