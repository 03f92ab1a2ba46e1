/** Something the person at the keyboard can put right, or has to know: one line, and exit code 1. */
export class Problem extends Error {
  override name = 'Problem';
}

/** A command line that makes no sense, whatever is in the table: one line, and exit code 2. */
export class UsageProblem extends Problem {
  override name = 'UsageProblem';
}
