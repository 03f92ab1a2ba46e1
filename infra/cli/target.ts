import type { Io } from './io.ts';
import { findLocalStack, type LocalStack } from './local-stack.ts';
import { Problem, UsageProblem } from './problem.ts';

/** The options that say which table is meant. */
export interface TableChoice {
  readonly table?: string;
  readonly stage?: string;
  readonly local?: true;
  /** That of a local stack, where several run. */
  readonly port?: string;
  readonly region?: string;
}

/** Found before anything is asked of the network. */
export interface Target {
  readonly name: string;
  readonly local?: LocalStack;
}

/**
 * The table that is meant: what the options name, else `TABLE_NAME`, else that of the local stack, else none.
 * @throws Problem when the local stack that is asked for is not there; UsageProblem when the options disagree
 */
export function findTarget(
  { table, stage, port, ...choice }: TableChoice,
  { env, cwd }: Pick<Io, 'env' | 'cwd'>,
): Target | undefined {
  const local = choice.local || port !== undefined || undefined;
  if ([table, stage, local].filter((option) => option !== undefined).length > 1) {
    throw new UsageProblem('give only one of --stage, --table and --local (or --port)');
  }
  const named = local ? undefined : (table ?? (stage === undefined ? env['TABLE_NAME'] : `latchkey-${stage}`));
  if (named) return { name: named };
  const stack = findLocalStack(cwd, port);
  if (stack) return { name: stack.table.name, local: stack };
  if (local) throw new Problem('there is no local table: run npm start, and this in the same directory');
  return undefined;
}
