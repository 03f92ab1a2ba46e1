import { createRecordStore, type RecordStore } from './record.ts';
import type { Key, Table } from './table.ts';

const KIND = 'KEYS';

/** The one record that there is of this kind. */
export const KEY_REGISTRY = 'KEYS';

export const keyOfKeyRegistry: Key = { pk: KEY_REGISTRY, sk: KIND };

/** The key registry as a record with one id, `KEY_REGISTRY`. What is in it is the business of `lib/keys`. */
export const createKeyRegistryStore = <Registry extends object>(table: Table): RecordStore<Registry> =>
  createRecordStore(
    table,
    KIND,
    () => keyOfKeyRegistry,
    () => KEY_REGISTRY,
  );
