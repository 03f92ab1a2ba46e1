import type { Clock } from '../../lib/clock.ts';
import { Unavailable } from '../../lib/oauth/errors.ts';
import { openTable } from '../../lib/store/dynamodb.ts';
import { keyOfSchema, NewerSchema, requireKnownSchema } from '../../lib/store/schema.ts';
import type { Table, TableOptions } from '../../lib/store/table.ts';
import { Problem } from '../problem.ts';

/**
 * Opens a table and reads from it once: to explain a failure in plain words, to refuse the table of a newer version, and to
 * learn the time of the table. By the wrong clock of a laptop, an entry on the revocation list would expire too early, or not cover
 * the newest tokens.
 * @param notRunning the message for the table of a local stack that does not answer
 * @throws Problem, NewerSchema
 */
export async function probe(
  options: TableOptions,
  notRunning: string | undefined,
): Promise<{ readonly table: Table; readonly clock: Clock }> {
  let date = Number.NaN;
  const onDate = (milliseconds: number) => {
    date = milliseconds;
  };
  const table = openTable({ ...options, onDate });
  try {
    requireKnownSchema(await table.get(keyOfSchema));
  } catch (error) {
    if (error instanceof NewerSchema || !(error instanceof Unavailable)) throw error;
    throw new Problem(notRunning ?? explain(error, options));
  }
  return { table, clock: startClock(date) };
}

/** A clock that starts at a given time and does not depend on the clock of this machine. */
function startClock(milliseconds: number): Clock {
  if (Number.isNaN(milliseconds)) {
    throw new Problem('the answer of the table has no date, and the clock of this machine may be wrong: try again');
  }
  const startedAt = performance.now();
  return () => Math.floor((milliseconds + performance.now() - startedAt) / 1000);
}

/** Messages of AWS name actions and ARNs, but no secrets. */
function explain({ cause }: Unavailable, { tableName, region }: TableOptions): string {
  const { name, code = name, message } = (cause instanceof Error ? cause : new Error('unknown')) as Failure;
  if (name === 'ResourceNotFoundException') {
    return `there is no table ${tableName} in ${region}: check the name and --region`;
  }
  return `table ${tableName} is unavailable: ${message.split('\n')[0] || code}`;
}

type Failure = Error & { readonly code?: string };
