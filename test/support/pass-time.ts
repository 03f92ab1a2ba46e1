import { vi } from 'vitest';
import { isStoreAtWork } from './faulty-store.ts';

/** Turns of the event loop that are enough for a request in flight to arrive, be answered and be read. */
const TURNS = 100;

/**
 * Makes a call that waits for timeouts or pauses, without waiting in real time: whenever nothing else is left to do, the fake
 * clock jumps to the next timer. The speed of the machine makes no difference.
 * @returns the result of the call, and the milliseconds that it would have taken
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

/** Like `AbortSignal.timeout`, but with the fake clock. */
function abortAfter(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException('the deadline has passed', 'TimeoutError')), milliseconds);
  return controller.signal;
}
