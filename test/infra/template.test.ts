// The stack as CloudFormation will get it: packaged for stages of every kind and checked by the rules of template-rules.ts,
// each of which is seen to fail on a planted mistake. AWS's own checker: template-checker.long.test.ts. The linter of
// CloudFormation, and a stack that is made, changed and deleted: test/peers.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createStageSecret, environmentSize } from '../../infra/cli/stage-secret.ts';
import { demoApis } from '../../infra/demo-apis.ts';
import { environmentSizes, MAX_ENVIRONMENT_BYTES } from '../../infra/environment-size.ts';
import { handleKeyVariables } from '../../infra/handle-keys.ts';
import { packagedTemplate } from '../../infra/local/packaged-template.ts';
import { fragmentDirectory, packageStack, templateFile } from '../../infra/package-stack.ts';
import { blocks, document, section } from '../support/docs.ts';
import { isLongRun, sampled } from '../support/scale.ts';
import { readStack, type Stack } from './package-stack.ts';
import { roleTable } from './role-table.ts';
import { parameters } from './stages.ts';
import { functions, functionsOf, rules, type Template } from './template-rules.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Packaging takes seconds: the normal run has the stage with all the defaults, and the one with most that is not. */
const stages = isLongRun ? Object.keys(parameters) : ['dev', 'wrapped'];

const directory = mkdtempSync(join(tmpdir(), 'latchkey-template-'));
let stacks: Readonly<Record<string, Stack>>;

beforeAll(async () => {
  const reading = stages.map(async (stage) => [stage, await readStack(stage, parameters[stage])] as const);
  stacks = Object.fromEntries(await Promise.all(reading));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Rule -> its violations, where there are any. */
const violations = (template: Template, stage: string) =>
  Object.fromEntries(
    Object.entries(rules)
      .map(([name, rule]) => [name, rule(template, stage)] as const)
      .filter(([, found]) => found.length > 0),
  );

/** A copy of a stage's template with one value planted, or removed (undefined). The table waits for planted resources too. */
function plant(path: string, value: unknown, stage = 'dev'): Template {
  const template = structuredClone(stacks[stage]!.template);
  const steps = path.split('/');
  const last = steps.pop()!;
  let here = template as unknown as Record<string, unknown>;
  for (const step of steps) here = here[step] as Record<string, unknown>;
  if (value === undefined) delete here[last];
  else here[last] = value;
  const { Table, ...others } = template.Resources;
  if (Table && !path.startsWith('Resources/Table/')) Table.DependsOn = Object.keys(others);
  return template;
}

describe.each(stages)('The template of the stage %s', (stage) => {
  it('follows every rule', () => expect(violations(stacks[stage]!.template, stage)).toEqual({}));

  it('packs only the bundles of a function into its zip', () => {
    const expected = functionsOf(stage).map((name) => [name, [`dist/${name}/index.cjs`, `dist/${name}/later.cjs`]]);
    expect(stacks[stage]!.zips).toEqual(Object.fromEntries(expected));
  });
});

it.each(Object.entries(functions))(
  'The directory of %s contains its bundle and the modules that it loads on demand, and nothing else',
  (name, { later = [] }) => {
    expect(readdirSync(join(root, 'dist', name)).toSorted()).toEqual(['index.cjs', ...later].toSorted());
  },
);

describe('The parameters of serverless.yml', () => {
  const variables = (template: Template, id: string) => {
    const { Environment } = template.Resources[`${id}LambdaFunction`]!.Properties;
    return (Environment as { Variables: Record<string, unknown> }).Variables;
  };
  const environment = (stage: string, id: string) => variables(stacks[stage]!.template, id);

  it('make the URL of the API the issuer, and the example route the audience, by default', () => {
    const url = { 'Fn::Sub': `https://\${HttpApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}` };
    expect(environment('dev', 'Token')).toMatchObject({ ISSUER: url });
    expect(environment('dev', 'Authorizer')).toMatchObject({
      ISSUER: url,
      AUDIENCE: 'whoami',
      REVOCATION_MAX_AGE_SECONDS: 'jwt=5,reference=0',
    });
    expect(environment('wrapped', 'Authorizer')).toMatchObject({
      ISSUER: 'https://auth.example.com',
      AUDIENCE: 'https://api.example.com',
    });
  });

  it('leave room in each function for a rotation, with the quotes that Lambda counts', () => {
    // The same keys twice take as much room as others, and making RSA keys takes long.
    const both = createStageSecret(['ES256', 'RS256']);
    const keysOf = (text: string) => JSON.parse(text).keys as object[];
    const set = (...keys: (object | undefined)[]) => JSON.stringify({ keys });
    const [, rsa] = keysOf(both.SIGNING_KEYS);
    const published = keysOf(both.VERIFICATION_KEYS);
    const rings = Object.fromEntries(handleKeyVariables.map((name) => [name, `${both[name]},${both[name]}`]));
    const rotations = {
      'a private key of each kind and two public ones': {
        SIGNING_KEYS: both.SIGNING_KEYS,
        VERIFICATION_KEYS: set(...published, ...published),
      },
      'two private RSA keys and as many public ones': {
        SIGNING_KEYS: set(rsa, rsa),
        VERIFICATION_KEYS: set(published[1], published[1]),
      },
    };
    for (const [what, keys] of Object.entries(rotations)) {
      const secret = { ...both, ...rings, ...keys };
      const sizes = environmentSizes(stacks['dev']!.template, { 'latchkey/dev': secret }, 'ap-southeast-2');
      expect(sizes.size).toBe(functionsOf('dev').length);
      for (const [id, bytes] of sizes)
        expect({ what, id, fits: bytes < MAX_ENVIRONMENT_BYTES }).toMatchObject({ fits: true });
    }
  });

  it('take no more room beside the secret than latchkey init counts', () => {
    const secret = { ...createStageSecret(['ES256']), DECRYPTION_KEYS: '', SEALING_KEYS: '' };
    const sizes = environmentSizes(stacks['dev']!.template, { 'latchkey/dev': secret }, 'ap-southeast-2');
    expect(Math.max(...sizes.values())).toBeLessThanOrEqual(environmentSize(secret));
  });

  it('make the local stage strict, with its demo API as audience', async () => {
    const template = JSON.parse(await packagedTemplate(root, 'http://localhost:3000')) as Template;
    expect(variables(template, 'Authorizer')).toMatchObject({
      ISSUER: 'http://localhost:3000',
      AUDIENCE: demoApis.orders,
      REVOCATION_MAX_AGE_SECONDS: '0',
    });
  });

  it('change exactly the functions with secrets when secrets-version changes', () => {
    const renewed = functionsOf('dev').filter((name) => {
      const id = `${name.charAt(0).toUpperCase()}${name.slice(1)}LambdaFunction`;
      const [before, after] = ['dev', 'wrapped'].map(
        (it) => stacks[it]!.template.Resources[id]!.Properties['Description'],
      );
      return before !== after;
    });
    expect(renewed).toEqual([
      'token',
      'authorization',
      'introspection',
      'revocation',
      'userinfo',
      'logout',
      'backchannel',
      'discovery',
      'jwks',
      'health',
      'authorizer',
    ]);
  });
});

describe('The REST API in docs/authorizer.md', () => {
  const [, restApi = ''] = blocks(document('docs/authorizer.md'), 'yaml');

  async function packaged(text: string): Promise<Template> {
    const root = mkdtempSync(join(directory, 'api-'));
    mkdirSync(join(root, fragmentDirectory), { recursive: true });
    writeFileSync(join(root, 'package.json'), '{}');
    const header = 'service: orders\nprovider: { name: aws, runtime: nodejs24.x }\n';
    writeFileSync(join(root, 'serverless.yml'), header + text);
    const directoryOfPackage = await packageStack({ root, stage: 'dev', files: ['orders.js'] });
    return JSON.parse(readFileSync(join(directoryOfPackage, templateFile), 'utf8')) as Template;
  }

  /** In short what `serverless` makes of it: the deployment waits for the methods. */
  function sketched(text: string): Template {
    const { resources } = parse(text, { logLevel: 'silent' }) as {
      resources: { Resources: Template['Resources']; extensions: Record<string, object> };
    };
    const Deployment = {
      Type: 'AWS::ApiGateway::Deployment',
      Properties: {},
      DependsOn: Object.keys(resources.extensions),
    };
    const methods = Object.entries(resources.extensions).map(([id, extension]) => [
      id,
      { Type: 'AWS::ApiGateway::Method', Properties: {}, ...extension },
    ]);
    return { Resources: { ...resources.Resources, ...Object.fromEntries(methods), Deployment } } as Template;
  }

  /** The gateway responses of this API that could be published too late. */
  const tooLate = async (text: string) =>
    rules['gateway responses']!(isLongRun ? await packaged(text) : sketched(text), 'dev');

  it('publishes its gateway responses with the first deployment', async () => {
    expect(await tooLate(restApi)).toEqual([]);
  });

  it('could publish them later without DependsOn', async () => {
    const without = await tooLate(restApi.replace('DependsOn: [Unauthorized]', 'DependsOn: []'));
    expect(without).toEqual(['Unauthorized may be made after the deployment that publishes it']);
  });
});

it('The template has a function for each file of functions/', () => {
  const files = readdirSync(new URL('../../functions', import.meta.url)).map((file) => file.replace(/\.ts$/, ''));
  expect(files.sort()).toEqual(Object.keys(functions).sort());
});

it('table.yml states the keys of the table literally, because the local table is made from the same file', () => {
  const fragment = readFileSync(new URL('../../infra/resources/table.yml', import.meta.url), 'utf8');
  expect(fragment).toMatch(/AttributeName: pk, KeyType: HASH[^$]*AttributeName: sk, KeyType: RANGE/);
});

const tableArn = { 'Fn::Sub': `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/latchkey-dev` };
const statement = (Action: unknown, Resource: unknown = tableArn) => ({
  Effect: 'Allow',
  Action,
  Resource,
});
const lambda = (name: string) => `Resources/${name}LambdaFunction/Properties`;
const env = (name: string) => `${lambda(name)}/Environment/Variables`;
const policy = (name: string) => `Resources/${name}Role/Properties/Policies/0/PolicyDocument/Statement`;
const keyPolicy = (name: string) => `Resources/${name}Role/Properties/Policies/1/PolicyDocument/Statement`;
const attributes = 'Condition/ForAllValues:StringEquals/dynamodb:Attributes';
const leadingKeys = 'Condition/ForAllValues:StringLike/dynamodb:LeadingKeys';
const readKeys = {
  ...statement(['dynamodb:GetItem']),
  Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['KEYS'] } },
};
const secretOf = (name: string) => `{{resolve:secretsmanager:latchkey/dev:SecretString:${name}}}`;
const authorizer = 'Resources/HttpApiAuthorizerLatchkey/Properties';
const table = 'Resources/Table/Properties';
const schedule = 'Resources/RotationEventsRuleSchedule1/Properties';

// Rule, the mistake, where, what is planted there (undefined: the value is taken away); in the stage dev unless named.
const mistakes: [rule: string, mistake: string, path: string, value: unknown, stage?: string][] = [
  [
    'functions',
    'one more function',
    'Resources/ExtraLambdaFunction',
    { Type: 'AWS::Lambda::Function', Properties: {} },
  ],
  ['handlers', 'the bundle of another function', `${lambda('Jwks')}/Handler`, 'dist/token/index.handler'],
  ['runtime', 'an old runtime', `${lambda('Token')}/Runtime`, 'nodejs20.x'],
  ['runtime', 'another architecture', `${lambda('Token')}/Architectures`, ['x86_64']],
  ['size', 'too much memory', `${lambda('Token')}/MemorySize`, 10_240],
  ['size', 'a timeout beyond the gateway’s', `${lambda('Token')}/Timeout`, 30],
  ['size', 'an authorizer slower than the gateway waits', `${lambda('Authorizer')}/Timeout`, 10],
  ['environment', 'a variable not needed', `${env('Discovery')}/TABLE_NAME`, 'latchkey-dev'],
  ['environment', 'a variable missing', `${env('Authorizer')}/REVOCATION_MAX_AGE_SECONDS`, undefined],
  [
    'keys',
    'a verifier that could sign',
    `${env('Authorizer')}/SIGNING_KEYS`,
    '{{resolve:secretsmanager:latchkey/dev:SecretString:SIGNING_KEYS}}',
  ],
  ['keys', 'no handle keys', `${env('Authorizer')}/REFERENCE_TOKEN_KEYS`, undefined],
  [
    'keys',
    'a key of another kind of handle',
    `${env('Authorizer')}/REFRESH_TOKEN_KEYS`,
    secretOf('REFRESH_TOKEN_KEYS'),
  ],
  ['keys', 'a key for all kinds of handles', `${env('Token')}/HANDLE_KEYS`, secretOf('HANDLE_KEYS')],
  ['keys', 'a key of another group in KMS', `${env('Userinfo')}/GRANT_KMS_KEYS`, 'alias/one', 'wrapped'],
  ['dynamic references', 'too many of them', `${env('Token')}/LOG_LEVEL`, secretOf('CODE_KEYS').repeat(60)],
  ['keys', 'two origins at once', `${env('Token')}/SIGNING_KMS_KEYS`, 'alias/one'],
  [
    'keys',
    'a secret beside KMS',
    `${env('Token')}/CODE_KEYS`,
    '{{resolve:secretsmanager:latchkey/kms:SecretString:CODE_KEYS}}',
    'kms',
  ],
  ['keys', 'a verifier that could sign in KMS', `${env('Introspection')}/SIGNING_KMS_KEYS`, 'alias/one', 'kms'],
  ['keys in KMS', 'another signing key', `${env('Token')}/SIGNING_KMS_KEYS`, 'alias/other', 'kms'],
  ['keys in KMS', 'another handle key', `${env('Revocation')}/GRANT_KMS_KEYS`, 'alias/other', 'kms'],
  ['keys in KMS', 'another wrapping key', `${env('Rotation')}/WRAPPING_KMS_KEY`, 'alias/other', 'wrapped'],
  ['keys', 'a signing key beside the registry', `${env('Token')}/SIGNING_KMS_KEYS`, 'alias/one', 'kms-registry'],
  ['keys', 'a verifier that could make keys', `${env('Jwks')}/WRAPPING_KMS_KEY`, 'alias/one', 'wrapped'],
  ['registry', 'a verifier that knows nothing of it', `${env('Authorizer')}/KEY_REGISTRY`, 'off', 'wrapped'],
  [
    'environment',
    'keys of the secret beside the registry',
    `${env('Jwks')}/VERIFICATION_KEYS`,
    '{{resolve:secretsmanager:latchkey/registry:SecretString:VERIFICATION_KEYS}}',
    'registry',
  ],
  ['registry keys', 'a key of somebody else', `${env('Authorizer')}/REGISTRY_KEYS`, 'other', 'wrapped'],
  ['environment', 'a registry that nobody asked for', `${env('Token')}/KEY_REGISTRY`, 'on'],
  ['environment', 'a registry that is not found', `${env('Jwks')}/TABLE_NAME`, undefined, 'registry'],
  ['secrets by reference', 'a secret in clear', `${env('Token')}/CODE_KEYS`, 'hunter2'],
  [
    'secrets by reference',
    'the secret of another stage',
    `${env('Jwks')}/VERIFICATION_KEYS`,
    '{{resolve:secretsmanager:latchkey/prod:SecretString:VERIFICATION_KEYS}}',
  ],
  [
    'secrets by reference',
    'private keys for a verifier',
    `${env('Jwks')}/VERIFICATION_KEYS`,
    '{{resolve:secretsmanager:latchkey/dev:SecretString:SIGNING_KEYS}}',
  ],
  [
    'secrets by reference',
    'sealing keys where nothing is sealed',
    `${env('Authorizer')}/SEALING_KEYS`,
    '{{resolve:secretsmanager:latchkey/dev:SecretString:SEALING_KEYS}}',
  ],
  ['environment', 'sealing keys for a function that reads no token', `${env('Jwks')}/SEALING_KEYS`, ''],
  ['no secrets', 'a PEM', `${env('Token')}/LOG_LEVEL`, '-----BEGIN PRIVATE KEY-----'],
  ['no secrets', 'a JWK', `${env('Token')}/LOG_LEVEL`, '{"kty":"EC"}'],
  [
    'no secrets',
    '32 bytes of base64url',
    `${env('Token')}/LOG_LEVEL`,
    createHash('sha256').update('a secret').digest('base64url'),
  ],
  ['secrets version', 'a function that never sees a changed secret', `${lambda('Jwks')}/Description`, 'Keys'],
  ['table', 'no point-in-time recovery', `${table}/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled`, false],
  ['table', 'no TTL', `${table}/TimeToLiveSpecification`, undefined],
  ['table', 'another sort key', `${table}/KeySchema/1/AttributeName`, 'range'],
  ['table', 'another billing mode', `${table}/BillingMode`, 'PROVISIONED'],
  ['table', 'no encryption', `${table}/SSESpecification/SSEEnabled`, false],
  ['table protection', 'protection from the beginning', `${table}/DeletionProtectionEnabled`, true],
  ['table protection', 'a dev table that stays behind', 'Resources/Table/DeletionPolicy', 'Retain'],
  ['table protection', 'a table that a rollback leaves behind', 'Resources/Table/DeletionPolicy', 'Retain', 'wrapped'],
  ['table protection', 'a table lost with its name', 'Resources/Table/UpdateReplacePolicy', 'Delete', 'wrapped'],
  [
    'readers of revocations first',
    'a writer that waits for none',
    'Resources/LogoutLambdaFunction/DependsOn',
    undefined,
  ],
  ['table last', 'a table that is made at any time', 'Resources/Table/DependsOn', undefined],
  ['table last', 'a table that does not wait for all', 'Resources/Table/DependsOn', ['AuthorizerPermission']],
  ['table last', 'a resource that waits for it', 'Resources/HttpApi/DependsOn', ['Table']],
  ['table last', 'a reference to it', 'Resources/HttpApi/Properties/Name', { 'Fn::GetAtt': ['Table', 'Arn'] }],
  ['table last', 'its name in a text', 'Resources/HttpApi/Properties/Name', { 'Fn::Sub': `api-of-\${Table}` }],
  [
    'gateway responses',
    'one that no deployment publishes',
    'Resources/Extra',
    { Type: 'AWS::ApiGateway::GatewayResponse', Properties: {} },
  ],
  ['table name', 'another table', `${env('Token')}/TABLE_NAME`, 'latchkey-prod'],
  ['table name', 'a reference', `${env('Token')}/TABLE_NAME`, { Ref: 'AWS::StackName' }],
  ['issuer', 'two issuers', `${env('Discovery')}/ISSUER`, 'https://other.example.com'],
  [
    'audience',
    'the issuer, for which any client may get tokens',
    `${env('Authorizer')}/AUDIENCE`,
    { 'Fn::Sub': `https://\${HttpApi}.execute-api.\${AWS::Region}.\${AWS::URLSuffix}` },
  ],
  ['roles', 'a shared role', `${lambda('Jwks')}/Role`, { 'Fn::GetAtt': ['TokenRole', 'Arn'] }],
  [
    'roles',
    'the framework’s own role',
    'Resources/IamRoleLambdaExecution',
    {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
        },
      },
    },
  ],
  ['trust', 'a role for anybody', 'Resources/TokenRole/Properties/AssumeRolePolicyDocument/Statement/0/Principal', '*'],
  [
    'trust',
    'a managed policy',
    'Resources/TokenRole/Properties/ManagedPolicyArns',
    ['arn:aws:iam::aws:policy/AdministratorAccess'],
  ],
  ['loose policies', 'a policy beside the roles', 'Resources/Extra', { Type: 'AWS::IAM::Policy', Properties: {} }],
  ['loose policies', 'a way around the gateway', 'Resources/Extra', { Type: 'AWS::Lambda::Url', Properties: {} }],
  ['wildcards', 'any action', `${policy('Token')}/7`, statement('*')],
  ['wildcards', 'any action of DynamoDB', `${policy('Token')}/7`, statement('dynamodb:*')],
  ['wildcards', 'any resource', `${policy('Token')}/7`, statement('dynamodb:GetItem', '*')],
  [
    'wildcards',
    'any index',
    `${policy('Token')}/7`,
    statement('dynamodb:GetItem', { 'Fn::Sub': `${tableArn['Fn::Sub']}/*` }),
  ],
  ['known actions', 'a typo', `${policy('Token')}/1/Action/1`, 'dynamodb:GetItems'],
  ['known actions', 'an action nobody needs', `${policy('Introspection')}/2/Action/1`, 'dynamodb:Scan'],
  ['permissions', 'one action too many', `${policy('Introspection')}/1/Action/1`, 'dynamodb:PutItem'],
  ['permissions', 'one action too few', `${policy('Revocation')}/4/Action`, ['dynamodb:Query']],
  ['permissions', 'revocations that can be undone', `${policy('Revocation')}/4/Action/2`, 'dynamodb:DeleteItem'],
  ['permissions', 'hashes of passwords', `${policy('Userinfo')}/4/${attributes}/4`, 'password'],
  ['permissions', 'hashes of secrets', `${policy('Logout')}/2/${attributes}/30`, 'secrets'],
  [
    'permissions',
    'all attributes of a read that names none',
    `${policy('Userinfo')}/4/Condition/StringEquals`,
    undefined,
  ],
  ['permissions', 'claims that can be changed', `${policy('Revocation')}/3/${attributes}/5`, 'claims'],
  ['permissions', 'items of any kind', `${policy('Token')}/1/Condition`, undefined],
  ['permissions', 'items of another kind', `${policy('Authorizer')}/1/${leadingKeys}/2`, 'CLIENT#*'],
  ['permissions', 'no right to read the schema', `${policy('Authorizer')}/1/${leadingKeys}`, ['TOKEN#*']],
  ['permissions', 'the log of another function', `${policy('Jwks')}/0/Resource/Fn::GetAtt/0`, 'TokenLogGroup'],
  ['wildcards', 'any key of KMS', `${keyPolicy('Token')}/3`, statement('kms:Sign', 'arn:aws:kms:*:1:key/*'), 'kms'],
  ['wildcards', 'any action of KMS', `${keyPolicy('Token')}/3`, statement('kms:*', 'arn:aws:kms:us:1:key/1'), 'kms'],
  ['known actions', 'to manage keys', `${keyPolicy('Token')}/0/Action/2`, 'kms:DisableKey', 'kms'],
  ['permissions', 'a verifier that may sign', `${keyPolicy('Authorizer')}/0/Action`, ['kms:Sign'], 'kms'],
  ['permissions', 'other keys', `${keyPolicy('Token')}/1/Resource/Fn::Split/1`, 'arn:aws:kms:other', 'kms'],
  [
    'permissions',
    'a verifier that may use the keys of another group',
    `${keyPolicy('Userinfo')}/1`,
    statement(['kms:GenerateMac'], 'arn:aws:kms:eu-west-1:123456789012:key/grant'),
    'wrapped',
  ],
  [
    'permissions',
    'a function that may sign the registry',
    `${keyPolicy('Token')}/3`,
    statement(['kms:Sign'], 'arn:aws:kms:eu-west-1:123456789012:key/registry'),
    'wrapped',
  ],
  ['permissions', 'no right to sign', `${keyPolicy('Token')}/0/Action`, ['kms:GetPublicKey'], 'kms'],
  ['permissions', 'to unwrap anything', `${keyPolicy('Token')}/0/Condition`, undefined, 'wrapped'],
  [
    'permissions',
    'to unwrap for another issuer',
    `${keyPolicy('Token')}/0/Condition/StringEquals/kms:EncryptionContext:issuer`,
    'https://other.example.com',
    'wrapped',
  ],
  ['permissions', 'another wrapping key', `${keyPolicy('Token')}/0/Resource`, 'arn:aws:kms:other', 'wrapped'],
  ['permissions', 'a schedule that may unwrap', `${policy('Rotation')}/3/Action/1`, 'kms:Decrypt', 'wrapped'],
  ['permissions', 'a schedule that may write anything', `${policy('Rotation')}/2/Condition`, undefined, 'wrapped'],
  ['permissions', 'a verifier that may add keys', `${policy('Authorizer')}/3/Action/1`, 'dynamodb:PutItem', 'wrapped'],
  ['permissions', 'other items for the key set', `${policy('Jwks')}/1/${leadingKeys}/2`, 'CLIENT#*', 'wrapped'],
  ['permissions', 'no right to read the registry', `${policy('Revocation')}/4/Action`, [], 'kms-registry'],
  ['permissions', 'a registry that nobody asked for', `${policy('Jwks')}/1`, readKeys],
  ['callers of functions', 'any service', 'Resources/TokenLambdaPermissionHttpApi/Properties/Principal', '*'],
  [
    'callers of functions',
    'another function by the clock',
    'Resources/BackchannelLambdaPermissionEventsRuleSchedule1/Properties/FunctionName/Fn::GetAtt/0',
    'TokenLambdaFunction',
  ],
  [
    'schedules',
    'every second minute',
    'Resources/BackchannelEventsRuleSchedule1/Properties/ScheduleExpression',
    'rate(2 minutes)',
  ],
  ['schedules', 'a clock that stands', 'Resources/BackchannelEventsRuleSchedule1/Properties/State', 'DISABLED'],
  ['callers of functions', 'any account', 'Resources/TokenLambdaPermissionHttpApi/Properties/SourceArn', undefined],
  [
    'callers of functions',
    'any schedule',
    'Resources/RotationLambdaPermissionEventsRuleSchedule1/Properties/SourceArn',
    undefined,
    'wrapped',
  ],
  ['schedules', 'none', `${schedule}/State`, 'DISABLED', 'wrapped'],
  ['schedules', 'once a year', `${schedule}/ScheduleExpression`, 'rate(365 days)', 'wrapped'],
  [
    'schedules',
    'a schedule that no function declares',
    'Resources/Extra',
    { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'rate(1 hour)', State: 'ENABLED' } },
  ],
  [
    'shared authorizer',
    'any route as a caller',
    'Resources/AuthorizerPermission/Properties/SourceArn',
    { 'Fn::Sub': `arn:\${AWS::Partition}:execute-api:\${AWS::Region}:\${AWS::AccountId}:*` },
  ],
  [
    'shared authorizer',
    'another function for all',
    'Resources/AuthorizerPermission/Properties/FunctionName',
    { 'Fn::GetAtt': ['TokenLambdaFunction', 'Arn'] },
  ],
  ['routes', 'a route missing', 'Resources/HttpApiRouteAnyRevoke', undefined],
  ['routes', 'one method only', 'Resources/HttpApiRouteAnyToken/Properties/RouteKey', 'POST /token'],
  [
    'routes',
    'the function of another route',
    'Resources/HttpApiIntegrationToken/Properties/IntegrationUri/Fn::GetAtt/0',
    'WhoamiLambdaFunction',
  ],
  ['integrations', 'events of version 1', 'Resources/HttpApiIntegrationToken/Properties/PayloadFormatVersion', '1.0'],
  ['route authorizers', 'an open door', 'Resources/HttpApiRouteGetWhoami/Properties/AuthorizationType', undefined],
  [
    'route authorizers',
    'a token to get a token',
    'Resources/HttpApiRouteAnyToken/Properties/AuthorizationType',
    'CUSTOM',
  ],
  ['authorizer', 'answers of the other form', `${authorizer}/EnableSimpleResponses`, false],
  ['authorizer', 'events of version 1', `${authorizer}/AuthorizerPayloadFormatVersion`, '1.0'],
  ['authorizer', 'another function', `${authorizer}/AuthorizerUri/Fn::Join/1/5/Fn::GetAtt/0`, 'WhoamiLambdaFunction'],
  [
    'identity sources',
    'answers reused across routes',
    `${authorizer}/IdentitySource`,
    ['$request.header.Authorization'],
  ],
  ['cache ttl', 'five minutes by default', `${authorizer}/AuthorizerResultTtlInSeconds`, undefined],
  ['cache ttl', 'a minute', `${authorizer}/AuthorizerResultTtlInSeconds`, 60],
  ['log retention', 'logs for ever', 'Resources/TokenLogGroup/Properties/RetentionInDays', undefined],
  ['log retention', 'access logs for ever', 'Resources/HttpApiLogGroup/Properties/RetentionInDays', undefined],
  ['log retention', 'the wrong group', 'Resources/TokenLogGroup/Properties/LogGroupName', '/aws/lambda/token'],
  [
    'access log',
    'credentials',
    'Resources/HttpApiStage/Properties/AccessLogSettings/Format',
    '$context.requestId $request.header.Authorization',
  ],
  ['access log', 'none', 'Resources/HttpApiStage/Properties/AccessLogSettings', undefined],
  ['throttling', 'none', 'Resources/HttpApiStage/Properties/DefaultRouteSettings', undefined],
  ['outputs', 'an output missing', 'Outputs/AuthorizerArn', undefined],
  ['outputs', 'an export of another stage', 'Outputs/TableName/Export/Name', 'latchkey-prod-table-name'],
  ['machine paths', 'the directory of whoever packaged', `${env('Token')}/LOG_LEVEL`, '/home/somebody/latchkey/dist'],
];

describe('The rule', () => {
  const tried = mistakes.filter(([, , , , stage = 'dev']) => stages.includes(stage));
  const triedOnAllRules = new Set(sampled(tried, 8));

  it.each(tried.map((mistake) => [`${mistake[0]} finds ${mistake[1]}`, mistake] as const))('%s', (_name, mistake) => {
    const [rule, , path, value, stage = 'dev'] = mistake;
    const template = plant(path, value, stage);
    if (triedOnAllRules.has(mistake)) expect(Object.keys(violations(template, stage))).toEqual([rule]);
    else expect(rules[rule]!(template, stage)).not.toEqual([]);
  });

  it('that has no case above does not exist', () => {
    expect([...new Set(tried.map(([rule]) => rule))].toSorted()).toEqual(Object.keys(rules).toSorted());
  });

  it('table protection requires protection except in dev and local stages', () => {
    const { template } = stacks['dev']!;
    expect(rules['table protection']!(template, 'prod')).toHaveLength(2);
  });
});

it('docs/security.md says what the role of each function allows, and which private keys the function has', () => {
  const derived = roleTable(functionsOf('wrapped'), stacks['wrapped']!.template, stacks['dev']!.template);
  const stated = section(document('docs/security.md'), 'What each function can do')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').slice(1, 6))
    .map((cells) => cells.map((cell) => cell.replace(/[`–]/g, '').trim()));
  expect(stated).toEqual(derived);
});
