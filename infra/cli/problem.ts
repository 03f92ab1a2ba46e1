/** Something the person at the keyboard can put right, or has to know: one line, and exit code 1. */
export class Problem extends Error {
  override name = 'Problem';
}

/** A command line that makes no sense, whatever is in the table: one line, and exit code 2. */
export class UsageProblem extends Problem {
  override name = 'UsageProblem';
}

/** 0: done. 1: it could not be done. 2: the command line makes no sense. 3: `token explain` could not decide. */
export type ExitCode = 0 | 1 | 2 | 3;
