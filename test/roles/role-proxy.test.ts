// The proxy that holds functions to their roles, asked through the SDK: the long run relies on it to refuse.
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

/** The SDK's settings of a function. */
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

describe('what a role allows is passed on and answered', () => {
  it.each<[string, () => Promise<object>]>([
    ['an item of a kind that may be read', () => get('reader', 'CLIENT#web')],
    ['a partition of that kind', () => query('reader', 'CLIENT#web')],
    [
      'a key pair for the encryption context of the role',
      () => make('maker', wrapping, { issuer: 'https://one.example' }),
    ],
  ])('%s', async (_what, call) => {
    const before = proxy.requests.length;
    await call();
    expect(proxy.requests.slice(before)).toMatchObject([{ isAllowed: true }]);
  });
});

describe('what a role does not allow is refused as AWS refuses it, and recorded', () => {
  const denied = 'AccessDeniedException';
  it.each<[string, string, string, () => Promise<object>]>([
    ['an item of another kind', denied, 'dynamodb:GetItem', () => get('reader', 'GRANT#one')],
    ['an item whose kind only begins alike', denied, 'dynamodb:GetItem', () => get('reader', 'CLIENT')],
    ['a partition of another kind', denied, 'dynamodb:Query', () => query('reader', 'REVOKED#0')],
    ['the whole table', denied, 'dynamodb:Scan', () => scan('reader')],
    ['anything, to a role without permissions', denied, 'dynamodb:GetItem', () => get('nobody', 'CLIENT#web')],
    [
      'a key pair for another issuer',
      denied,
      'kms:GenerateDataKeyPairWithoutPlaintext',
      () => make('maker', wrapping, { issuer: 'https://two.example' }),
    ],
    [
      'a key pair without a context',
      denied,
      'kms:GenerateDataKeyPairWithoutPlaintext',
      () => make('maker', wrapping, {}),
    ],
    [
      'a key pair under another key',
      denied,
      'kms:GenerateDataKeyPairWithoutPlaintext',
      () => make('maker', other, { issuer: 'https://one.example' }),
    ],
    [
      'to decrypt what was made',
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

  it('a caller that has no role', async () => {
    await expect(get('stranger', 'CLIENT#web')).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  });
});
