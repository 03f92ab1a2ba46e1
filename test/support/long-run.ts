import { describe, it } from 'vitest';
import { isLongRun } from './scale.ts';

/** Makes no test. */
const nothing = Object.assign(() => {}, { each: () => () => {} });

/** A test of the long run only: for what is exhaustive or slow, where the normal run has another case of the same kind. */
export const itInLongRun = isLongRun ? it : (nothing as unknown as typeof it);

/** The same for several tests. */
export const describeInLongRun = isLongRun ? describe : (nothing as unknown as typeof describe);
