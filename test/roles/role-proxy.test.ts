// Tests the proxy that enforces roles, through the AWS SDK. The long run relies on its refusals.
import { DynamoDBClient, GetItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
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
const scan = (caller: string) => new DynamoDBClient(as(caller)).send(new ScanCommand({ TableName: table.tableName }));
const make = (caller: string, KeyId: string, EncryptionContext: Record<string, string>) =>
  new KMSClient(as(caller)).send(
    new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec: 'ECC_NIST_P256', EncryptionContext }),
  );

describe('the proxy forwards a request that the role allows', () => {
  it.each<[string, () => Promise<object>]>([
    ['a read of an item of a kind that may be read', () => get('reader', 'CLIENT#web')],
    ['a query for a partition of a kind that may be read', () => query('reader', 'CLIENT#web')],
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
