import type { Table, TableOptions } from './table.ts';

/** The SDK is loaded at the first call, because many a request is refused before anything is read. */
export function createTable(options: TableOptions): Table {
  let loading: Promise<Table> | undefined;
  const load = () => {
    loading ??= import('./dynamodb.ts').then(({ createDynamoTable }) => createDynamoTable(options));
    return loading;
  };
  return {
    get: async (key) => (await load()).get(key),
    put: async (item, condition) => (await load()).put(item, condition),
    set: async (key, attributes, condition) => (await load()).set(key, attributes, condition),
    remove: async (key) => (await load()).remove(key),
    query: async (pk, from) => (await load()).query(pk, from),
    scan: async (sk) => (await load()).scan(sk),
  };
}
