import { vi } from 'vitest';
import { isStoreAtWork } from './faulty-store.ts';

/** Turns of the event loop in which a request that is under way arrives, is answered and is read. */
const TURNS = 100;

/**
 * Makes a call that meets a fault, on a clock that costs no time: whenever nothing else is left to do, it goes on to the next
 * time-out or pause. How quick the machine is makes no difference.
 * @returns what the call gave, and the milliseconds that it would have waited
 */
export async function passTime<Result>(call: () => Promise<Result>): Promise<{ result: Result; waited: number }> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], shouldClearNativeTimers: true });
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation(abortAfter);
  try {
    const start = performance.now();
    let isOver = false;
    const result = call().finally(() => {
      isOver = true;
    });
    result.catch(() => {});
    while (!isOver) {
      for (let turn = 0; turn < TURNS && !isOver; turn++) await new Promise((resolve) => setImmediate(resolve));
      if (!isOver && !isStoreAtWork()) vi.advanceTimersToNextTimer();
    }
    const waited = performance.now() - start;
    return { result: await result, waited };
  } finally {
    timeout.mockRestore();
    vi.useRealTimers();
  }
}

/** As `AbortSignal.timeout`, by the clock that is set here. */
function abortAfter(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException('the deadline has passed', 'TimeoutError')), milliseconds);
  return controller.signal;
}
