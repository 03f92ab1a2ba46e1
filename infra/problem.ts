/** An error that the user can correct, printed as one line without a stack trace. */
export class Problem extends Error {
  override name = 'Problem';
}
