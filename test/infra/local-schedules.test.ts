import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../infra/local/container.ts';
import { startSchedules } from '../../infra/local/schedules.ts';
import type { Stack } from '../../infra/local/stack.ts';
import type { Timers } from '../../infra/local/timers.ts';

const stack = {
  schedules: ['Tick'],
  functions: new Map([['Tick', { name: 'test-tick' }]]),
} as unknown as Stack;

/** A clock that is turned by hand. */
function createTimers() {
  let pending: (() => void) | undefined;
  const timers: Timers = {
    now: () => 0,
    after(_, callback) {
      pending = callback;
      return () => {
        pending = undefined;
      };
    },
  };
  const turn = async () => {
    const callback = pending;
    pending = undefined;
    callback?.();
    await new Promise(setImmediate);
  };
  return { timers, turn, isPending: () => pending !== undefined };
}

describe('A scheduled function of the local stack', () => {
  it('is called with a scheduled event, and again after it has ended', async () => {
    const { timers, turn, isPending } = createTimers();
    const calls: unknown[] = [];
    let finish = (_: Outcome) => {};
    const invoke = (...call: unknown[]) => {
      calls.push(call);
      return new Promise<Outcome>((resolve) => {
        finish = resolve;
      });
    };
    startSchedules(
      () => stack,
      invoke,
      () => {},
      timers,
    );
    await turn();
    expect(calls).toEqual([['Tick', expect.objectContaining({ source: 'aws.events' }), expect.any(String)]]);
    expect(isPending()).toBe(false);
    finish({ payload: null } as Outcome);
    await turn();
    await turn();
    expect(calls).toHaveLength(2);
  });

  it('that fails is logged and called again', async () => {
    const { timers, turn, isPending } = createTimers();
    const lines: string[] = [];
    const invoke = async () => ({ error: { errorType: 'Error', errorMessage: 'no table' } }) as Outcome;
    startSchedules(
      () => stack,
      invoke,
      (line) => lines.push(line),
      timers,
    );
    await turn();
    expect(lines).toEqual(['test-tick: Error: no table']);
    expect(isPending()).toBe(true);
  });

  it('is no longer called after the schedules were stopped', async () => {
    const { timers, turn, isPending } = createTimers();
    const stop = startSchedules(
      () => stack,
      async () => ({ payload: null }) as Outcome,
      () => {},
      timers,
    );
    await turn();
    expect(isPending()).toBe(true);
    stop();
    expect(isPending()).toBe(false);
  });
});
