import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ConditionalCheckFailedException,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, it } from 'vitest';
import { deployedTable } from '../../infra/local/deployed-table.ts';
import { startTable, type Table, type TableOptions } from '../../infra/local/table.ts';
import { createTableInput } from '../../infra/local/table-definition.ts';

const tables: Table[] = [];
const directory = mkdtempSync(join(tmpdir(), 'latchkey-table-'));
afterEach(async () => {
  await Promise.all(tables.splice(0).map((table) => table.stop()));
  rmSync(directory, { recursive: true, force: true });
});

async function open(options?: TableOptions) {
  const table = await startTable(options);
  tables.push(table);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return { ...table, client: new DynamoDBClient({ endpoint: table.endpoint, region: 'us-east-1', credentials }) };
}

const item = { pk: { S: 'CLIENT#a' }, sk: { S: 'CLIENT' } };

it('is the table that is deployed, ready at once', async () => {
  const { client, tableName } = await open();
  const { Table: table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  expect(tableName).toBe('latchkey-test');
  expect(table).toMatchObject({
    TableStatus: 'ACTIVE',
    KeySchema: deployedTable()['KeySchema'],
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
  });
});

it('decides on conditions', async () => {
  const { client, tableName: TableName } = await open();
  const put = () =>
    client.send(new PutItemCommand({ TableName, Item: item, ConditionExpression: 'attribute_not_exists(pk)' }));
  await put();
  await expect(put()).rejects.toBeInstanceOf(ConditionalCheckFailedException);
});

it('is empty and one’s own in memory', async () => {
  const [one, other] = [await open(), await open({ tableName: 'other' })];
  await one.client.send(new PutItemCommand({ TableName: one.tableName, Item: item }));
  const { Item } = await other.client.send(new GetItemCommand({ TableName: 'other', Key: item }));
  expect(Item).toBeUndefined();
});

describe('in a directory', () => {
  it('outlives its process', async () => {
    const first = await open({ path: directory });
    await first.client.send(new PutItemCommand({ TableName: first.tableName, Item: item }));
    await first.stop();
    tables.pop();
    const second = await open({ path: directory });
    const { Item } = await second.client.send(new GetItemCommand({ TableName: second.tableName, Key: item }));
    expect(Item).toEqual(item);
  });

  it('belongs to one process at a time', async () => {
    await open({ path: directory });
    await expect(startTable({ path: directory })).rejects.toThrow(`${directory} is in use by another process`);
  });
});

it('drops what the embedded engine has no notion of, and keeps the rest', () => {
  const kept = { AttributeDefinitions: [], KeySchema: [], GlobalSecondaryIndexes: [] };
  const dropped = { SSESpecification: {}, TimeToLiveSpecification: {}, DeletionProtectionEnabled: true, Tags: [] };
  expect(createTableInput({ ...kept, ...dropped, TableName: 'a' }, 'b')).toEqual({
    ...kept,
    BillingMode: 'PAY_PER_REQUEST',
    TableName: 'b',
  });
});

it('says what it does not understand', async () => {
  const properties = { ...deployedTable(), KeySchema: [{ AttributeName: 'nope', KeyType: 'HASH' }] };
  await expect(startTable({ properties })).rejects.toThrow(/^the embedded table was refused: .*nope/);
});
