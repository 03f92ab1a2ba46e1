import type { ReplacedTimers } from './pass-time-by.ts';

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
 * Replaces `setTimeout`, `AbortSignal.timeout`, and the clocks that only go forward, which then stand still between timers. Needs no
 * test runner. Timers that were set before stay real.
 */
export function fakeTimers(): ReplacedTimers {
  const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout } = globalThis;
  const realTimeout = AbortSignal.timeout;
  const realHighResolutionTime = process.hrtime;
  // Whole milliseconds, so that sums are exact.
  let now = Math.ceil(performance.now());
  const start = { now, nanoseconds: (realHighResolutionTime.bigint() / 1_000_000n + 1n) * 1_000_000n };
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
  const bigint = () => start.nanoseconds + BigInt(Math.round((now - start.now) * 1e6));
  const hrtime = (): [number, number] => [Number(bigint() / 1_000_000_000n), Number(bigint() % 1_000_000_000n)];
  process.hrtime = Object.assign(hrtime, { bigint });

  return {
    count: () => timers.size,
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
      process.hrtime = realHighResolutionTime;
      // That of the prototype is visible again.
      Reflect.deleteProperty(performance, 'now');
    },
  };
}
