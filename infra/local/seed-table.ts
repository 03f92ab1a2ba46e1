import { openTable } from '../../lib/store/dynamodb.ts';
import type { Table } from '../../lib/store/table.ts';
import { patience } from './patience.ts';

/** The embedded table, for seeding. It accepts any credentials. */
export const createSeedTable = (endpoint: string, tableName: string): Table =>
  openTable({
    endpoint,
    tableName,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    patience,
  });
