import { items, unchanged } from './items.ts';
import { Misshapen, number, type Parse } from './shape.ts';
import type { Key, Table } from './table.ts';

/** A record and the version of it that was read, which a change must name. */
export interface Versioned<Value> {
  readonly value: Value;
  readonly version: number;
}

/** Records that people administer: found by id, changed only from the version that was seen. */
export interface RecordStore<Value> {
  find(id: string): Promise<Value | undefined>;
  findVersion(id: string): Promise<Versioned<Value> | undefined>;
  list(): Promise<Value[]>;
  /** False when there is one with this id already. */
  create(value: Value): Promise<boolean>;
  /** False when it was changed since that version was read. */
  replace(value: Value, version: number): Promise<boolean>;
}

export interface RecordKind<Value> {
  /** Also the sort key. */
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
      if (!number(version)) throw new Misshapen('version');
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
