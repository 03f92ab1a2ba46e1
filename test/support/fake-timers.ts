/** What is returned for a timer, as far as code of this process uses it. */
interface FakeTimer {
  readonly at: number;
  readonly run: () => void;
  ref(): FakeTimer;
  unref(): FakeTimer;
  hasRef(): boolean;
}

/**
 * Replaces `setTimeout`, `AbortSignal.timeout` and `performance.now()`, which then stands still between timers. Needs no test
 * runner. Timers that were set before stay real.
 */
export function fakeTimers() {
  const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis;
  const realTimeout = AbortSignal.timeout;
  // Whole, so that sums of milliseconds are exact.
  let now = Math.ceil(performance.now());
  /** In the order in which they were set. */
  const timers = new Set<FakeTimer>();

  const set = (callback: (...args: unknown[]) => void, milliseconds = 0, ...args: unknown[]): FakeTimer => {
    const timer: FakeTimer = {
      at: now + Math.max(1, milliseconds),
      run: () => callback(...args),
      ref: () => timer,
      unref: () => timer,
      hasRef: () => true,
    };
    timers.add(timer);
    return timer;
  };
  const clear = (timer: unknown) => {
    if (!timers.delete(timer as FakeTimer)) realClearTimeout(timer as NodeJS.Timeout);
  };
  const abortAfter = (milliseconds: number): AbortSignal => {
    const controller = new AbortController();
    set(() => controller.abort(new DOMException('the deadline has passed', 'TimeoutError')), milliseconds);
    return controller.signal;
  };

  Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  AbortSignal.timeout = abortAfter;
  performance.now = () => now;

  return {
    count: () => timers.size,
    /** Lets time pass until the next timer, and runs it. */
    advanceToNext() {
      const [next] = [...timers].sort((one, other) => one.at - other.at);
      if (!next) return;
      timers.delete(next);
      now = Math.max(now, next.at);
      next.run();
    },
    stop() {
      Object.assign(globalThis, { setTimeout: realSetTimeout, clearTimeout: realClearTimeout });
      AbortSignal.timeout = realTimeout;
      // That of the prototype is visible again.
      Reflect.deleteProperty(performance, 'now');
    },
  };
}
