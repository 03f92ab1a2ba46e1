/** Whether this is `npm run test:long` with full counts, rather than `npm test`, which must be quick. */
export const isLongRun: boolean = process.env['TEST_RUN'] === 'long';

/** A number of repetitions: small in the normal run, full in the long run. */
export const scaled = (normal: number, long: number): number => (isLongRun ? long : normal);

/**
 * Every pair in the long run. In the normal run only as many pairs as it takes for each row and each column to occur: for what
 * is expected to depend on the one or on the other, and not on both.
 */
export function pairs<Row, Column>(rows: readonly Row[], columns: readonly Column[]): [Row, Column][] {
  const meet = (row: number, column: number) =>
    rows.length < columns.length ? column % rows.length === row : row % columns.length === column;
  return rows.flatMap((row, r) =>
    columns.flatMap((column, c): [Row, Column][] => (isLongRun || meet(r, c) ? [[row, column]] : [])),
  );
}

/** In the normal run every `step`-th case, beginning with number `first`; in the long run all cases. */
export const sampled = <Case>(cases: readonly Case[], step: number, first = 0): Case[] =>
  cases.filter((_, index) => isLongRun || index % step === first % step);
