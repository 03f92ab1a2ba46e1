/** Whole seconds since the epoch. Injected, so that tests can set it. */
export interface Clock {
  (): number;
  /** Milliseconds since some moment; absent = a test's, which is never set back unnoticed. */
  readonly elapsedMs?: () => number;
}

/**
 * Milliseconds since some moment, for durations: it never jumps. `performance.now()` would load twelve more modules of Node.js
 * while a function starts.
 */
export const elapsedMs = (): number => Number(process.hrtime.bigint()) / 1e6;

export const systemClock: Clock = Object.assign(() => Math.floor(Date.now() / 1000), { elapsedMs });

/** When something was read, by both clocks. */
export interface Moment {
  /** Seconds since the epoch. */
  readonly time: number;
  readonly elapsedMs: number;
}

const elapsedOf = (clock: Clock) => (clock.elapsedMs ? clock.elapsedMs() : clock() * 1000);

export const momentOf = (clock: Clock): Moment => ({ time: clock(), elapsedMs: elapsedOf(clock) });

export const LONG_AGO: Moment = { time: Number.NEGATIVE_INFINITY, elapsedMs: Number.NEGATIVE_INFINITY };

export interface Span {
  readonly since: Moment;
  readonly seconds: number;
}

/**
 * Whether the span has certainly not ended. Wall time can be set back, and the elapsed time may stand still while a container is
 * frozen, so both are asked.
 */
export function isWithin({ since, seconds }: Span, clock: Clock): boolean {
  // With whole seconds, only "less than" keeps the true age below the bound. A negative age shows that the clock was set back.
  const age = clock() - since.time;
  return age >= 0 && age < seconds && elapsedOf(clock) - since.elapsedMs < seconds * 1000;
}
