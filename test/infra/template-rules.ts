// What the packaged template must and must not say, as named rules: (template, stage) -> violations. They say it a second
// time on purpose: serverless.yml and its fragments grant, this file limits, and a change of one without the other fails.
// The template checker of AWS knows none of this (nor typos in IAM actions, nor numbers out of range).
import { isDeepStrictEqual } from 'node:util';

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

export interface Resource {
  Type: string;
  Properties: { [name: string]: Json };
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

export interface Template {
  Resources: Record<string, Resource>;
  Outputs: Record<string, { Value: Json; Export: { Name: Json } }>;
}

interface FunctionRule {
  /** Environment variables, apart from those that hold keys. */
  environment: string[];
  /** What it does with keys: for each, a variable by where keys are, and what it may do with them in KMS. */
  keys: (keyof typeof keys)[];
  /** Item kinds of the table -> actions. */
  table: [kinds: string[], actions: string[]][];
}

/** Where keys are -> the variable that names them; and what is allowed on those in KMS. */
const keys = {
  signing: {
    secret: 'SIGNING_KEYS',
    kms: 'SIGNING_KMS_KEYS',
    actions: ['kms:GetPublicKey', 'kms:Sign'],
    arns: ['arn:aws:kms:eu-west-1:123456789012:key/one', 'arn:aws:kms:eu-west-1:123456789012:key/two'],
  },
  handles: {
    secret: 'HANDLE_KEYS',
    kms: 'HANDLE_KMS_KEYS',
    actions: ['kms:GenerateMac'],
    arns: ['arn:aws:kms:eu-west-1:123456789012:key/mac'],
  },
};

/** The one stage whose keys are in KMS, and how it is packaged. */
export const KMS_STAGE = 'kms';
export const kmsParams = [
  'keys=kms',
  `signing-kms-keys=${keys.signing.arns.join('=PS256,')}`,
  `signing-kms-arns=${keys.signing.arns}`,
  `handle-kms-keys=${keys.handles.arns}`,
];

const originOf = (stage: string) => (stage === KMS_STAGE ? 'kms' : 'secret');

const verifier = [
  'ISSUER',
  'TABLE_NAME',
  'VERIFICATION_KEYS',
  'DECRYPTION_KEYS',
  'SEALING_KEYS',
  'CLOCK_SKEW_SECONDS',
  'ACCESS_TOKEN_MAX_LIFETIME_SECONDS',
];

const issuing = [
  'ISSUER',
  'TABLE_NAME',
  'SEALING_KEYS',
  'CLIENT_CACHE_SECONDS',
  'ACCESS_TOKEN_LIFETIME_SECONDS',
  'ACCESS_TOKEN_MAX_LIFETIME_SECONDS',
  'ID_TOKEN_LIFETIME_SECONDS',
  'REFRESH_TOKEN_LIFETIME_SECONDS',
  'REFRESH_TOKEN_IDLE_LIFETIME_SECONDS',
];

const service = ['SERVICE_NAME', 'SERVICE_LOGO_URI'];

const revoking: FunctionRule['table'][number] = [['REVOKED#*'], ['Query', 'PutItem', 'DeleteItem']];

export const functions: Record<string, FunctionRule> = {
  token: {
    environment: [...issuing, 'REFRESH_REUSE_INTERVAL_SECONDS'],
    keys: ['signing', 'handles'],
    table: [
      [['CLIENT#*', 'RESOURCE#*', 'EPOCH#*', 'GRANT#*', 'USER#*', 'USERNAME#*', 'ATTEMPTS#*'], ['GetItem']],
      [['TOKEN#*', 'GRANT#*', 'ATTEMPTS#*'], ['PutItem']],
      [['GRANT#*'], ['UpdateItem']],
      [['ATTEMPTS#*'], ['DeleteItem']],
      revoking,
    ],
  },
  authorization: {
    environment: [...issuing, ...service, 'VERIFICATION_KEYS', 'CODE_LIFETIME_SECONDS', 'SESSION_LIFETIME_SECONDS'],
    keys: ['signing', 'handles'],
    table: [
      [
        [
          'CLIENT#*',
          'RESOURCE#*',
          'EPOCH#*',
          'GRANT#*',
          'USER#*',
          'USERNAME#*',
          'ATTEMPTS#*',
          'SESSION#*',
          'CONSENT#*',
        ],
        ['GetItem'],
      ],
      [['GRANT#*', 'SESSION#*', 'ATTEMPTS#*', 'TOKEN#*', 'CONSENT#*', 'LOGOUT'], ['PutItem']],
      [['GRANT#*'], ['UpdateItem']],
      [['SESSION#*', 'ATTEMPTS#*'], ['DeleteItem']],
      [['SESSION#*'], ['Query']],
      revoking,
    ],
  },
  introspection: {
    environment: [...verifier, 'CLIENT_CACHE_SECONDS'],
    keys: ['handles'],
    table: [
      [['CLIENT#*', 'RESOURCE#*', 'TOKEN#*'], ['GetItem']],
      [['REVOKED#*'], ['Query']],
    ],
  },
  revocation: {
    environment: [...verifier, 'CLIENT_CACHE_SECONDS'],
    keys: ['handles'],
    table: [[['CLIENT#*', 'TOKEN#*', 'GRANT#*'], ['GetItem']], [['TOKEN#*', 'GRANT#*'], ['UpdateItem']], revoking],
  },
  userinfo: {
    environment: [...verifier, 'CLIENT_CACHE_SECONDS'],
    keys: ['handles'],
    table: [
      [['CLIENT#*', 'TOKEN#*', 'GRANT#*', 'USER#*'], ['GetItem']],
      [['REVOKED#*'], ['Query']],
    ],
  },
  logout: {
    environment: [
      ...service,
      'ISSUER',
      'TABLE_NAME',
      'VERIFICATION_KEYS',
      'CLIENT_CACHE_SECONDS',
      'ACCESS_TOKEN_MAX_LIFETIME_SECONDS',
    ],
    keys: ['handles'],
    table: [
      [['CLIENT#*', 'SESSION#*', 'GRANT#*'], ['GetItem']],
      [['SESSION#*'], ['Query', 'DeleteItem']],
      [['GRANT#*'], ['UpdateItem']],
      [['LOGOUT'], ['PutItem']],
      revoking,
    ],
  },
  backchannel: {
    environment: ['ISSUER', 'TABLE_NAME'],
    keys: ['signing'],
    table: [
      [['CLIENT#*'], ['GetItem']],
      [['LOGOUT'], ['Query', 'UpdateItem', 'DeleteItem']],
    ],
  },
  discovery: { environment: ['ISSUER', 'VERIFICATION_KEYS'], keys: [], table: [] },
  jwks: { environment: ['VERIFICATION_KEYS'], keys: [], table: [] },
  authorizer: {
    environment: [...verifier, 'AUDIENCE', 'REVOCATION_MAX_AGE_SECONDS', 'AUTHORIZER_RESPONSE'],
    keys: ['handles'],
    table: [
      [['TOKEN#*'], ['GetItem']],
      [['REVOKED#*'], ['Query']],
    ],
  },
  whoami: { environment: [], keys: [], table: [] },
};

/** Seconds: the gateway gives an integration 30 and an authorizer 10, and what runs by the clock ends before the next time. */
const longest: Record<string, number> = { authorizer: 9, backchannel: 60 };

const routes: Record<string, string> = {
  'ANY /token': 'token',
  'ANY /introspect': 'introspection',
  'ANY /revoke': 'revocation',
  'ANY /authorize': 'authorization',
  'ANY /userinfo': 'userinfo',
  'ANY /logout': 'logout',
  'ANY /.well-known/openid-configuration': 'discovery',
  'ANY /.well-known/oauth-authorization-server': 'discovery',
  'ANY /.well-known/oauth-authorization-server/{path+}': 'discovery',
  'ANY /.well-known/jwks.json': 'jwks',
  'GET /whoami': 'whoami',
};

/** What runs by the clock, and how often. */
const schedules: Record<string, string> = { backchannel: 'rate(1 minute)' };

const protectedRoutes = ['GET /whoami'];

/** The actions any policy here may name: what is not among them is a typo, or needs a thought. */
const knownActions = [
  'dynamodb:GetItem',
  'dynamodb:Query',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'kms:GenerateMac',
  'kms:GetPublicKey',
  'kms:Sign',
  'logs:CreateLogStream',
  'logs:PutLogEvents',
];

const keyVariables = Object.values(keys).flatMap(({ secret, kms }) => [secret, kms]);

const secrets = ['SIGNING_KEYS', 'VERIFICATION_KEYS', 'HANDLE_KEYS', 'DECRYPTION_KEYS', 'SEALING_KEYS'];

/** What the functions are given in those stages only, and elsewhere not even if the secret has it. */
const switchedOn: Record<string, readonly string[]> = { DECRYPTION_KEYS: ['prod', 'local'], SEALING_KEYS: ['local'] };

// Reading the template.

const names = Object.keys(functions);
const idOf = (name: string) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
const functionId = (name: string) => `${idOf(name)}LambdaFunction`;
const arnOf = (id: string): Json => ({ 'Fn::GetAtt': [id, 'Arn'] });
const show = (value: Json | undefined) => JSON.stringify(value) ?? 'nothing';
const same = isDeepStrictEqual;
const sorted = (list: readonly string[]) => [...list].sort();

/** The value at a path of member names, or undefined. */
function at(value: Json | Template | undefined, ...path: string[]): Json | undefined {
  let here = value as Json | undefined;
  for (const name of path) here = (here as { [name: string]: Json } | null | undefined)?.[name];
  return here;
}

const property = (template: Template, id: string, ...path: string[]) =>
  at(template, 'Resources', id, 'Properties', ...path);
const variables = (template: Template, name: string) =>
  (property(template, functionId(name), 'Environment', 'Variables') ?? {}) as Record<string, Json>;
const ofType = (template: Template, type: string) =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
const list = (value: Json | undefined): Json[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** Every text in a template, with its path. */
function* texts(value: Json, path = ''): Generator<[path: string, text: string]> {
  if (typeof value === 'string') yield [path, value];
  else if (value && typeof value === 'object')
    for (const [name, member] of Object.entries(value)) yield* texts(member, path ? `${path}.${name}` : name);
}

/** Every statement of every role. */
function statements(template: Template): { id: string; statement: Json }[] {
  return ofType(template, 'AWS::IAM::Role').flatMap(([id, { Properties }]) =>
    list(Properties['Policies']).flatMap((policy) =>
      list(at(policy, 'PolicyDocument', 'Statement')).map((statement) => ({ id, statement })),
    ),
  );
}

/** The one function that a rule of the clock calls. */
const targetOf = (template: Template, rule: string): Json => {
  const targets = list(property(template, rule, 'Targets'));
  return (targets.length === 1 ? at(targets[0], 'Arn') : undefined) ?? 'not one function';
};

const hasWildcard = (statement: Json) =>
  [...list(at(statement, 'Action')), ...list(at(statement, 'Resource'))].some((it) => show(it).includes('*'));

/** Says so when something is not what it should be. */
function differs(what: string, actual: Json | undefined, expected: Json): string[] {
  return same(actual, expected) ? [] : [`${what} is ${show(actual)}, not ${show(expected)}`];
}

const within = (what: string, value: Json | undefined, low: number, high: number) =>
  typeof value === 'number' && value >= low && value <= high
    ? []
    : [`${what} is ${show(value)}, not ${low} to ${high}`];

/** Random base64 has digits and letters of both cases; a long name lacks one of them. */
const isRandom = (text: string) => /\d/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text);

type Rule = (template: Template, stage: string) => string[];

export const rules: Record<string, Rule> = {
  functions: (template) => {
    const ids = ofType(template, 'AWS::Lambda::Function').map(([id]) => id);
    return differs('the list of functions', sorted(ids), sorted(names.map(functionId)));
  },

  handlers: (template) =>
    names.flatMap((name) =>
      differs(`handler of ${name}`, property(template, functionId(name), 'Handler'), `dist/${name}/index.handler`),
    ),

  runtime: (template) =>
    names.flatMap((name) => [
      ...differs(`runtime of ${name}`, property(template, functionId(name), 'Runtime'), 'nodejs24.x'),
      ...differs(`architecture of ${name}`, property(template, functionId(name), 'Architectures'), ['arm64']),
    ]),

  // A fault of the store is answered within 3 s, so less would cut the answer off.
  size: (template) =>
    names.flatMap((name) => [
      ...within(`memory of ${name}`, property(template, functionId(name), 'MemorySize'), 128, 1024),
      ...within(`timeout of ${name}`, property(template, functionId(name), 'Timeout'), 4, longest[name] ?? 29),
    ]),

  environment: (template) =>
    names.flatMap((name) => {
      const actual = Object.keys(variables(template, name)).filter((it) => !keyVariables.includes(it));
      return differs(
        `environment of ${name}`,
        sorted(actual),
        sorted([...(functions[name]?.environment ?? []), 'LOG_LEVEL']),
      );
    }),

  // Each function has the keys that it needs, from one place; who cannot sign has no signing key.
  keys: (template, stage) =>
    names.flatMap((name) => {
      const actual = Object.keys(variables(template, name)).filter((it) => keyVariables.includes(it));
      const expected = (functions[name]?.keys ?? []).map((use) => keys[use][originOf(stage)]);
      return differs(`variables with keys of ${name}`, sorted(actual), sorted(expected));
    }),

  'keys in KMS': (template, stage) =>
    stage === KMS_STAGE
      ? [
          ...names
            .filter((name) => functions[name]?.keys.includes('signing'))
            .flatMap((name) =>
              differs(
                `signing keys of ${name}`,
                variables(template, name)['SIGNING_KMS_KEYS'],
                keys.signing.arns.join('=PS256,'),
              ),
            ),
          ...names
            .filter((name) => functions[name]?.keys.includes('handles'))
            .flatMap((name) =>
              differs(
                `handle keys of ${name}`,
                variables(template, name)['HANDLE_KMS_KEYS'],
                String(keys.handles.arns),
              ),
            ),
        ]
      : [],

  'secrets by reference': (template, stage) =>
    names.flatMap((name) =>
      Object.entries(variables(template, name))
        .filter(([variable]) => secrets.includes(variable))
        .flatMap(([variable, value]) =>
          differs(
            `${variable} of ${name}`,
            value,
            switchedOn[variable]?.includes(stage) === false
              ? ''
              : `{{resolve:secretsmanager:latchkey/${stage}:SecretString:${variable}}}`,
          ),
        ),
    ),

  // A PEM, members of a JWK, or 32 random bytes in base64; but for the name of the artefact, which has a time in it.
  'no secrets': (template) =>
    [...texts(template as unknown as Json)]
      .filter(([path]) => !path.endsWith('.S3Key'))
      .filter(
        ([, text]) => /-----BEGIN|"(kty|d|k|p|q)"\s*:/.test(text) || (text.match(/[\w+/-]{42,}/g) ?? []).some(isRandom),
      )
      .map(([path]) => `${path} looks like a secret`),

  // CloudFormation reads secrets again only for a resource that changes.
  'secrets version': (template) =>
    names
      .filter((name) => secrets.some((secret) => secret in variables(template, name)))
      .filter((name) => !/\(secrets \S+\)$/.test(String(property(template, functionId(name), 'Description'))))
      .map((name) => `the description of ${name} does not name the version of the secrets`),

  table: (template, stage) => {
    const expected: Record<string, Json> = {
      TableName: `latchkey-${stage}`,
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: { SSEEnabled: true },
    };
    return Object.entries(expected).flatMap(([name, value]) =>
      differs(`${name} of the table`, property(template, 'Table', name), value),
    );
  },

  'table protection': (template, stage) => {
    const disposable = stage === 'dev' || stage === 'local';
    return [
      ...differs('deletion protection', property(template, 'Table', 'DeletionProtectionEnabled'), !disposable),
      ...['DeletionPolicy', 'UpdateReplacePolicy'].flatMap((policy) =>
        differs(policy, at(template, 'Resources', 'Table', policy), disposable ? 'Delete' : 'Retain'),
      ),
    ];
  },

  // The same literal on both sides, so a function runs wherever Node does.
  'table name': (template) =>
    names
      .filter((name) => 'TABLE_NAME' in variables(template, name))
      .flatMap((name) =>
        differs(
          `TABLE_NAME of ${name}`,
          variables(template, name)['TABLE_NAME'],
          property(template, 'Table', 'TableName') ?? 'nothing',
        ),
      ),

  issuer: (template) =>
    names
      .filter((name) => 'ISSUER' in variables(template, name))
      .flatMap((name) =>
        differs(
          `ISSUER of ${name}`,
          variables(template, name)['ISSUER'],
          template.Outputs['Issuer']?.Value ?? 'nothing',
        ),
      ),

  roles: (template) => [
    ...differs(
      'the list of roles',
      sorted(ofType(template, 'AWS::IAM::Role').map(([id]) => id)),
      sorted(names.map((name) => `${idOf(name)}Role`)),
    ),
    ...names.flatMap((name) =>
      differs(`role of ${name}`, property(template, functionId(name), 'Role'), arnOf(`${idOf(name)}Role`)),
    ),
  ],

  // Who may take a role on, and nothing that widens it from outside.
  trust: (template) =>
    ofType(template, 'AWS::IAM::Role').flatMap(([id, { Properties }]) => [
      ...differs(`trust of ${id}`, at(Properties, 'AssumeRolePolicyDocument', 'Statement'), [
        { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ]),
      ...Object.keys(Properties)
        .filter((name) => !['AssumeRolePolicyDocument', 'Policies'].includes(name))
        .map((name) => `${id} has ${name}`),
    ]),

  'loose policies': (template) =>
    Object.entries(template.Resources)
      .filter(([, { Type }]) => /^AWS::IAM::(?!Role$)|^AWS::Lambda::Url$/.test(Type))
      .map(([id, { Type }]) => `${id} is a ${Type}`),

  // Not even `log-group:NAME:*`: the ARN of a log group, taken with GetAtt, has that part already.
  wildcards: (template) =>
    statements(template)
      .filter(({ statement }) => hasWildcard(statement) || /"Not(Action|Resource)"/.test(show(statement)))
      .map(({ id, statement }) => `${id} grants with a wildcard: ${show(statement)}`),

  'known actions': (template) =>
    statements(template).flatMap(({ id, statement }) =>
      list(at(statement, 'Action'))
        .filter((action) => !show(action).includes('*') && !knownActions.includes(String(action)))
        .map((action) => `${id} names ${show(action)}`),
    ),

  // What each function may do: no more, no less. Wildcards and unknown actions are for the rules above.
  permissions: (template, stage) =>
    names.flatMap((name) => {
      const id = `${idOf(name)}Role`;
      const actual = statements(template)
        .filter(({ id: role, statement }) => role === id && !hasWildcard(statement))
        .map(({ statement }) => ({
          ...(statement as { [name: string]: Json }),
          Action: list(at(statement, 'Action')).filter((action) => knownActions.includes(String(action))),
        }));
      const expected = [
        {
          Effect: 'Allow',
          Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          Resource: arnOf(`${idOf(name)}LogGroup`),
        },
        ...(functions[name]?.table ?? []).map(([kinds, actions]) => ({
          Effect: 'Allow',
          Action: actions.map((action) => `dynamodb:${action}`),
          Resource: arnOf('Table'),
          Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': kinds } },
        })),
        ...(stage === KMS_STAGE ? (functions[name]?.keys ?? []) : []).map((use) => ({
          Effect: 'Allow',
          Action: keys[use].actions,
          Resource: { 'Fn::Split': [',', String(keys[use].arns)] },
        })),
      ];
      return differs(`permissions of ${name}`, actual, expected);
    }),

  // Whoever may call a function does so by way of an API of this account, or by the clock of this stack.
  'callers of functions': (template) =>
    ofType(template, 'AWS::Lambda::Permission').flatMap(([id, { Properties }]) => {
      const clock = at(Properties, 'SourceArn', 'Fn::GetAtt', '0');
      if (Properties['Principal'] === 'events.amazonaws.com' && typeof clock === 'string') {
        return differs(`function that ${clock} may call`, Properties['FunctionName'], targetOf(template, clock));
      }
      const source = show(Properties['SourceArn']);
      return [
        ...differs(`principal of ${id}`, Properties['Principal'] ?? null, 'apigateway.amazonaws.com'),
        ...differs(`action of ${id}`, Properties['Action'] ?? null, 'lambda:InvokeFunction'),
        ...(/:execute-api:.*AWS::AccountId/.test(source) ? [] : [`${id} is open to ${source}`]),
      ];
    }),

  schedules: (template) => {
    const actual = ofType(template, 'AWS::Events::Rule').map(([id, { Properties }]) => [
      show(targetOf(template, id)),
      `${Properties['State']} ${Properties['ScheduleExpression']}`,
    ]);
    const expected = Object.entries(schedules).map(([name, rate]) => [
      show(arnOf(functionId(name))),
      `ENABLED ${rate}`,
    ]);
    return differs('the list of schedules', actual.sort(), expected.sort());
  },

  'shared authorizer': (template) => [
    ...differs(
      'function of AuthorizerPermission',
      property(template, 'AuthorizerPermission', 'FunctionName'),
      arnOf(functionId('authorizer')),
    ),
    ...(show(property(template, 'AuthorizerPermission', 'SourceArn')).endsWith(':*/authorizers/*"}')
      ? []
      : ['AuthorizerPermission does not cover exactly the authorizers of other APIs']),
  ],

  routes: (template) => {
    const actual = ofType(template, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => {
      const integration = String(at(Properties, 'Target', 'Fn::Join', '1', '1', 'Ref'));
      return [String(Properties['RouteKey']), show(property(template, integration, 'IntegrationUri'))];
    });
    const expected = Object.entries(routes).map(([route, name]) => [route, show(arnOf(functionId(name)))]);
    return differs('the list of routes', actual.sort(), expected.sort());
  },

  integrations: (template) =>
    ofType(template, 'AWS::ApiGatewayV2::Integration').flatMap(([id, { Properties }]) => [
      ...differs(`payload version of ${id}`, Properties['PayloadFormatVersion'], '2.0'),
      ...differs(`type of ${id}`, Properties['IntegrationType'], 'AWS_PROXY'),
    ]),

  'route authorizers': (template) =>
    ofType(template, 'AWS::ApiGatewayV2::Route').flatMap(([id, { Properties }]) => {
      const isProtected = protectedRoutes.includes(String(Properties['RouteKey']));
      return [
        ...differs(
          `authorization of ${id}`,
          Properties['AuthorizationType'] ?? 'NONE',
          isProtected ? 'CUSTOM' : 'NONE',
        ),
        ...differs(
          `authorizer of ${id}`,
          Properties['AuthorizerId'] ?? null,
          isProtected ? { Ref: 'HttpApiAuthorizerLatchkey' } : null,
        ),
      ];
    }),

  authorizer: (template) => {
    const read = (name: string) => property(template, 'HttpApiAuthorizerLatchkey', name);
    return [
      ...differs('the number of authorizers', ofType(template, 'AWS::ApiGatewayV2::Authorizer').length, 1),
      ...differs('type of the authorizer', read('AuthorizerType'), 'REQUEST'),
      ...differs('payload version of the authorizer', read('AuthorizerPayloadFormatVersion'), '2.0'),
      ...differs('simple responses of the authorizer', read('EnableSimpleResponses'), true),
      ...differs(
        'function of the authorizer',
        at(read('AuthorizerUri'), 'Fn::Join', '1', '5'),
        arnOf(functionId('authorizer')),
      ),
    ];
  },

  // A cached simple answer is used for every request with the same values of these: the route must be one of them.
  'identity sources': (template) =>
    differs('identity sources', property(template, 'HttpApiAuthorizerLatchkey', 'IdentitySource'), [
      '$request.header.Authorization',
      '$context.routeKey',
    ]),

  // Left out, it would be 300 s, in which a revoked token goes on working.
  'cache ttl': (template) =>
    differs('cache ttl', property(template, 'HttpApiAuthorizerLatchkey', 'AuthorizerResultTtlInSeconds'), 0),

  // Also: each group is the one its function writes to; Lambda would make any other itself, and keep it for ever.
  'log retention': (template) => [
    ...ofType(template, 'AWS::Logs::LogGroup').flatMap(([id, { Properties }]) =>
      within(`retention of ${id}`, Properties['RetentionInDays'], 1, 400),
    ),
    ...names.flatMap((name) =>
      differs(
        `log group of ${name}`,
        property(template, `${idOf(name)}LogGroup`, 'LogGroupName'),
        `/aws/lambda/${property(template, functionId(name), 'FunctionName')}`,
      ),
    ),
  ],

  'access log': (template) => {
    const format = String(property(template, 'HttpApiStage', 'AccessLogSettings', 'Format'));
    const allowed =
      /^\$context\.(requestTime|requestId|identity\.sourceIp|routeKey|status|responseLatency|error\.responseType|integrationErrorMessage|authorizer\.error)$/;
    const variables = format.match(/\$[\w.]+/g) ?? [];
    return [
      ...(variables.length > 0 ? [] : ['there is no access log']),
      ...variables.filter((it) => !allowed.test(it)).map((it) => `the access log has ${it}`),
    ];
  },

  throttling: (template) =>
    ['ThrottlingRateLimit', 'ThrottlingBurstLimit'].flatMap((limit) =>
      within(limit, property(template, 'HttpApiStage', 'DefaultRouteSettings', limit), 1, 10_000),
    ),

  outputs: (template, stage) => {
    const expected: Record<string, [value: Json | undefined, name: string]> = {
      AuthorizerArn: [arnOf(functionId('authorizer')), 'authorizer-arn'],
      Issuer: [template.Outputs['Issuer']?.Value, 'issuer'],
      TableName: [{ Ref: 'Table' }, 'table-name'],
      HttpApiId: [{ Ref: 'HttpApi' }, 'http-api-id'],
    };
    return Object.entries(expected).flatMap(([output, [value, name]]) => [
      ...differs(`output ${output}`, template.Outputs[output]?.Value, value ?? 'something'),
      ...differs(`export of ${output}`, template.Outputs[output]?.Export.Name, `latchkey-${stage}-${name}`),
    ]);
  },

  'machine paths': (template) =>
    [...texts(template as unknown as Json)]
      .filter(([, text]) => /(^|[^\w])\/(home|root|tmp|Users|work|var\/folders)\/|[A-Z]:\\|^file:/.test(text))
      .map(([path, text]) => `${path} has a path of the machine that packaged it: ${text}`),
};
