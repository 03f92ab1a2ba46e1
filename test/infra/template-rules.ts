// What the packaged template must and must not say, as named rules: (template, stage) -> violations. They say it a second
// time on purpose: serverless.yml and its fragments grant, this file limits, and a change of one without the other fails.
// The template checker of AWS knows none of this (nor typos in IAM actions, nor numbers out of range).
import { isDeepStrictEqual } from 'node:util';
import { clientAttributesWithoutSecrets } from '../../lib/store/client.ts';
import { givenAccessAttributes } from '../../lib/store/grant.ts';
import { resourceServerAttributesWithoutSecrets } from '../../lib/store/resource-server.ts';
import { userClaimsAttributes } from '../../lib/store/user.ts';

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

export interface Resource {
  Type: string;
  Properties: { [name: string]: Json };
  DependsOn?: Json;
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
  /** With the key registry: more of them, for what is published is read from the table, and not from VERIFICATION_KEYS. */
  registry?: string[];
  /** Only with the key registry. */
  manages?: true;
  /** What it does with keys: for each, a variable by where keys are, and what it may do with them in KMS. */
  keys: Use[];
  /** Bundles that are loaded later than its own. */
  later?: string[];
  /** Item kinds of the table -> actions. */
  table: Access[];
}

/** With a list of attributes, requests may mention no others. */
type Access = [kinds: string[], actions: string[], attributes?: readonly string[], answer?: 'NONE' | 'ALL_NEW'];

type Origin = 'secret' | 'kms' | 'wrapped';

const arn = (key: string) => `arn:aws:kms:eu-west-1:123456789012:key/${key}`;

interface KeyUse {
  /** The variables that name the keys, or say what new ones are like, by where keys are. */
  variables: Record<Origin, string[]>;
  /** What is allowed on the keys in KMS. */
  actions: Partial<Record<Origin, string[]>>;
  arns: string[];
}

/** Minting or verifying handles. */
const handleKeys = (secret: string[], inKms: string, arns: string[]) => ({
  variables: { secret, kms: [inKms], wrapped: [inKms] },
  actions: { kms: ['kms:GenerateMac'], wrapped: ['kms:GenerateMac'] },
  arns: arns.map(arn),
});

/** What is done with keys. */
const keys = {
  signing: {
    variables: { secret: ['SIGNING_KEYS'], kms: ['SIGNING_KMS_KEYS'], wrapped: [] },
    actions: { kms: ['kms:GetPublicKey', 'kms:Sign'], wrapped: ['kms:Decrypt'] },
    arns: [arn('one'), arn('two')],
  },
  references: handleKeys(['REFERENCE_TOKEN_KEYS'], 'REFERENCE_TOKEN_KMS_KEYS', ['reference-one', 'reference-two']),
  grants: handleKeys(['CODE_KEYS', 'REFRESH_TOKEN_KEYS'], 'GRANT_KMS_KEYS', ['grant']),
  codes: handleKeys(['CODE_KEYS'], 'GRANT_KMS_KEYS', ['grant']),
  refreshes: handleKeys(['REFRESH_TOKEN_KEYS'], 'GRANT_KMS_KEYS', ['grant']),
  sessions: handleKeys(['SESSION_KEYS', 'PAGE_KEYS'], 'SESSION_KMS_KEYS', ['session']),
  /** Verifying handles of version 0.1.0. */
  previous: handleKeys(['HANDLE_KEYS'], 'HANDLE_KMS_KEYS', ['mac']),
  making: {
    variables: { secret: [], kms: [], wrapped: ['WRAPPING_KMS_KEY', 'NEW_KEY_ALGORITHM'] },
    actions: { wrapped: ['kms:GenerateDataKeyPairWithoutPlaintext'] },
    arns: [],
  },
  /** Signing the key registry. */
  managing: {
    variables: { secret: ['REGISTRY_SIGNING_KEY'], kms: ['REGISTRY_KMS_KEY'], wrapped: ['REGISTRY_KMS_KEY'] },
    actions: { kms: ['kms:Sign'], wrapped: ['kms:Sign'] },
    arns: [arn('registry')],
  },
} satisfies Record<string, KeyUse>;

const WRAPPING_KEY = arn('wrapping');

type Use = keyof typeof keys;

/** Of handles of each kind or group. */
const handleUses: readonly Use[] = ['references', 'grants', 'codes', 'refreshes', 'sessions'];

interface Setup {
  origin: Origin;
  /** Whether handles of version 0.1.0 are accepted. */
  previous?: true;
  registry: boolean;
  parameters: Readonly<Record<string, string>>;
}

const STATIC: Setup = { origin: 'secret', registry: false, parameters: {} };
const handleArns = {
  'reference-token-kms-keys': String(keys.references.arns),
  'grant-kms-keys': String(keys.grants.arns),
  'session-kms-keys': String(keys.sessions.arns),
};
const previous = { 'previous-handle-keys': 'on' };
const registryKey = {
  'registry-kms-key': String(keys.managing.arns),
  'registry-keys': Buffer.alloc(32, 1).toString('base64url'),
};
const wrapped = { keys: 'wrapped', 'wrapping-kms-key': WRAPPING_KEY, ...handleArns, ...registryKey };
const signingArns = { 'signing-kms-arns': String(keys.signing.arns) };

/** The stages whose keys are elsewhere than in the secret, or known by the registry, and how each is packaged. */
export const setups: Record<string, Setup> = {
  registry: { ...STATIC, registry: true, parameters: { 'key-registry': 'on' } },
  previous: {
    ...STATIC,
    previous: true,
    parameters: { ...previous, 'encrypted-tokens': 'on', 'sealed-tokens': 'on' },
  },
  kms: {
    ...STATIC,
    origin: 'kms',
    parameters: {
      keys: 'kms',
      'signing-kms-keys': keys.signing.arns.join('=PS256,'),
      ...signingArns,
      ...handleArns,
    },
  },
  'kms-registry': {
    ...STATIC,
    origin: 'kms',
    registry: true,
    parameters: { keys: 'kms', 'key-registry': 'on', ...signingArns, ...handleArns, ...registryKey },
  },
  wrapped: {
    origin: 'wrapped',
    registry: true,
    previous: true,
    parameters: { ...wrapped, ...previous, 'handle-kms-keys': String(keys.previous.arns), rotation: 'on' },
  },
  'wrapped-by-hand': { origin: 'wrapped', registry: true, parameters: wrapped },
};

const setupOf = (stage: string) => setups[stage] ?? STATIC;

/** The uses that a function makes of keys. */
function usesOf(name: string, setup: Setup): Use[] {
  const uses = functions[name]?.keys ?? [];
  return setup.previous && uses.some((use) => handleUses.includes(use)) ? [...uses, 'previous'] : uses;
}

/** The variables by which a function knows its keys: those in KMS that the registry names are in none. */
const keyVariablesOf = (name: string, setup: Setup) =>
  usesOf(name, setup).flatMap((use) =>
    use === 'signing' && setup.origin === 'kms' && setup.registry ? [] : keys[use].variables[setup.origin],
  );

/** Of functions that read the key registry. */
const reading = ['KEY_REGISTRY', 'REGISTRY_KEYS', 'REGISTRY_MAX_AGE_SECONDS'];

const verifier = [
  'ISSUER',
  'TABLE_NAME',
  'VERIFICATION_KEYS',
  'DECRYPTION_KEYS',
  'SEALING_KEYS',
  'CLOCK_SKEW_SECONDS',
  'ACCESS_TOKEN_MAX_LIFETIME_SECONDS',
];

const bundles = ['jwe-cipher.cjs'];

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

const revoking: Access = [['REVOKED#*'], ['Query', 'UpdateItem']];
const readingClients: Access = [['CLIENT#*'], ['GetItem'], clientAttributesWithoutSecrets];
const readingResourceServers: Access = [['RESOURCE#*'], ['GetItem'], resourceServerAttributesWithoutSecrets];

export const functions: Record<string, FunctionRule> = {
  token: {
    environment: [...issuing, 'REFRESH_REUSE_INTERVAL_SECONDS'],
    registry: reading,
    keys: ['signing', 'references', 'grants'],
    later: bundles,
    table: [
      [['SCHEMA', 'CLIENT#*', 'EPOCH#*', 'GRANT#*', 'USER#*', 'USERNAME#*', 'ATTEMPTS#*'], ['GetItem']],
      readingResourceServers,
      [['TOKEN#*', 'GRANT#*', 'ATTEMPTS#*'], ['PutItem']],
      [['GRANT#*'], ['UpdateItem']],
      [['ATTEMPTS#*'], ['DeleteItem']],
      revoking,
    ],
  },
  authorization: {
    environment: [...issuing, ...service, 'VERIFICATION_KEYS', 'CODE_LIFETIME_SECONDS', 'SESSION_LIFETIME_SECONDS'],
    registry: reading,
    keys: ['signing', 'references', 'codes', 'sessions'],
    later: bundles,
    table: [
      [['SCHEMA', 'EPOCH#*', 'GRANT#*', 'USER#*', 'USERNAME#*', 'ATTEMPTS#*', 'SESSION#*', 'CONSENT#*'], ['GetItem']],
      readingClients,
      readingResourceServers,
      [['GRANT#*', 'SESSION#*', 'ATTEMPTS#*', 'TOKEN#*', 'CONSENT#*', 'SIGNED_OUT', 'EPOCH#session#*'], ['PutItem']],
      [['GRANT#*', 'SESSION#*'], ['UpdateItem']],
      [['SESSION#*', 'ATTEMPTS#*'], ['DeleteItem']],
      [['SESSION#*'], ['Query']],
      revoking,
    ],
  },
  introspection: {
    environment: [...verifier, 'CLIENT_CACHE_SECONDS'],
    registry: reading,
    keys: ['references', 'refreshes'],
    later: bundles,
    table: [
      [['SCHEMA', 'CLIENT#*', 'RESOURCE#*', 'TOKEN#*', 'GRANT#*', 'EPOCH#*', 'ATTEMPTS#*'], ['GetItem']],
      [['ATTEMPTS#*'], ['PutItem']],
      [['REVOKED#*'], ['Query']],
    ],
  },
  revocation: {
    environment: [...verifier, 'CLIENT_CACHE_SECONDS'],
    registry: reading,
    keys: ['references', 'refreshes'],
    later: bundles,
    table: [
      [['SCHEMA', 'CLIENT#*', 'TOKEN#*', 'GRANT#*', 'ATTEMPTS#*'], ['GetItem']],
      [['ATTEMPTS#*'], ['PutItem']],
      [['GRANT#*'], ['UpdateItem'], ['client_id', 'state', 'revoked_at', 'transition'], 'ALL_NEW'],
      [['TOKEN#*'], ['UpdateItem'], ['client_id', 'expires_at', 'revoked_at']],
      revoking,
    ],
  },
  userinfo: {
    environment: [...verifier, 'CLIENT_CACHE_SECONDS'],
    registry: reading,
    keys: ['references'],
    later: bundles,
    table: [
      [['SCHEMA', 'TOKEN#*'], ['GetItem']],
      readingClients,
      [['GRANT#*'], ['GetItem'], givenAccessAttributes],
      [['USER#*'], ['GetItem'], userClaimsAttributes],
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
    registry: reading,
    keys: ['sessions'],
    table: [
      [['SCHEMA', 'SESSION#*', 'GRANT#*', 'EPOCH#session#*'], ['GetItem']],
      readingClients,
      [['SESSION#*'], ['Query', 'DeleteItem']],
      [['GRANT#*'], ['UpdateItem'], ['grant_id', 'state', 'revoked_at', 'transition'], 'ALL_NEW'],
      [['SIGNED_OUT', 'EPOCH#session#*'], ['PutItem']],
      revoking,
    ],
  },
  backchannel: {
    environment: ['ISSUER', 'TABLE_NAME'],
    registry: reading,
    keys: ['signing'],
    table: [
      [['SCHEMA'], ['GetItem']],
      readingClients,
      [['SIGNED_OUT', 'SESSION#*', 'LOGOUT#*', 'RECEIVERS', 'LOGOUT'], ['Query']],
      [['LOGOUT#*'], ['PutItem']],
      [['RECEIVERS', 'LEASE#*'], ['UpdateItem']],
      [['SIGNED_OUT', 'SESSION#*', 'LOGOUT#*', 'RECEIVERS', 'LOGOUT'], ['DeleteItem']],
    ],
  },
  discovery: {
    environment: ['ISSUER', 'VERIFICATION_KEYS'],
    registry: [...reading, 'TABLE_NAME', 'JWKS_CACHE_SECONDS'],
    keys: [],
    later: ['aws-client.cjs'],
    table: [],
  },
  jwks: {
    environment: ['VERIFICATION_KEYS'],
    registry: [...reading, 'ISSUER', 'TABLE_NAME', 'JWKS_CACHE_SECONDS'],
    keys: [],
    later: ['aws-client.cjs'],
    table: [],
  },
  health: {
    environment: ['ISSUER', 'TABLE_NAME', 'VERIFICATION_KEYS'],
    registry: reading,
    keys: [],
    later: ['aws-client.cjs'],
    table: [[['SCHEMA'], ['GetItem']]],
  },
  authorizer: {
    environment: [
      ...verifier,
      'AUDIENCE',
      'GROUPS_CLAIM',
      'ROLES_CLAIM',
      'REVOCATION_MAX_AGE_SECONDS',
      'AUTHORIZER_RESPONSE',
    ],
    registry: reading,
    keys: ['references'],
    later: bundles,
    table: [
      [['SCHEMA', 'TOKEN#*'], ['GetItem']],
      [['REVOKED#*'], ['Query']],
    ],
  },
  whoami: { environment: [], keys: [], table: [] },
  rotation: {
    environment: [
      'ISSUER',
      'TABLE_NAME',
      'REGISTRY_KEYS',
      'REGISTRY_MAX_AGE_SECONDS',
      'JWKS_CACHE_SECONDS',
      'KEY_ROTATION',
      'KEY_ROTATION_SECONDS',
      'ACCESS_TOKEN_MAX_LIFETIME_SECONDS',
      'ID_TOKEN_LIFETIME_SECONDS',
    ],
    manages: true,
    keys: ['making', 'managing'],
    table: [
      [['SCHEMA', 'KEYS'], ['GetItem']],
      [['REVOKED#*'], ['Query']],
      [['KEYS'], ['PutItem']],
    ],
  },
};

/** The functions of a stage. */
export const functionsOf = (stage: string) =>
  Object.keys(functions).filter((name) => setupOf(stage).registry || !functions[name]?.manages);

/** Seconds: the gateway gives an integration 30 and an authorizer 10, and what runs by the clock ends before the next time. */
const longest: Record<string, number> = { authorizer: 9, backchannel: 60, rotation: 60 };

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
  'ANY /health': 'health',
  'GET /whoami': 'whoami',
};

/** What runs by the clock, and how often. */
const schedules: Record<string, string> = { backchannel: 'rate(1 minute)', rotation: 'rate(1 hour)' };

const protectedRoutes = ['GET /whoami'];

/** The actions that policies may name. Any other is a typo, or has to be added here deliberately. */
const knownActions = [
  'dynamodb:GetItem',
  'dynamodb:Query',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'kms:Decrypt',
  'kms:GenerateDataKeyPairWithoutPlaintext',
  'kms:GenerateMac',
  'kms:GetPublicKey',
  'kms:Sign',
  'logs:CreateLogStream',
  'logs:PutLogEvents',
];

const keyVariables = Object.values(keys).flatMap(({ variables }) => Object.values(variables).flat());

const secrets = [
  'SIGNING_KEYS',
  'VERIFICATION_KEYS',
  ...[...handleUses, 'previous' as const].flatMap((use) => keys[use].variables.secret),
  'DECRYPTION_KEYS',
  'SEALING_KEYS',
  'REGISTRY_SIGNING_KEY',
];

/** Variables that functions have in these stages only, even if the secret contains them in others. */
const switchedOn: Record<string, readonly string[]> = {
  DECRYPTION_KEYS: ['prod', 'local', 'wrapped', 'previous'],
  SEALING_KEYS: ['local', 'previous'],
};

// Reading the template.

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

/** The resources that a value refers to by `Ref`, `Fn::GetAtt` or `Fn::Sub`. */
function* references(value: Json): Generator<string> {
  if (Array.isArray(value)) for (const member of value) yield* references(member);
  else if (value && typeof value === 'object')
    for (const [name, member] of Object.entries(value)) {
      if (name === 'Ref') yield String(member);
      if (name === 'Fn::GetAtt') yield String(list(member)[0]).split('.')[0] ?? '';
      if (name === 'Fn::Sub')
        for (const [, id = ''] of String(list(member)[0]).matchAll(/\$\{([^.!}]+)[^}]*\}/g)) yield id;
      yield* references(member);
    }
}

/** The resources that a resource depends on, directly or indirectly. */
function madeBefore(template: Template, id: string, found = new Set<string>()): Set<string> {
  const resource = template.Resources[id];
  if (!resource) return found;
  for (const needed of [...references(resource.Properties), ...list(resource.DependsOn).map(String)]) {
    if (!(needed in template.Resources) || found.has(needed)) continue;
    found.add(needed);
    madeBefore(template, needed, found);
  }
  return found;
}

/** Random base64 has digits and letters of both cases; a long name lacks one of them. */
const isRandom = (text: string) => /\d/.test(text) && /[a-z]/.test(text) && /[A-Z]/.test(text);

/** The table by its name: a reference would have the table made first. */
const tableArn = (template: Template): Json => ({
  'Fn::Sub': `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/${property(template, 'Table', 'TableName')}`,
});

/** The right to do something with items of some kinds. */
const onItems = (template: Template, ...[kinds, actions, attributes, answer = 'NONE']: Access) => ({
  Effect: 'Allow',
  Action: actions.map((action) => `dynamodb:${action}`),
  Resource: tableArn(template),
  Condition: {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': kinds },
    ...(attributes && {
      'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', ...attributes] },
      // Without it, a request that names no attributes would be allowed, and answered with all of them.
      StringEquals: actions.includes('GetItem')
        ? { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' }
        : { 'dynamodb:ReturnValues': answer },
    }),
  },
});

/** The rights that a use of keys needs. What a key wraps may be used as a signing key of this issuer only. */
function onKeys(use: Use, template: Template, { origin }: Setup): Json[] {
  const { actions, arns }: KeyUse = keys[use];
  const Action = actions[origin];
  if (!Action) return [];
  if (use === 'managing') return [{ Effect: 'Allow', Action, Resource: String(arns) }];
  if (origin !== 'wrapped' || use === 'previous' || handleUses.includes(use)) {
    return [{ Effect: 'Allow', Action, Resource: { 'Fn::Split': [',', String(arns)] } }];
  }
  const context = {
    'kms:EncryptionContext:latchkey': 'signing key',
    'kms:EncryptionContext:issuer': template.Outputs['Issuer']?.Value ?? 'nothing',
  };
  return [{ Effect: 'Allow', Action, Resource: WRAPPING_KEY, Condition: { StringEquals: context } }];
}

/** What a function that reads the key registry reads with it: the schema too, if it reads nothing else. */
export const registryKinds = (name: string) => (functions[name]?.table.length === 0 ? ['SCHEMA', 'KEYS'] : ['KEYS']);

/** The parameter `keep-signed-in` sets a variable only where it is given: `stages.ts` gives it to these. */
const withKeepSignedIn = ['prod', 'wrapped'];

type Rule = (template: Template, stage: string) => string[];

export const rules: Record<string, Rule> = {
  functions: (template, stage) => {
    const ids = ofType(template, 'AWS::Lambda::Function').map(([id]) => id);
    return differs('the list of functions', sorted(ids), sorted(functionsOf(stage).map(functionId)));
  },

  handlers: (template, stage) =>
    functionsOf(stage).flatMap((name) =>
      differs(`handler of ${name}`, property(template, functionId(name), 'Handler'), `dist/${name}/index.handler`),
    ),

  runtime: (template, stage) =>
    functionsOf(stage).flatMap((name) => [
      ...differs(`runtime of ${name}`, property(template, functionId(name), 'Runtime'), 'nodejs24.x'),
      ...differs(`architecture of ${name}`, property(template, functionId(name), 'Architectures'), ['arm64']),
    ]),

  // A fault of the store is answered within 3 s, so less would cut the answer off.
  size: (template, stage) =>
    functionsOf(stage).flatMap((name) => [
      ...within(`memory of ${name}`, property(template, functionId(name), 'MemorySize'), 128, 1024),
      ...within(`timeout of ${name}`, property(template, functionId(name), 'Timeout'), 4, longest[name] ?? 29),
    ]),

  environment: (template, stage) =>
    functionsOf(stage).flatMap((name) => {
      const actual = Object.keys(variables(template, name)).filter((it) => !keyVariables.includes(it));
      const { environment = [], registry = [] } = functions[name] ?? {};
      const expected = setupOf(stage).registry
        ? [...environment.filter((it) => it !== 'VERIFICATION_KEYS'), ...registry]
        : environment;
      const chosen = name === 'authorization' && withKeepSignedIn.includes(stage) ? ['KEEP_SIGNED_IN_SECONDS'] : [];
      const all = [...expected, ...chosen, 'LOG_LEVEL', 'URL_SUFFIX'];
      return differs(`environment of ${name}`, sorted(actual), sorted(all));
    }),

  // Each function has the keys that it needs, from one place; who cannot sign has no signing key.
  keys: (template, stage) =>
    functionsOf(stage).flatMap((name) => {
      const actual = Object.keys(variables(template, name)).filter((it) => keyVariables.includes(it));
      const expected = keyVariablesOf(name, setupOf(stage));
      return differs(`variables with keys of ${name}`, sorted(actual), sorted(expected));
    }),

  'keys in KMS': (template, stage) => {
    const expected: Record<string, string> = {
      SIGNING_KMS_KEYS: keys.signing.arns.join('=PS256,'),
      WRAPPING_KMS_KEY: WRAPPING_KEY,
      REGISTRY_KMS_KEY: String(keys.managing.arns),
      REFERENCE_TOKEN_KMS_KEYS: String(keys.references.arns),
      GRANT_KMS_KEYS: String(keys.grants.arns),
      SESSION_KMS_KEYS: String(keys.sessions.arns),
      HANDLE_KMS_KEYS: String(keys.previous.arns),
    };
    return functionsOf(stage).flatMap((name) =>
      Object.entries(variables(template, name))
        .filter(([variable]) => variable in expected && keyVariablesOf(name, setupOf(stage)).includes(variable))
        .flatMap(([variable, value]) => differs(`${variable} of ${name}`, value, expected[variable] ?? '')),
    );
  },

  // Functions that read the registry have this variable; nothing else selects the source of keys.
  registry: (template, stage) =>
    functionsOf(stage)
      .filter((name) => 'KEY_REGISTRY' in variables(template, name))
      .flatMap((name) => differs(`KEY_REGISTRY of ${name}`, variables(template, name)['KEY_REGISTRY'], 'on')),

  // A function that knew another key, or none, would believe a registry that key management has not signed.
  'registry keys': (template, stage) => {
    const { registry, origin, parameters } = setupOf(stage);
    if (!registry) return [];
    const inSecret = `{{resolve:secretsmanager:latchkey/${stage}:SecretString:REGISTRY_KEYS}}`;
    const expected = origin === 'secret' ? inSecret : (parameters['registry-keys'] ?? 'nothing');
    return functionsOf(stage)
      .filter((name) => functions[name]?.registry || functions[name]?.manages)
      .flatMap((name) => differs(`REGISTRY_KEYS of ${name}`, variables(template, name)['REGISTRY_KEYS'], expected));
  },

  'secrets by reference': (template, stage) =>
    functionsOf(stage).flatMap((name) =>
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

  // CloudFormation resolves no more of them in one template.
  'dynamic references': (template) => {
    const count = show(template as unknown as Json).split('{{resolve:').length - 1;
    return count <= 60 ? [] : [`the template has ${count} dynamic references, not 60 at most`];
  },

  // A PEM, members of a JWK, or 32 random bytes in base64; but for the name of the artefact, which has a time in it, and the
  // names of resources.
  'no secrets': (template) =>
    [...texts(template as unknown as Json)]
      .filter(([path, text]) => !path.endsWith('.S3Key') && !(text in template.Resources))
      .filter(
        ([, text]) => /-----BEGIN|"(kty|d|k|p|q)"\s*:/.test(text) || (text.match(/[\w+/-]{42,}/g) ?? []).some(isRandom),
      )
      .map(([path]) => `${path} looks like a secret`),

  // CloudFormation reads secrets again only for a resource that changes.
  'secrets version': (template, stage) =>
    functionsOf(stage)
      .filter((name) => secrets.some((secret) => secret in variables(template, name)))
      .filter((name) => !/\(secrets \S+\)$/.test(String(property(template, functionId(name), 'Description'))))
      .map((name) => `the description of ${name} does not name the version of the secrets`),

  table: (template, stage) => {
    const expected: Record<string, Json> = {
      TableName: `latchkey-${stage}`,
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
        { AttributeName: 'listed_in', AttributeType: 'S' },
        { AttributeName: 'listed_as', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      // Keys only, so that a change of an item costs no second write.
      GlobalSecondaryIndexes: [
        {
          IndexName: 'lists',
          KeySchema: [
            { AttributeName: 'listed_in', KeyType: 'HASH' },
            { AttributeName: 'listed_as', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
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

  // Protection comes when a deployment has succeeded: CloudFormation could not roll back a table that is made with it.
  'table protection': (template, stage) => {
    const disposable = stage === 'dev' || stage === 'local';
    const expected: [name: string, value: Json | undefined, wanted: Json][] = [
      ['deletion protection', property(template, 'Table', 'DeletionProtectionEnabled') ?? false, false],
      ['DeletionPolicy', template.Resources['Table']?.DeletionPolicy, disposable ? 'Delete' : 'RetainExceptOnCreate'],
      ['UpdateReplacePolicy', template.Resources['Table']?.UpdateReplacePolicy, disposable ? 'Delete' : 'Retain'],
    ];
    return expected.flatMap(([name, value, wanted]) => differs(name, value, wanted));
  },

  // A failure of anything that is made after the table would leave the table behind.
  'table last': (template) => {
    const before = madeBefore(template, 'Table');
    return Object.keys(template.Resources)
      .filter((id) => id !== 'Table')
      .flatMap((id) => [
        ...(before.has(id) ? [] : [`${id} may be made after the table`]),
        ...(madeBefore(template, id).has('Table') ? [`${id} is made after the table`] : []),
      ]);
  },

  // Code of an earlier version does not see what a newer one adds to the revocation list.
  'readers of revocations first': (template, stage) => {
    const uses = (name: string, operation: string) =>
      functions[name]?.table.some(([keys, operations]) => keys.includes('REVOKED#*') && operations.includes(operation));
    const writers = functionsOf(stage).filter((name) => uses(name, 'UpdateItem'));
    const readers = functionsOf(stage).filter(
      (name) => uses(name, 'Query') && functions[name]?.keys?.includes('references') && !uses(name, 'UpdateItem'),
    );
    return writers.flatMap((writer) =>
      readers
        .filter((reader) => !madeBefore(template, functionId(writer)).has(functionId(reader)))
        .map((reader) => `${writer} may be changed before ${reader}`),
    );
  },

  // A deployment of a REST API publishes the gateway responses that are there when it is made.
  'gateway responses': (template) => {
    const deployments = ofType(template, 'AWS::ApiGateway::Deployment').map(([id]) => madeBefore(template, id));
    return ofType(template, 'AWS::ApiGateway::GatewayResponse')
      .filter(([id]) => deployments.length === 0 || deployments.some((before) => !before.has(id)))
      .map(([id]) => `${id} may be made after the deployment that publishes it`);
  },

  // The same literal on both sides, so a function runs wherever Node does.
  'table name': (template, stage) =>
    functionsOf(stage)
      .filter((name) => 'TABLE_NAME' in variables(template, name))
      .flatMap((name) =>
        differs(
          `TABLE_NAME of ${name}`,
          variables(template, name)['TABLE_NAME'],
          property(template, 'Table', 'TableName') ?? 'nothing',
        ),
      ),

  issuer: (template, stage) =>
    functionsOf(stage)
      .filter((name) => 'ISSUER' in variables(template, name))
      .flatMap((name) =>
        differs(
          `ISSUER of ${name}`,
          variables(template, name)['ISSUER'],
          template.Outputs['Issuer']?.Value ?? 'nothing',
        ),
      ),

  audience: (template) => {
    const { AUDIENCE, ISSUER } = variables(template, 'authorizer');
    return same(AUDIENCE, ISSUER) ? ['the authorizer accepts tokens for the issuer'] : [];
  },

  roles: (template, stage) => [
    ...differs(
      'the list of roles',
      sorted(ofType(template, 'AWS::IAM::Role').map(([id]) => id)),
      sorted(functionsOf(stage).map((name) => `${idOf(name)}Role`)),
    ),
    ...functionsOf(stage).flatMap((name) =>
      differs(`role of ${name}`, property(template, functionId(name), 'Role'), arnOf(`${idOf(name)}Role`)),
    ),
  ],

  // Only Lambda may assume a role, and no property widens the role's permissions.
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
    functionsOf(stage).flatMap((name) => {
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
        ...(functions[name]?.table ?? []).map((access) => onItems(template, ...access)),
        ...(functions[name]?.registry && setupOf(stage).registry
          ? [onItems(template, registryKinds(name), ['GetItem'])]
          : []),
        ...usesOf(name, setupOf(stage)).flatMap((use) => onKeys(use, template, setupOf(stage))),
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

  schedules: (template, stage) => {
    const actual = ofType(template, 'AWS::Events::Rule').map(([id, { Properties }]) => [
      show(targetOf(template, id)),
      `${Properties['State']} ${Properties['ScheduleExpression']}`,
    ]);
    const expected = functionsOf(stage)
      .filter((name) => schedules[name])
      .map((name) => [show(arnOf(functionId(name))), `ENABLED ${schedules[name]}`]);
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

  // The default would be 300 s, in which a revoked token would still work.
  'cache ttl': (template) =>
    differs('cache ttl', property(template, 'HttpApiAuthorizerLatchkey', 'AuthorizerResultTtlInSeconds'), 0),

  // Also: each group is the one its function writes to; Lambda would make any other itself, and keep it for ever.
  'log retention': (template, stage) => [
    ...ofType(template, 'AWS::Logs::LogGroup').flatMap(([id, { Properties }]) =>
      within(`retention of ${id}`, Properties['RetentionInDays'], 1, 400),
    ),
    ...functionsOf(stage).flatMap((name) =>
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
