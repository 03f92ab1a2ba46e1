import { Problem } from '../problem.ts';
import type { Io } from './io.ts';
import { findLocalStack, type LocalStack } from './local-stack.ts';
import { UsageProblem } from './usage-problem.ts';

/** The options that choose a table. */
export interface TableOptions {
  readonly table?: string;
  readonly stage?: string;
  readonly local?: true;
  /** The port of the local stack, if several are running. */
  readonly port?: string;
  readonly region?: string;
}

/** The table that the options choose, before it is opened. */
export interface ChosenTable {
  readonly name: string;
  readonly local?: LocalStack;
  /** Undefined for a table that was named itself. */
  readonly stage?: string;
}

/**
 * Finds the table that the options name, else `TABLE_NAME`, else that of the local stack.
 * @returns undefined when there is none of these
 * @throws Problem when the options name a local stack that does not exist; UsageProblem when they contradict one another
 */
export async function findChosenTable(
  { table, stage, port, ...choice }: TableOptions,
  { env, cwd }: Pick<Io, 'env' | 'cwd'>,
): Promise<ChosenTable | undefined> {
  const local = choice.local || port !== undefined || undefined;
  if ([table, stage, local].filter((option) => option !== undefined).length > 1) {
    throw new UsageProblem('give only one of --stage, --table and --local (or --port)');
  }
  const named = local ? undefined : (table ?? (stage === undefined ? env['TABLE_NAME'] : `latchkey-${stage}`));
  if (named) return { name: named, ...(stage !== undefined && { stage }) };
  const stack = await findLocalStack(cwd, port);
  if (stack) return { name: stack.table.name, local: stack };
  if (local) throw new Problem('there is no local table: run npm start in this directory first');
  return undefined;
}
