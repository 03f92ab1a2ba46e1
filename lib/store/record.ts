import { ConditionFailed, type Item, isNew, type Key, type Table } from './table.ts';

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

const unchanged = 'version = :seen';

/** @param keyOf the item's key; its `sk` is the kind of the record */
export function createRecordStore<Value extends object>(
  table: Table,
  kind: string,
  keyOf: (id: string) => Key,
  idOf: (value: Value) => string,
): RecordStore<Value> {
  const write = async (value: Value, version: number, when: string, seen?: number): Promise<boolean> => {
    const item = { ...keyOf(idOf(value)), version, ...value };
    try {
      await table.put(item, { when: [when], ...(seen !== undefined && { values: { ':seen': seen } }) });
      return true;
    } catch (error) {
      if (error instanceof ConditionFailed) return false;
      throw error;
    }
  };

  const findVersion = async (id: string) => {
    const item = await table.get(keyOf(id));
    return item && { value: withoutKey<Value>(item), version: Number(item['version']) };
  };

  return {
    findVersion,
    find: async (id) => (await findVersion(id))?.value,
    list: async () => (await table.scan(kind)).map((item) => withoutKey<Value>(item)),
    create: (value) => write(value, 1, isNew),
    replace: (value, version) => write(value, version + 1, unchanged, version),
  };
}

const withoutKey = <Value>({ pk, sk, version, ...value }: Item) => value as Value;
