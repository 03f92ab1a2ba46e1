import type { ResourceServer } from '../oauth/resource-server.ts';
import { createRecordStore, type RecordStore } from './record.ts';
import type { Table } from './table.ts';

const KIND = 'RESOURCE';

export const createResourceServerStore = (table: Table): RecordStore<ResourceServer> =>
  createRecordStore(
    table,
    KIND,
    (identifier) => ({ pk: `RESOURCE#${identifier}`, sk: KIND }),
    ({ identifier }) => identifier,
  );
