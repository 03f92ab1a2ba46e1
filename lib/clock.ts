/** Whole seconds since the epoch. Injected, so that tests can set it. */
export type Clock = () => number;

export const systemClock: Clock = () => Math.floor(Date.now() / 1000);

/**
 * Milliseconds since some moment, for durations: it never jumps. `performance.now()` would load twelve more modules of Node.js
 * while a function starts.
 */
export const elapsedMs = (): number => Number(process.hrtime.bigint()) / 1e6;
