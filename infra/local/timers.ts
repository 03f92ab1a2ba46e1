/** Where the stand-ins get their time from, so that tests can turn the clock themselves. */
export interface Timers {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once, `milliseconds` from now, unless what it returns is called first. */
  after(milliseconds: number, callback: () => void): () => void;
}

export const systemTimers: Timers = {
  now: Date.now,
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};
