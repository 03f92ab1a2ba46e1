/** Whether this is `npm run test:long`, which does everything, rather than `npm test`, which has to be quick. */
export const isLongRun: boolean = process.env['TEST_RUN'] === 'long';

/** A count of repetitions: a small one in the normal run, the full one in the long run. */
export const scaled = (normal: number, long: number): number => (isLongRun ? long : normal);
