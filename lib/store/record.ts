import { items, unchanged } from './items.ts';
import { MalformedAttribute, number, type Parse } from './shape.ts';
import type { Key, Table } from './table.ts';

/** A change has to name the version. */
export interface Versioned<Value> {
  readonly value: Value;
  readonly version: number;
}

/** Found by id, and replaced only if they still have the version that was read. */
export interface RecordStore<Value> {
  find(id: string): Promise<Value | undefined>;
  findVersion(id: string): Promise<Versioned<Value> | undefined>;
  list(): Promise<Value[]>;
  create(value: Value): Promise<boolean>;
  replace(value: Value, version: number): Promise<boolean>;
}

export interface RecordKind<Value> {
  readonly kind: string;
  readonly key: (id: string) => Key;
  readonly idOf: (value: Value) => string;
  readonly parse: Parse<Value>;
}

export function createRecordStore<Value extends object>(
  table: Table,
  { kind, key, idOf, parse }: RecordKind<Value>,
): RecordStore<Value> {
  const records = items<[id: string], Versioned<Value>>(table, {
    kind,
    key,
    parse({ version, ...attributes }) {
      if (!number(version)) throw new MalformedAttribute('version');
      return { version, value: parse(attributes) };
    },
    format: ({ version, value }) => ({ version, ...value }),
  });
  return {
    findVersion: records.find,
    find: async (id) => (await records.find(id))?.value,
    list: async () => (await records.scan()).map(({ value }) => value),
    create: (value) => records.create([idOf(value)], { value, version: 1 }),
    replace: (value, version) =>
      records.replace([idOf(value)], { value, version: version + 1 }, unchanged({ version }, 'version')),
  };
}

/**
 * For functions that do not authenticate anybody, and so may not read the hashes of secrets: a record has none.
 * @param attributes all but the secrets
 */
export function createFinderWithoutSecrets<Value extends { readonly secrets: readonly unknown[] }>(
  table: Table,
  { kind, key, parse }: Pick<RecordKind<Value>, 'kind' | 'key' | 'parse'>,
  attributes: readonly string[],
): (id: string) => Promise<Value | undefined> {
  return items(table, { kind, key, parse: (found) => parse({ ...found, secrets: [] }), attributes }).find;
}
