import type { Clause } from '../clause.ts';
import { toAttributes } from './attribute-value.ts';
import { parseItem } from './items.ts';
import type { List } from './lists.ts';
import type { ItemPage, PageReader } from './pages.ts';
import type { Item, Key, Listed, Table } from './table.ts';

interface WholeTableContext {
  readonly readPage: PageReader;
  readonly table: Table;
  /** Adds to the index what is not in it, of all lists of this kind. */
  readonly completesIndex: boolean;
}

interface Found<Value> {
  readonly listed_as: string;
  readonly value: Value;
}

/** Writes that are sent at once. */
const WRITES = 25;

/** Reads the whole table, whose size does not matter to memory, but the list is read as a whole. @returns it in its order */
export async function readWholeTable<Value>(
  list: List<Value>,
  { readPage, table, completesIndex }: WholeTableContext,
): Promise<Found<Value>[]> {
  const input = {
    ConsistentRead: true,
    FilterExpression: 'sk = :kind',
    ExpressionAttributeValues: toAttributes({ ':kind': list.kind }),
  };
  const found: Found<Value>[] = [];
  let page: ItemPage | undefined = await readPage('Scan', input);
  while (page) {
    const read = page.items.map((item) => {
      const value = parseItem(list, item);
      return { item, value, listed: list.listed(value) };
    });
    if (completesIndex) await addToIndex(table, read);
    for (const { value, listed } of read) {
      const isInList = listed.listed_in === list.listed_in && (list.holds?.(value) ?? true);
      if (isInList) found.push({ listed_as: listed.listed_as, value });
    }
    page = page.next && (await readPage('Scan', input, page.next));
  }
  return found.sort((one, other) => compareTexts(one.listed_as, other.listed_as));
}

const notYet: readonly Clause[] = [
  // An item that was removed since it was read must not come back.
  { attribute: 'pk', test: 'present' },
  { attribute: 'listed_in', test: 'absent' },
];

async function addToIndex(table: Table, read: readonly { readonly item: Item; readonly listed: Listed }[]) {
  const missing = read.filter(({ item }) => item['listed_in'] === undefined);
  for (let at = 0; at < missing.length; at += WRITES) {
    const writes = missing.slice(at, at + WRITES);
    await Promise.all(
      writes.map(({ item, listed }) => table.setBlindly(item as unknown as Key, { ...listed }, notYet)),
    );
  }
}

/** As DynamoDB sorts them. */
export const compareTexts = (one: string, other: string): number =>
  Buffer.compare(Buffer.from(one), Buffer.from(other));
