import type { Clock } from '../clock.ts';
import { Unavailable } from '../oauth/errors.ts';
import { type Attributes, toAttributes } from './attribute-value.ts';
import type { DynamoDbCall } from './dynamodb-call.ts';
import { items, parseItem } from './items.ts';
import { createPageReader, type ItemPage } from './pages.ts';
import { number, type Parse, parser } from './shape.ts';
import type { Key, Listed, Table } from './table.ts';
import { compareTexts, readWholeTable } from './whole-table.ts';

// Lists for administrators. The index is eventually consistent, so functions decide nothing by it, and their roles may not read it.
// docs/decisions/lists.md

const PAGE_SIZE = 25;

/** Items of one kind, sorted by `listed_as`. */
export interface List<Value> {
  /** The sort key of the items. */
  readonly kind: string;
  readonly listed_in: string;
  readonly parse: Parse<Value>;
  readonly listed: (value: Value) => Listed;
  /** For a list whose name is not unique. */
  readonly holds?: (value: Value) => boolean;
}

export interface ListOptions {
  /** Begins with the first item that is sorted after it. */
  readonly after?: string;
  /** At most 25, which is the default: items that are read at once. */
  readonly pageSize?: number;
  /** Does not believe that the index is complete, and completes it. */
  readonly wholeTable?: boolean;
  /** For items that only this version writes, all of which are in the index. */
  readonly indexAlone?: boolean;
}

interface ListContext {
  readonly call: DynamoDbCall;
  readonly tableName: string;
  readonly table: Table;
  readonly clock: Clock;
}

/** @throws MalformedItem, Unavailable */
export interface Lists {
  /** In pages, so that memory is bounded. What was written in the last second can be missing. */
  read<Value>(list: List<Value>, options?: ListOptions): AsyncGenerator<readonly Value[]>;
  /** Otherwise, the next `read` reads the whole table. */
  isComplete(list: Pick<List<unknown>, 'kind'>): Promise<boolean>;
}

/**
 * Version 0.1.0 wrote items that are not in the index. So the first reader of lists of a kind reads the whole table, adds these
 * items to the index, and leaves a mark that it is complete. If the reader is killed, there is no mark, and the next one begins
 * again. There is no mark without an index either; a deployment makes it when all functions have been updated.
 */
export function createLists({ call, tableName, table, clock }: ListContext): Lists {
  const readPage = createPageReader(call, tableName);
  const marks = items(table, {
    kind: 'LISTS',
    key: (kind: string) => ({ pk: `LISTS#${kind}`, sk: 'LISTS' }),
    parse: parser<{ readonly complete_since: number }>({ complete_since: number }),
  });

  const readIndex = (listed_in: string, { after, pageSize = PAGE_SIZE }: ListOptions, start?: Attributes) => {
    const input = {
      IndexName: 'lists',
      Limit: Math.min(pageSize, PAGE_SIZE),
      KeyConditionExpression: `listed_in = :list${after === undefined ? '' : ' AND listed_as > :after'}`,
      ExpressionAttributeValues: toAttributes({ ':list': listed_in, ':after': after }),
    };
    return readPage('Query', input, start);
  };

  async function* readListed<Value>(list: List<Value>, options: ListOptions, first: ItemPage) {
    let page: ItemPage | undefined = first;
    while (page) {
      const found = await Promise.all(page.items.map((item) => table.get(item as unknown as Key)));
      // An item that is gone can still be in the index.
      const values = found.flatMap((item) => (item ? [parseItem(list, item)] : []));
      yield values.filter((value) => list.holds?.(value) ?? true);
      page = page.next && (await readIndex(list.listed_in, options, page.next));
    }
  }

  const isComplete: Lists['isComplete'] = async ({ kind }) => (await marks.find(kind)) !== undefined;

  async function* read<Value>(list: List<Value>, options: ListOptions = {}) {
    const { after, wholeTable = false, indexAlone = false } = options;
    const isKnownComplete = indexAlone || (!wholeTable && (await isComplete(list)));
    const first = await readIndex(list.listed_in, options).catch(undefinedIfNoIndex);
    if (first && isKnownComplete) {
      yield* readListed(list, options, first);
    } else if (!indexAlone) {
      const all = await readWholeTable(list, { readPage, table, completesIndex: first !== undefined });
      if (first) await marks.put([list.kind], { complete_since: clock() });
      const from = after === undefined ? 0 : all.findIndex(({ listed_as }) => compareTexts(listed_as, after) > 0);
      yield all.slice(from < 0 ? all.length : from).map(({ value }) => value);
    }
  }

  return { read, isComplete };
}

/** A deployment that adds the index has not ended, or an earlier version has made the table of a local stack. */
function undefinedIfNoIndex(error: unknown): undefined {
  if (error instanceof Unavailable && error.cause instanceof Error && error.cause.name === 'ValidationException')
    return;
  throw error;
}
