import { createRequire } from 'node:module';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

type Item = Readonly<Record<string, AttributeValue>>;
type Callback<Value> = (error: unknown, value?: Value) => void;
type Put = { readonly type: 'put'; readonly key: string; readonly value: Item };

interface Store {
  readonly db: { batch(puts: readonly Put[], callback: Callback<void>): void; close(callback: Callback<void>): void };
  getTable(name: string, callback: Callback<{ GlobalSecondaryIndexes: unknown }>): void;
}

/** What dynalite has inside. */
interface Dynalite {
  create(options: { path: string }): Store;
  createKey(item: Item, table: object): string;
  getIndexActions(
    indexes: unknown,
    before: undefined,
    item: Item,
    table: object,
  ): { puts: { index: string; key: string; item: Item }[] };
}

const BATCH = 1_000;

const done = <Value>(call: (callback: Callback<Value>) => void): Promise<Value> =>
  new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value as Value))));

/**
 * Puts many items into an embedded table that does not run at the moment, beneath everything that makes a request slow.
 * @param path the directory of its data
 * @param itemAt from 0 on
 */
export async function fillOnDisk(path: string, tableName: string, count: number, itemAt: (number: number) => Item) {
  const { resolve } = createRequire(import.meta.url);
  const { create, createKey, getIndexActions } = createRequire(resolve('dynalite'))('./db') as Dynalite;
  const store = create({ path });
  const table = await done(store.getTable.bind(store, tableName));
  for (let at = 0; at < count; at += BATCH) {
    const puts: Put[] = [];
    for (let number = at; number < Math.min(at + BATCH, count); number++) {
      const item = itemAt(number);
      puts.push({ type: 'put', key: `item-${tableName}~${createKey(item, table)}`, value: item });
      for (const listed of getIndexActions(table.GlobalSecondaryIndexes, undefined, item, table).puts) {
        const key = `index-global~${tableName}~${listed.index}~${listed.key}`;
        puts.push({ type: 'put', key, value: listed.item });
      }
    }
    await done(store.db.batch.bind(store.db, puts));
  }
  await done(store.db.close.bind(store.db));
}
