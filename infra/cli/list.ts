import type { Command } from 'commander';
import type { ListOptions } from '../../lib/store/lists.ts';
import type { ListedRow, Output } from './output.ts';
import * as parse from './parse.ts';

export interface PageOptions {
  readonly limit?: number;
  readonly after?: string;
  readonly wholeTable?: true;
}

/** @param id what `--after` takes, such as `client_id` */
export const withPages = (command: Command, id: string, parseId: (text: string) => string): Command =>
  withWholeTable(
    command
      .option('--limit <count>', 'show at most this many', parse.count)
      .option(`--after <${id}>`, 'show those that are sorted after this one', parseId),
  );

export const withWholeTable = (command: Command): Command =>
  command.option(
    '--whole-table',
    'read the whole table, as the first list of a stage does, and find what version 0.1.0 has written since then',
  );

/** One item more than is shown tells whether there are more. */
export const readOptions = ({ limit, after, wholeTable }: PageOptions): ListOptions => ({
  ...(limit !== undefined && { pageSize: limit + 1 }),
  ...(after !== undefined && { after }),
  ...(wholeTable && { wholeTable }),
});

interface Shown<Value> {
  readonly limit?: number | undefined;
  readonly names: readonly string[];
  readonly show: (value: Value) => ListedRow;
  /** For `--after`. */
  readonly idOf: (value: Value) => string;
}

/** Prints a list as it is read, and notes how to go on. */
export async function printPages<Value>(
  out: Output,
  pages: AsyncIterable<readonly Value[]>,
  { limit = Number.POSITIVE_INFINITY, names, show, idOf }: Shown<Value>,
): Promise<void> {
  let left = limit;
  let last: Value | undefined;
  let hasMore = false;
  async function* shown() {
    for await (const page of pages) {
      const values = page.slice(0, left);
      left -= values.length;
      last = values.at(-1) ?? last;
      yield values.map(show);
      hasMore = values.length < page.length;
      if (hasMore) return;
    }
  }
  await out.list(shown(), names);
  if (hasMore && last !== undefined) out.note(`There are more: --after ${idOf(last)}`);
}
