import type { Timers } from './timers.ts';

/**
 * Factor by which timeouts of the local stack are longer than on AWS, because the machine may be busy with other work. The
 * functions read it from `LOCAL_PATIENCE` and apply it to the embedded table and the stand-in for KMS.
 */
export const patience = 50;

/** Timers that multiply every timeout: for a container, a function, an authorizer. */
export const patientTimers = ({ now, after }: Timers): Timers => ({
  now,
  after: (milliseconds, callback) => after(milliseconds * patience, callback),
});
