// Tests the proxy that enforces roles, through the AWS SDK. The long run relies on its refusals.
import {
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { DecryptCommand, GenerateDataKeyPairWithoutPlaintextCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Kms, startKms } from '../../infra/local/kms/server.ts';
import { startTable, type Table } from '../../infra/local/table.ts';
import type { Statement } from '../support/iam.ts';
import { createKey } from '../support/kms-world.ts';
import { type RoleProxy, startRoleProxy } from '../support/role-proxy.ts';

let table: Table;
let kms: Kms;
let proxy: RoleProxy;
let wrapping: string;
let other: string;

const contextIs = (issuer: string) => ({ StringEquals: { 'kms:EncryptionContext:issuer': issuer } });

beforeAll(async () => {
  [table, kms] = await Promise.all([startTable(), startKms()]);
  wrapping = createKey(kms, 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT');
  other = createKey(kms, 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT');
  const roles: Record<string, Statement[]> = {
    reader: [
      {
        Effect: 'Allow',
        Action: ['dynamodb:GetItem', 'dynamodb:Query'],
        Resource: `arn:aws:dynamodb:us-east-1:123456789012:table/${table.tableName}`,
        Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['CLIENT#*'] } },
      },
    ],
    maker: [
      {
        Effect: 'Allow',
        Action: ['kms:GenerateDataKeyPairWithoutPlaintext'],
        Resource: wrapping,
        Condition: contextIs('https://one.example'),
      },
    ],
    // Reads what is not secret, and changes one attribute.
    narrow: [
      {
        Effect: 'Allow',
        Action: ['dynamodb:GetItem'],
        Resource: `arn:aws:dynamodb:us-east-1:123456789012:table/${table.tableName}`,
        Condition: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['CLIENT#*'] },
          'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', 'scope'] },
          StringEquals: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
        },
      },
      {
        Effect: 'Allow',
        Action: ['dynamodb:UpdateItem'],
        Resource: `arn:aws:dynamodb:us-east-1:123456789012:table/${table.tableName}`,
        Condition: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['CLIENT#*'] },
          'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', 'scope'] },
          StringEquals: { 'dynamodb:ReturnValues': 'NONE' },
        },
      },
    ],
    nobody: [],
  };
  const keyArn = ({ KeyId }: Readonly<Record<string, unknown>>) => String(KeyId);
  proxy = await startRoleProxy({ roles, table: table.endpoint, kms: kms.endpoint, keyArn, region: 'us-east-1' });
});

afterAll(async () => {
  await proxy.stop();
  await Promise.all([table.stop(), kms.stop()]);
});

/** The SDK settings of a function. */
const as = (accessKeyId: string) => ({
  endpoint: proxy.endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId, secretAccessKey: 'local' },
  maxAttempts: 1,
});
const get = (caller: string, pk: string) =>
  new DynamoDBClient(as(caller)).send(
    new GetItemCommand({ TableName: table.tableName, Key: { pk: { S: pk }, sk: { S: 'CLIENT' } } }),
  );
const query = (caller: string, pk: string) =>
  new DynamoDBClient(as(caller)).send(
    new QueryCommand({
      TableName: table.tableName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: pk } },
    }),
  );
/** A read of these attributes of a client. */
const project = (caller: string, ...names: string[]) =>
  new DynamoDBClient(as(caller)).send(
    new GetItemCommand({
      TableName: table.tableName,
      Key: { pk: { S: 'CLIENT#web' }, sk: { S: 'CLIENT' } },
      ProjectionExpression: names.map((_, index) => `#${index}`).join(', '),
      ExpressionAttributeNames: Object.fromEntries(names.map((name, index) => [`#${index}`, name])),
    }),
  );
/** Sets one attribute of a client. */
const update = (caller: string, name: string, more: Partial<UpdateItemCommandInput> = {}) =>
  new DynamoDBClient(as(caller)).send(
    new UpdateItemCommand({
      TableName: table.tableName,
      Key: { pk: { S: 'CLIENT#web' }, sk: { S: 'CLIENT' } },
      UpdateExpression: 'SET #name = :value',
      ...more,
      ExpressionAttributeNames: { '#name': name, ...more.ExpressionAttributeNames },
      ExpressionAttributeValues: { ':value': { S: 'x' } },
    }),
  );
const scan = (caller: string) => new DynamoDBClient(as(caller)).send(new ScanCommand({ TableName: table.tableName }));
const make = (caller: string, KeyId: string, EncryptionContext: Record<string, string>) =>
  new KMSClient(as(caller)).send(
    new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256', EncryptionContext }),
  );

describe('the proxy forwards a request that the role allows', () => {
  it.each<[string, () => Promise<object>]>([
    ['a read of an item of a kind that may be read', () => get('reader', 'CLIENT#web')],
    ['a query for a partition of a kind that may be read', () => query('reader', 'CLIENT#web')],
    ['a read of attributes that may be read', () => project('narrow', 'pk', 'sk', 'scope')],
    ['a change of an attribute that may be changed', () => update('narrow', 'scope')],
    [
      'generation of a key pair with the encryption context in the role',
      () => make('maker', wrapping, { issuer: 'https://one.example' }),
    ],
  ])('%s', async (_what, call) => {
    const before = proxy.requests.length;
    await call();
    expect(proxy.requests.slice(before)).toMatchObject([{ isAllowed: true }]);
  });
});

describe('the proxy refuses and records, with the error of AWS,', () => {
  const denied = 'AccessDeniedException';
  it.each<[string, string, string, () => Promise<object>]>([
    ['a read of an item of another kind', denied, 'dynamodb:GetItem', () => get('reader', 'GRANT#one')],
    ['a read of an item whose kind has the same prefix', denied, 'dynamodb:GetItem', () => get('reader', 'CLIENT')],
    // Without a list of attributes, `Select` is ALL_ATTRIBUTES, and the condition on attributes alone would hold.
    ['a read of all attributes by a role for some', denied, 'dynamodb:GetItem', () => get('narrow', 'CLIENT#web')],
    [
      'a read of an attribute that is secret',
      denied,
      'dynamodb:GetItem',
      () => project('narrow', 'pk', 'sk', 'secrets'),
    ],
    ['a change of another attribute', denied, 'dynamodb:UpdateItem', () => update('narrow', 'secrets')],
    [
      'a change on a condition on another attribute',
      denied,
      'dynamodb:UpdateItem',
      () =>
        update('narrow', 'scope', {
          ConditionExpression: 'attribute_exists(#other)',
          ExpressionAttributeNames: { '#other': 'secrets' },
        }),
    ],
    [
      'a change that is answered with the whole item',
      denied,
      'dynamodb:UpdateItem',
      () => update('narrow', 'scope', { ReturnValues: 'ALL_NEW' }),
    ],
    ['a query for a partition of another kind', denied, 'dynamodb:Query', () => query('reader', 'REVOKED#0')],
    ['a scan of the table', denied, 'dynamodb:Scan', () => scan('reader')],
    ['any request of a role without permissions', denied, 'dynamodb:GetItem', () => get('nobody', 'CLIENT#web')],
    [
      'generation of a key pair for another issuer',
      denied,
      'kms:GenerateDataKeyPairWithoutPlaintext',
      () => make('maker', wrapping, { issuer: 'https://two.example' }),
    ],
    [
      'generation of a key pair without an encryption context',
      denied,
      'kms:GenerateDataKeyPairWithoutPlaintext',
      () => make('maker', wrapping, {}),
    ],
    [
      'generation of a key pair with another wrapping key',
      denied,
      'kms:GenerateDataKeyPairWithoutPlaintext',
      () => make('maker', other, { issuer: 'https://one.example' }),
    ],
    [
      'decryption by a role that may only generate key pairs',
      denied,
      'kms:Decrypt',
      () =>
        new KMSClient(as('maker')).send(
          new DecryptCommand({
            KeyId: wrapping,
            CiphertextBlob: Buffer.alloc(100),
            EncryptionContext: { issuer: 'https://one.example' },
          }),
        ),
    ],
  ])('%s', async (_what, name, action, call) => {
    const before = proxy.requests.length;
    await expect(call()).rejects.toMatchObject({ name, message: expect.stringContaining(action) });
    expect(proxy.requests.slice(before)).toMatchObject([{ action, isAllowed: false }]);
  });

  it('any request of a caller without a role', async () => {
    await expect(get('stranger', 'CLIENT#web')).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  });
});
