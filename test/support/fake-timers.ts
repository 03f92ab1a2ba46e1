/** As much of a timer as code of this process uses. */
interface FakeTimer {
  at: number;
  /** When it was set again afterwards. */
  real?: NodeJS.Timeout;
  readonly run: () => void;
  ref(): FakeTimer;
  unref(): FakeTimer;
  hasRef(): boolean;
  refresh(): FakeTimer;
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
  let isStopped = false;
  /** In the order in which they were set. */
  const timers = new Set<FakeTimer>();

  const set = (callback: (...args: unknown[]) => void, milliseconds = 0, ...args: unknown[]): FakeTimer => {
    const timer: FakeTimer = {
      at: 0,
      run: () => callback(...args),
      ref: () => timer,
      unref: () => timer,
      hasRef: () => true,
      refresh() {
        timer.at = now + Math.max(1, milliseconds);
        timers.delete(timer);
        realClearTimeout(timer.real);
        // `fetch` keeps one timer for ever.
        if (isStopped) timer.real = realSetTimeout(timer.run, milliseconds).unref();
        else timers.add(timer);
        return timer;
      },
    };
    return timer.refresh();
  };
  const clear = (timer: FakeTimer | NodeJS.Timeout | undefined) => {
    if (timer && 'at' in timer) timers.delete(timer);
    realClearTimeout(timer && 'at' in timer ? timer.real : timer);
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
      isStopped = true;
      Object.assign(globalThis, { setTimeout: realSetTimeout, clearTimeout: realClearTimeout });
      AbortSignal.timeout = realTimeout;
      // That of the prototype is visible again.
      Reflect.deleteProperty(performance, 'now');
    },
  };
}
