/** The source of time for the local stack, so that tests can control the clock. */
export interface Timers {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `milliseconds`. @returns a function that cancels the call */
  after(milliseconds: number, callback: () => void): () => void;
}

export const systemTimers: Timers = {
  now: Date.now,
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};
