// The life of a stack on moto's CloudFormation: made, changed, failed half-way, deleted and made again. What moto lacks:
// - API Gateway v2 and bucket policies: left out of the template, with what refers to them, and with the outputs, for which moto
//   would make the table first;
// - secrets in variables of functions: the keys of this stack are in KMS and in the table;
// - rollback: what a failed stack has made is deleted here by deleting the stack;
// - the deletion policy RetainExceptOnCreate, whose meaning is that of Retain once a stack was made: moto gets Retain;
// - PITR and TTL of a table of a template, and imports: not tried.
import { DescribeTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import tablePlugin from '../../../infra/resources/table-plugin.mjs';
import { readStack } from '../../infra/package-stack.ts';
import { setups, type Template } from '../../infra/template-rules.ts';
import { startShared } from '../../support/shared.ts';
import { type RunningPeer, startPeer } from '../../support/toolchain.ts';

const aws = { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };

/** An issuer that is no URL of the API, as the API is left out. */
const common = { ...setups['wrapped-by-hand']?.parameters, issuer: 'https://auth.example.com' };

/** The template of the stage `prod` with these parameters. */
const packaged = async (parameters: Readonly<Record<string, string>> = {}) =>
  (await readStack('prod', { ...common, ...parameters })).template;

const made = new Set([
  'AWS::DynamoDB::Table',
  'AWS::Events::Rule',
  'AWS::IAM::Role',
  'AWS::Lambda::Function',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogGroup',
  'AWS::S3::Bucket',
]);

/** As much of a template as moto makes. */
function forMoto({ Resources }: Template): Template {
  const left = structuredClone(Resources);
  const drop = (isLeftOut: (id: string) => boolean) => {
    const ids = Object.keys(left).filter(isLeftOut);
    for (const id of ids) delete left[id];
    return ids;
  };
  let gone = drop((id) => !made.has(left[id]?.Type ?? ''));
  while (gone.length > 0) {
    const refers = new RegExp(`"(Ref|Fn::GetAtt)":\\[?"(${gone.join('|')})"`);
    gone = drop((id) => refers.test(JSON.stringify(left[id]?.Properties ?? {})));
  }
  for (const resource of Object.values(left)) {
    const needed = [resource.DependsOn ?? []].flat().filter((id) => String(id) in left);
    if (needed.length > 0) resource.DependsOn = needed;
    else delete resource.DependsOn;
    if (resource.DeletionPolicy === 'RetainExceptOnCreate') resource.DeletionPolicy = 'Retain';
  }
  return { Resources: left, Outputs: {} };
}

/** A stack that gets key management with its next change. */
const withoutKeyManagement = (template: Template): Template => {
  const others = Object.entries(template.Resources).filter(([id]) => !id.startsWith('Rotation'));
  return { ...template, Resources: Object.fromEntries(others) };
};

const installed = await startShared('moto');

describe.skipIf(installed === undefined)('a stack on moto', () => {
  let running: RunningPeer;
  let endpoint: string;
  let dynamodb: DynamoDBClient;

  beforeAll(async () => {
    const args = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'];
    // The artefacts of the functions are in no bucket.
    running = await startPeer(`${installed}/bin/python`, args, /Running on (http:\S+)/, {
      VALIDATE_LAMBDA_S3: 'false',
    });
    endpoint = running.found[1] ?? '';
    dynamodb = new DynamoDBClient({ ...aws, endpoint });
  });
  afterAll(async () => {
    dynamodb?.destroy();
    await running?.stop();
  });
  beforeEach(() => fetch(`${endpoint}/moto-api/reset`, { method: 'POST' }));

  async function call(service: string, headers: Record<string, string>, body: string | URLSearchParams) {
    const credential = `Credential=local/20270101/us-east-1/${service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0`;
    const response = await fetch(endpoint, { method: 'POST', headers: { authorization, ...headers }, body });
    return { ok: response.ok, text: await response.text() };
  }

  /** Calls CloudFormation for the stack. @returns its refusal; undefined if it did what was asked */
  async function stack(Action: string, template?: Template): Promise<string | undefined> {
    const input = { Action, Version: '2010-05-15', StackName: 'latchkey-prod', Capabilities: 'CAPABILITY_IAM' };
    const body = new URLSearchParams({ ...input, ...(template && { TemplateBody: JSON.stringify(template) }) });
    const { ok, text } = await call('cloudformation', {}, body);
    return ok ? undefined : text;
  }

  /** Takes the name of a log group, which fails the stack that wants to make it. */
  async function block(functionName: string): Promise<void> {
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Logs_20140328.CreateLogGroup' };
    const { ok } = await call('logs', headers, JSON.stringify({ logGroupName: logGroup(functionName) }));
    expect(ok).toBe(true);
  }
  async function unblock(functionName: string): Promise<void> {
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Logs_20140328.DeleteLogGroup' };
    await call('logs', headers, JSON.stringify({ logGroupName: logGroup(functionName) }));
  }
  const logGroup = (functionName: string) => `/aws/lambda/latchkey-prod-${functionName}`;

  /** The table, or undefined if there is none. */
  const findTable = async (TableName = 'latchkey-prod') => {
    const answer = await dynamodb.send(new DescribeTableCommand({ TableName })).catch((error: Error) => {
      if (error.name === 'ResourceNotFoundException') return undefined;
      throw error;
    });
    return answer?.Table;
  };
  const key = { pk: { S: 'CLIENT#web' }, sk: { S: 'CLIENT' } };
  const write = () => dynamodb.send(new PutItemCommand({ TableName: 'latchkey-prod', Item: key }));
  const read = async () => (await dynamodb.send(new GetItemCommand({ TableName: 'latchkey-prod', Key: key }))).Item;

  it('that fails half-way leaves no table behind, and is made once the cause is gone', async () => {
    const template = forMoto(await packaged());
    await block('whoami');
    expect(await stack('CreateStack', template)).toContain('already exists');
    expect(await findTable()).toBeUndefined();
    expect(await stack('DeleteStack')).toBeUndefined();
    await unblock('whoami');
    expect(await stack('CreateStack', template)).toBeUndefined();
    expect(await findTable()).toMatchObject({
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      DeletionProtectionEnabled: false,
    });
  });

  it('would be blocked by its table if the table did not come last', async () => {
    const template = forMoto(await packaged());
    const { Table, ...others } = template.Resources;
    const { DependsOn: _, ...first } = Table!;
    const early = { ...template, Resources: { Table: first, ...others } };
    await block('whoami');
    expect(await stack('CreateStack', early)).toContain('already exists');
    expect(await findTable()).toBeDefined();
    expect(await stack('DeleteStack')).toBeUndefined();
    await unblock('whoami');
    expect(await stack('CreateStack', early)).toMatch(/Table already exists/);
  });

  it.each([
    ['is changed', false],
    ['fails half-way when it is changed', true],
  ])('that %s keeps its table and items', async (_, fails) => {
    const template = await packaged();
    expect(await stack('CreateStack', forMoto(withoutKeyManagement(template)))).toBeUndefined();
    await write();
    if (fails) await block('rotation');
    const refusal = await stack('UpdateStack', forMoto(template));
    if (fails) expect(refusal).toContain('already exists');
    else expect(refusal).toBeUndefined();
    expect(await read()).toEqual(key);
  });

  it('has a protected table after its deployment, keeps it when it is deleted, and then needs another name', async () => {
    const template = forMoto(await packaged());
    expect(await stack('CreateStack', template)).toBeUndefined();
    await write();
    const serverless = {
      service: {
        custom: { table: { name: 'latchkey-prod', protection: true } },
        provider: { compiledCloudFormationTemplate: { Resources: {} } },
      },
      getProvider: () => ({ getAwsSdkV3Config: async () => ({ ...aws, endpoint }) }),
    };
    await tablePlugin(serverless, {}, { log: { notice: () => {} } }).hooks['after:deploy:deploy']!();
    expect(await findTable()).toMatchObject({ DeletionProtectionEnabled: true });

    expect(await stack('DeleteStack')).toBeUndefined();
    expect(await read()).toEqual(key);
    expect(await stack('CreateStack', template)).toMatch(/Table already exists/);
    expect(await stack('DeleteStack')).toBeUndefined();
    expect(await stack('CreateStack', forMoto(await packaged({ 'table-name': 'latchkey-prod-2' })))).toBeUndefined();
    expect(await findTable('latchkey-prod-2')).toBeDefined();
    expect(await read()).toEqual(key);
  });

  it('whose table is to be deleted with it is made, deleted and made again', async () => {
    const template = forMoto(await packaged({ 'table-on-removal': 'Delete' }));
    for (const _round of [1, 2]) {
      expect(await stack('CreateStack', template)).toBeUndefined();
      expect(await findTable()).toBeDefined();
      expect(await stack('DeleteStack')).toBeUndefined();
      expect(await findTable()).toBeUndefined();
    }
  });
});
