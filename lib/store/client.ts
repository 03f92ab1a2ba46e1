import type { Client } from '../oauth/client.ts';
import { createRecordStore, type RecordStore } from './record.ts';
import type { Table } from './table.ts';

const KIND = 'CLIENT';

export const createClientStore = (table: Table): RecordStore<Client> =>
  createRecordStore(
    table,
    KIND,
    (client_id) => ({ pk: `CLIENT#${client_id}`, sk: KIND }),
    ({ client_id }) => client_id,
  );
