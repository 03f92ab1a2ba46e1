import type { Timers } from './timers.ts';

/**
 * How many times as long as AWS the local stack waits for its own parts, because the machine they share may be busy with
 * other work. The functions read it as `LOCAL_PATIENCE`, which counts for the embedded table and the stand-in for KMS only.
 */
export const patience = 50;

/** The same clock, on which whoever waits does so that many times longer: for a container, a function, an authorizer. */
export const patientTimers = ({ now, after }: Timers): Timers => ({
  now,
  after: (milliseconds, callback) => after(milliseconds * patience, callback),
});
