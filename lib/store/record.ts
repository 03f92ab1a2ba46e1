import { type ItemKind, items, unchanged } from './items.ts';
import type { List } from './lists.ts';
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
  create(value: Value): Promise<boolean>;
  replace(value: Value, version: number): Promise<boolean>;
}

export interface RecordKind<Value> {
  readonly kind: string;
  readonly key: (id: string) => Key;
  readonly idOf: (value: Value) => string;
  readonly parse: Parse<Value>;
  /** What the list of all records is sorted by; absent = there is no list. At most 1,024 bytes. */
  readonly listedAs?: (value: Value) => string;
}

export type ListedRecordKind<Value> = RecordKind<Value> & Required<Pick<RecordKind<Value>, 'listedAs'>>;

export function createRecordStore<Value extends object>(table: Table, record: RecordKind<Value>): RecordStore<Value> {
  const { idOf } = record;
  const records = items(table, itemKindOf(record));
  return {
    findVersion: records.find,
    find: async (id) => (await records.find(id))?.value,
    create: (value) => records.create([idOf(value)], { value, version: 1 }),
    replace: (value, version) =>
      records.replace([idOf(value)], { value, version: version + 1 }, unchanged({ version }, 'version')),
  };
}

function itemKindOf<Value extends object>({
  parse,
  listedAs,
  ...record
}: RecordKind<Value>): ItemKind<[id: string], Versioned<Value>> {
  return {
    ...record,
    parse({ version, ...attributes }) {
      if (!number(version)) throw new MalformedAttribute('version');
      return { version, value: parse(attributes) };
    },
    format: ({ version, value }) => ({ version, ...value }),
    ...(listedAs && { listed: ({ value }) => ({ listed_in: record.kind, listed_as: listedAs(value) }) }),
  };
}

/** The list of all records of a kind. */
export function listOfRecords<Value extends object>(record: ListedRecordKind<Value>): List<Value> {
  const { kind, listedAs } = record;
  const { parse } = itemKindOf(record);
  return {
    kind,
    listed_in: kind,
    parse: (attributes) => parse(attributes).value,
    listed: (value) => ({ listed_in: kind, listed_as: listedAs(value) }),
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
