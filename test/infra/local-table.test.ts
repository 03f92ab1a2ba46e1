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

it('The embedded table has the keys and the index of the deployed one, and is ready at once', async () => {
  const { client, tableName } = await open();
  const { Table: table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  expect(tableName).toBe('latchkey-test');
  expect(table).toMatchObject({
    TableStatus: 'ACTIVE',
    KeySchema: deployedTable()['KeySchema'],
    GlobalSecondaryIndexes: deployedTable()['GlobalSecondaryIndexes'],
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
  });
});

it('The embedded table evaluates conditions', async () => {
  const { client, tableName: TableName } = await open();
  const put = () =>
    client.send(new PutItemCommand({ TableName, Item: item, ConditionExpression: 'attribute_not_exists(pk)' }));
  await put();
  await expect(put()).rejects.toBeInstanceOf(ConditionalCheckFailedException);
});

it('An embedded table in memory is empty and separate from others', async () => {
  const [one, other] = [await open(), await open({ tableName: 'other' })];
  await one.client.send(new PutItemCommand({ TableName: one.tableName, Item: item }));
  const { Item } = await other.client.send(new GetItemCommand({ TableName: 'other', Key: item }));
  expect(Item).toBeUndefined();
});

describe('An embedded table in a directory', () => {
  it('survives a restart', async () => {
    const first = await open({ path: directory });
    await first.client.send(new PutItemCommand({ TableName: first.tableName, Item: item }));
    await first.stop();
    tables.pop();
    const second = await open({ path: directory });
    const { Item } = await second.client.send(new GetItemCommand({ TableName: second.tableName, Key: item }));
    expect(Item).toEqual(item);
  });

  it('starts also if an earlier version has made it, without an index', async () => {
    const { GlobalSecondaryIndexes: _, AttributeDefinitions: all, ...properties } = deployedTable();
    const first = await open({
      path: directory,
      properties: { ...properties, AttributeDefinitions: (all as object[]).slice(0, 2) },
    });
    await first.client.send(new PutItemCommand({ TableName: first.tableName, Item: item }));
    await first.stop();
    tables.pop();
    const second = await open({ path: directory });
    const { Item } = await second.client.send(new GetItemCommand({ TableName: second.tableName, Key: item }));
    expect(Item).toEqual(item);
  });

  it('can be used by one process at a time', async () => {
    await open({ path: directory });
    await expect(startTable({ path: directory })).rejects.toThrow(`${directory} is in use by another process`);
  });
});

it('createTableInput drops properties that the embedded engine does not support', () => {
  const kept = { AttributeDefinitions: [], KeySchema: [], GlobalSecondaryIndexes: [] };
  const dropped = { SSESpecification: {}, TimeToLiveSpecification: {}, DeletionProtectionEnabled: true, Tags: [] };
  expect(createTableInput({ ...kept, ...dropped, TableName: 'a' }, 'b')).toEqual({
    ...kept,
    BillingMode: 'PAY_PER_REQUEST',
    TableName: 'b',
  });
});

it('An embedded table with invalid properties is reported', async () => {
  const properties = { ...deployedTable(), KeySchema: [{ AttributeName: 'nope', KeyType: 'HASH' }] };
  await expect(startTable({ properties })).rejects.toThrow(/^the embedded table could not be created: .*nope/);
});
