import { Problem } from '../problem.ts';

/** A command line that is wrong whatever the table holds, printed as one line; exit code 2. */
export class UsageProblem extends Problem {
  override name = 'UsageProblem';
}

/** 0: done. 1: failed. 2: wrong command line. 3: `token explain` could not decide. */
export type ExitCode = 0 | 1 | 2 | 3;
