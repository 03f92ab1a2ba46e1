import { randomUUID } from 'node:crypto';
import type { Invoke } from './lambda.ts';
import type { Stack } from './stack.ts';
import { systemTimers, type Timers } from './timers.ts';

/** Milliseconds between two calls. Shorter than the schedules in the template, so that nobody has to wait a minute. */
const INTERVAL = 1_000;

/**
 * Calls the scheduled functions of the template, each time a while after the last calls have ended.
 * @returns a function that stops the schedules
 */
export function startSchedules(
  stack: () => Stack,
  invoke: Invoke,
  log: (line: string) => void,
  timers: Timers = systemTimers,
): () => void {
  let isRunning = true;
  let cancel = () => {};

  async function tick(): Promise<void> {
    const { schedules, functions } = stack();
    await Promise.all(
      schedules.map(async (logicalId) => {
        const id = randomUUID();
        const outcome = await invoke(logicalId, scheduledEvent(id, timers.now()), id);
        if (!isRunning || !('error' in outcome)) return;
        log(`${functions.get(logicalId)?.name}: ${outcome.error.errorType}: ${outcome.error.errorMessage}`);
      }),
    );
    if (isRunning) cancel = timers.after(INTERVAL, tick);
  }

  cancel = timers.after(INTERVAL, tick);
  return () => {
    isRunning = false;
    cancel();
  };
}

// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
export const scheduledEvent = (id: string, now: number) => ({
  version: '0',
  id,
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  time: new Date(now).toISOString(),
  resources: [],
  detail: {},
});
