import { vi } from 'vitest';
import { passTimeBy } from './pass-time-by.ts';

/**
 * Makes a call that waits for timeouts or pauses, without waiting in real time: whenever nothing else is left to do, the fake
 * clock jumps to the next timer. The speed of the machine makes no difference. It ends when nothing that the call has begun
 * waits for the fake clock any more.
 * @returns the result of the call, and the milliseconds that it would have taken
 */
export function passTime<Result>(call: () => Promise<Result>): Promise<{ result: Result; waited: number }> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'hrtime'], shouldClearNativeTimers: true });
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation(abortAfter);
  return passTimeBy(
    {
      count: vi.getTimerCount,
      advanceToNext: () => void vi.advanceTimersToNextTimer(),
      stop() {
        timeout.mockRestore();
        vi.useRealTimers();
      },
    },
    call,
  );
}

/** Like `AbortSignal.timeout`, but with the fake clock. */
function abortAfter(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException('the deadline has passed', 'TimeoutError')), milliseconds);
  return controller.signal;
}
