// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how Fn::Sub looks
import { describe, expect, it, test } from 'vitest';
import { readTemplate } from '../../infra/local/template.ts';
import { template } from './gateway-fixtures.ts';

const secrets = { 'latchkey/local': { HANDLE_KEYS: 'c2VjcmV0' } };

/** What a variable of a function gets from `value`, in a template that has a table and a parameter too. */
function variable(value: unknown): string | undefined {
  const described = template({ functions: { token: { environment: { VALUE: value } } } });
  const Resources = {
    ...described.Resources,
    Table: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'latchkey-local' } },
    Key: { Type: 'AWS::KMS::Key', Properties: {} },
  };
  const Parameters = { Colour: { Type: 'String', Default: 'green' }, NoDefault: { Type: 'String' } };
  return readTemplate(JSON.stringify({ Parameters, Resources }), secrets).functions.get('token')?.environment['VALUE'];
}

describe('The local stack resolves an environment variable of the template:', () => {
  test.each<[string, unknown, string | undefined]>([
    ['text', 'plain', 'plain'],
    ['a number', 30, '30'],
    ['a boolean', true, 'true'],
    ['Ref to a resource', { Ref: 'Table' }, 'latchkey-local'],
    ['Ref to a resource without a name of its own', { Ref: 'Key' }, 'Key'],
    ['Ref to a function', { Ref: 'token' }, 'test-token'],
    ['Ref to a parameter', { Ref: 'Colour' }, 'green'],
    ['Ref to a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['Ref to AWS::NoValue', { Ref: 'AWS::NoValue' }, undefined],
    [
      'Fn::GetAtt as a list',
      { 'Fn::GetAtt': ['Table', 'Arn'] },
      'arn:aws:dynamodb:us-east-1:123456789012:table/latchkey-local',
    ],
    ['Fn::GetAtt as text', { 'Fn::GetAtt': 'token.Arn' }, 'arn:aws:lambda:us-east-1:123456789012:function:test-token'],
    [
      'Fn::Sub',
      { 'Fn::Sub': 'https://${HttpApi}.${AWS::Region}.${AWS::URLSuffix}' },
      'https://local.us-east-1.amazonaws.com',
    ],
    [
      'Fn::Sub with an attribute',
      { 'Fn::Sub': '${Table.Arn}/*' },
      'arn:aws:dynamodb:us-east-1:123456789012:table/latchkey-local/*',
    ],
    ['Fn::Sub with variables', { 'Fn::Sub': ['${a}-${Colour}', { a: { Ref: 'Table' } }] }, 'latchkey-local-green'],
    ['Fn::Sub with a literal', { 'Fn::Sub': '${!Colour}' }, '${Colour}'],
    ['Fn::Join', { 'Fn::Join': ['/', ['a', { Ref: 'Colour' }]] }, 'a/green'],
    ['Fn::Select of Fn::Split', { 'Fn::Select': [1, { 'Fn::Split': ['-', { Ref: 'Table' }] }] }, 'local'],
    ['a dynamic reference', '{{resolve:secretsmanager:latchkey/local:SecretString:HANDLE_KEYS}}', 'c2VjcmV0'],
    [
      'a dynamic reference within text',
      'a,{{resolve:secretsmanager:latchkey/local:SecretString:HANDLE_KEYS::}}',
      'a,c2VjcmV0',
    ],
    [
      'a dynamic reference within Fn::Sub',
      { 'Fn::Sub': '{{resolve:secretsmanager:latchkey/local:SecretString:HANDLE_KEYS}}' },
      'c2VjcmV0',
    ],
    ['text that looks like a number', '007', '007'],
  ])('%s', (_, value, expected) => {
    expect(variable(value)).toBe(expected);
  });
});

describe('A value that cannot be resolved is reported in one line with its place:', () => {
  const place = 'token.Environment.Variables.VALUE';
  test.each<[string, unknown, string]>([
    ['Ref to nothing', { Ref: 'Nothing' }, `${place}: cannot resolve Ref Nothing locally`],
    ['Ref to a parameter without default', { Ref: 'NoDefault' }, `${place}: cannot resolve Ref NoDefault locally`],
    [
      'Fn::GetAtt of nothing',
      { 'Fn::GetAtt': ['Nothing', 'Arn'] },
      `${place}: cannot resolve Fn::GetAtt Nothing.Arn locally`,
    ],
    [
      'Fn::GetAtt of an unknown attribute',
      { 'Fn::GetAtt': ['Table', 'StreamArn'] },
      `${place}: cannot resolve Fn::GetAtt Table.StreamArn locally`,
    ],
    ['Fn::Sub of nothing', { 'Fn::Sub': 'a${Nothing}' }, `${place}: cannot resolve \${Nothing} of Fn::Sub locally`],
    ['Fn::Select beyond the end', { 'Fn::Select': [7, ['a']] }, `${place}: cannot resolve Fn::Select 7 locally`],
    ['Fn::Join of a non-list', { 'Fn::Join': ['', { Ref: 'Colour' }] }, `${place}: Fn::Join needs a list`],
    ['Fn::ImportValue', { 'Fn::ImportValue': 'x' }, `${place}: cannot resolve Fn::ImportValue locally`],
    ['Fn::If', { 'Fn::If': ['A', 'b', 'c'] }, `${place}: cannot resolve Fn::If locally`],
    [
      'an unknown key of a secret',
      '{{resolve:secretsmanager:latchkey/local:SecretString:NOPE}}',
      `${place}: the local secret latchkey/local has no NOPE`,
    ],
    [
      'an unknown secret',
      '{{resolve:secretsmanager:other:SecretString:NOPE}}',
      `${place}: the local secret other has no NOPE`,
    ],
    ['a dynamic reference elsewhere', '{{resolve:ssm:a}}', `${place}: cannot resolve {{resolve:ssm:a}} locally`],
    ['a list', ['a'], `${place}: is not a string`],
  ])('%s', (_, value, message) => {
    expect(() => variable(value)).toThrow(expect.objectContaining({ name: 'Problem', message }));
  });
});

describe('A template is refused with', () => {
  const whole = {
    functions: { token: {}, authorizer: {} },
    routes: { 'GET /a': ['token', 'Auth'] as [string, string] },
    authorizers: { Auth: { function: 'authorizer' } },
  };
  test.each<[string, string, string, unknown, string]>([
    [
      'payload 1.0',
      'tokenIntegration',
      'PayloadFormatVersion',
      '1.0',
      'tokenIntegration.PayloadFormatVersion: is 1.0; only 2.0 is imitated',
    ],
    [
      'another integration',
      'tokenIntegration',
      'IntegrationType',
      'HTTP_PROXY',
      'tokenIntegration.IntegrationType: is HTTP_PROXY; only AWS_PROXY is imitated',
    ],
    [
      'an unknown function',
      'tokenIntegration',
      'IntegrationUri',
      'arn:x',
      'tokenIntegration.IntegrationUri: does not name a function of this template',
    ],
    ['a JWT authorizer', 'Auth', 'AuthorizerType', 'JWT', 'Auth.AuthorizerType: is JWT; only REQUEST is imitated'],
    [
      'an authorizer with payload 1.0',
      'Auth',
      'AuthorizerPayloadFormatVersion',
      '1.0',
      'Auth.AuthorizerPayloadFormatVersion: is 1.0; only 2.0 is imitated',
    ],
    [
      'a misspelt identity source',
      'Auth',
      'IdentitySource',
      ['$request.headers.Authorization'],
      'Auth.IdentitySource: $request.headers.Authorization is not imitated',
    ],
    [
      'an unusable TTL',
      'Auth',
      'AuthorizerResultTtlInSeconds',
      'soon',
      'Auth.AuthorizerResultTtlInSeconds: is not a whole number',
    ],
    ['a named stage', 'HttpApiStage', 'StageName', 'v1', 'HttpApiStage.StageName: is v1; only $default is imitated'],
    [
      'IAM authorization',
      'Route0',
      'AuthorizationType',
      'AWS_IAM',
      'Route0.AuthorizationType: AWS_IAM is not imitated',
    ],
    [
      'a route to nowhere',
      'Route0',
      'Target',
      'integrations/Nothing',
      'Route0.Target: does not name an integration of this template',
    ],
  ])('%s', (_, logicalId, property, value, message) => {
    const planted = template(whole);
    expect(() => readTemplate(JSON.stringify(planted))).not.toThrow();
    const { Properties } = planted.Resources[logicalId] ?? {};
    Object.assign(Properties ?? {}, { [property]: value });
    expect(() => readTemplate(JSON.stringify(planted))).toThrow(expect.objectContaining({ name: 'Problem', message }));
  });

  it('text that is not JSON', () => {
    expect(() => readTemplate('{')).toThrow(/^the packaged template is not JSON: [^\n]*$/);
  });
});

it('A template is read into functions, routes, authorizers and the table', () => {
  const described = template({
    functions: { token: { timeout: 5, environment: { A: 'b' } }, authorizer: {} },
    routes: { 'ANY /token': 'token', 'GET /whoami': ['token', 'Auth'] },
    authorizers: { Auth: { function: 'authorizer', ttl: 60, simple: false } },
  });
  const table = {
    Type: 'AWS::DynamoDB::Table',
    Properties: { TableName: { 'Fn::Sub': 'latchkey-${AWS::Region}' }, KeySchema: [] },
  };
  const stack = readTemplate(JSON.stringify({ Resources: { ...described.Resources, Table: table } }));
  expect(stack.functions.get('token')).toEqual({
    logicalId: 'token',
    name: 'test-token',
    arn: 'arn:aws:lambda:us-east-1:123456789012:function:test-token',
    handler: 'dist/token/index.handler',
    timeout: 5,
    memory: 256,
    environment: { A: 'b' },
  });
  expect(stack.routes).toEqual([
    { key: 'ANY /token', function: 'token', timeout: 30_000 },
    {
      key: 'GET /whoami',
      function: 'token',
      timeout: 30_000,
      authorizer: {
        logicalId: 'Auth',
        function: 'authorizer',
        identitySources: ['$request.header.Authorization'],
        ttl: 60,
        simpleResponses: false,
      },
    },
  ]);
  expect(stack.table).toEqual({
    tableName: 'latchkey-us-east-1',
    properties: { TableName: 'latchkey-us-east-1', KeySchema: [] },
  });
});

describe('A schedule in the template', () => {
  const arn = { 'Fn::GetAtt': ['token', 'Arn'] };
  const read = (Properties: Record<string, unknown>) => {
    const { Resources } = template({ functions: { token: {}, other: {} }, routes: { 'ANY /token': 'token' } });
    const Clock = { Type: 'AWS::Events::Rule', Properties };
    return readTemplate(JSON.stringify({ Resources: { ...Resources, Clock } })).schedules;
  };
  const rate = { ScheduleExpression: 'rate(1 minute)' };

  it('is read as the logical id of its function', () => {
    expect(read({ ...rate, Targets: [{ Id: 'a', Arn: arn }] })).toEqual(['token']);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['events', { EventPattern: {}, Targets: [{ Arn: arn }] }, 'Clock.EventPattern: is not imitated'],
    [
      'two targets',
      { ...rate, Targets: [{ Arn: arn }, { Arn: arn }] },
      'Clock.Targets: has more than one target; only one is imitated',
    ],
    ['no target', { ...rate, Targets: [] }, 'Clock.Targets: does not name a function of this template'],
  ])('is refused with %s', (_, properties, message) => {
    expect(() => read(properties)).toThrow(expect.objectContaining({ name: 'Problem', message }));
  });
});
