import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkParameters, parameters } from '../../infra/parameters.ts';
import settingsPlugin, { type Serverless } from '../../infra/resources/settings-plugin.mjs';
import { variables } from '../../lib/config.ts';
import { blocks, document, runBlocks, section } from '../support/docs.ts';
import { parameters as stages } from './stages.ts';

const packaged = parse(document('serverless.yml'), { logLevel: 'silent' }) as {
  params: Record<string, Record<string, unknown>>;
};
const defaults = Object.entries(packaged.params['default'] ?? {});
const plain = defaults.filter(([, value]) => value !== null && !/\$\{/.test(String(value)));

describe('serverless.yml', () => {
  it('has every parameter that is described, and no other', () => {
    expect(defaults.map(([name]) => name).toSorted()).toEqual(Object.keys(parameters).toSorted());
  });

  it.each(plain)('has a default of %s that passes its check, and is that of its variable', (name, value) => {
    checkParameters('dev', { [name]: String(value) });
    const parameter = parameters[name as keyof typeof parameters];
    const variable = 'variable' in parameter && parameter.variable ? variables[parameter.variable] : {};
    if ('default' in variable) expect(String(value)).toBe(variable.default);
  });

  it.each(Object.entries(packaged.params))('has proper parameters of its own for %s', (stage, values) => {
    const own = Object.entries(values).filter(([, value]) => value !== null && !/\$\{/.test(String(value)));
    checkParameters(stage, Object.fromEntries(own.map(([name, value]) => [name, String(value)])));
  });
});

it('the page on configuration names the variable of each parameter', () => {
  for (const [name, parameter] of Object.entries(parameters)) {
    const [row = ''] = document('docs/configuration.md').match(new RegExp(`^\\| \`${name}\` \\|.*$`, 'm')) ?? [];
    if ('variable' in parameter) expect(row).toContain(`\`${parameter.variable}\``);
  }
});

const ARN = 'arn:aws:kms:eu-west-1:123456789012:key/1a2b';
const registry = { 'registry-kms-key': `${ARN}-registry`, 'registry-keys': Buffer.alloc(32, 1).toString('base64url') };
const handles = (id: string) => ({
  'reference-token-kms-keys': `${id}-reference`,
  'grant-kms-keys': `${id}-grant`,
  'session-kms-keys': `${id}-session`,
});
const HANDLES = handles(ARN);
const ARNS = /ARNs of KMS keys with keys=/;

describe('Parameters of serverless.yml are accepted:', () => {
  it.each(Object.entries(stages))('those of the stage %s', (stage, given) => checkParameters(stage, given));
  it.each<Record<string, string>>([
    { keys: 'kms', 'signing-kms-keys': `${ARN},${ARN}c`, ...HANDLES },
    { keys: 'kms', 'signing-kms-keys': `${ARN}=PS256`, 'signing-kms-arns': ARN, ...HANDLES },
    {
      keys: 'wrapped',
      'wrapping-kms-key': ARN,
      ...HANDLES,
      ...registry,
      rotation: 'on',
      'key-registry': 'on',
    },
    { keys: 'kms', 'signing-kms-arns': ARN, ...HANDLES, ...registry, 'key-registry': 'on' },
    { keys: 'kms', 'signing-kms-keys': ARN, ...HANDLES, 'previous-handle-keys': 'on', 'handle-kms-keys': `${ARN}-old` },
    { 'previous-handle-keys': 'on' },
    { 'service-name': 'Mein Dienst', 'service-logo': '', 'clock-skew': '300', 'table-name': 'other' },
  ])('%j', (given) => checkParameters('prod', given));

  it('aliases in the stage of npm start', () => {
    const given = { keys: 'wrapped', 'wrapping-kms-key': 'alias/wrap', ...handles('alias/mac'), ...registry };
    checkParameters('local', given);
    expect(() => checkParameters('prod', given)).toThrow(ARNS);
  });
});

describe('Parameters of serverless.yml are refused, by name and with what is allowed:', () => {
  it.each<[Record<string, string>, RegExp]>([
    [{ 'rate-limt': '5' }, /^there is no parameter rate-limt; the parameters are .*rate-limit/],
    [{ toString: '5' }, /^there is no parameter toString/],
    [{ 'clock-skew': 'abc' }, /^parameter clock-skew must be a whole number from 0 to 300$/],
    [{ 'clock-skew': '' }, /^parameter clock-skew must not be empty$/],
    [{ 'rate-limit': '0' }, /^parameter rate-limit must be a whole number from 1 to/],
    [{ 'log-retention': '31' }, /^parameter log-retention must be one of 1, 3, 5/],
    [{ 'log-level': 'loud' }, /^parameter log-level must be one of debug/],
    [{ 'encrypted-tokens': 'true' }, /^parameter encrypted-tokens must be one of on, off$/],
    [{ 'table-protection': 'on' }, /^parameter table-protection must be one of true, false$/],
    [{ keys: 'vault' }, /^parameter keys must be one of secret, kms, wrapped$/],
    [{ 'revocation-max-age': 'jwt=5,jwt=1' }, /^parameter revocation-max-age names a format twice$/],
    [{ issuer: 'https://a.example/' }, /^parameter issuer must have a lower-case host/],
    [{ issuer: 'https://a.example', audience: 'https://a.example' }, /^parameter audience must not be the issuer$/],
    [{ issuer: 'https://a.example', audience: 'https://a.example/' }, /^parameter audience must not be the issuer$/],
    [{ keys: 'kms' }, ARNS],
    [{ keys: 'kms', 'signing-kms-keys': ARN }, /^parameter reference-token-kms-keys must be ARNs/],
    [{ keys: 'kms', ...HANDLES }, /^parameter signing-kms-keys must be ARNs/],
    [{ keys: 'kms', ...HANDLES, 'signing-kms-keys': `${ARN}=PS256` }, /^parameter signing-kms-arns must be ARNs/],
    [{ keys: 'kms', ...HANDLES, 'key-registry': 'on' }, /^parameter signing-kms-arns must be ARNs/],
    [
      { keys: 'kms', ...HANDLES, 'grant-kms-keys': 'alias/a', 'signing-kms-keys': ARN },
      /^parameter grant-kms-keys must be ARNs/,
    ],
    [
      { keys: 'kms', ...HANDLES, 'signing-kms-keys': ARN, 'previous-handle-keys': 'on' },
      /^parameter handle-kms-keys must be ARNs/,
    ],
    [
      { keys: 'kms', 'signing-kms-keys': ARN, 'handle-kms-keys': ARN },
      /^parameter handle-kms-keys can only be used with previous-handle-keys=on, .*grant-kms-keys/,
    ],
    [{ keys: 'wrapped' }, /^parameter wrapping-kms-key must be ARNs/],
    [{ keys: 'wrapped', 'wrapping-kms-key': ARN }, /^parameter reference-token-kms-keys must be ARNs/],
    [{ keys: 'wrapped', 'wrapping-kms-key': ARN, ...HANDLES }, /^parameter registry-kms-key must be ARNs/],
    [
      { keys: 'wrapped', 'wrapping-kms-key': ARN, ...HANDLES, 'registry-kms-key': `${ARN}-registry` },
      /^parameter registry-keys must be the public half .*latchkey keys registry-key ARN prints it$/,
    ],
    [
      { keys: 'kms', 'signing-kms-arns': ARN, ...HANDLES, 'registry-kms-key': `${ARN}-registry`, 'key-registry': 'on' },
      /^parameter registry-keys must be/,
    ],
    [{ 'registry-keys': 'abc' }, /^parameter registry-keys must be base64url Ed25519 public keys of 32 bytes/],
    [{ 'registry-max-age': '3600' }, /^parameter registry-max-age must be a whole number from 172800 to/],
    [registry, /^parameter registry-kms-key can only be used with keys=kms or keys=wrapped$/],
    [{ keys: 'wrapped', 'key-registry': 'off' }, /^parameter key-registry must be on with keys=wrapped$/],
    [{ 'wrapping-kms-key': ARN }, /^parameter wrapping-kms-key can only be used with keys=wrapped$/],
    [{ 'session-kms-keys': ARN }, /^parameter session-kms-keys can only be used with keys=kms or keys=wrapped$/],
    [{ 'handle-kms-keys': ARN }, /^parameter handle-kms-keys can only be used with keys=kms or keys=wrapped$/],
    [{ rotation: 'on' }, /^parameter rotation can only be used with keys=wrapped$/],
  ])('%j', (given, message) => {
    expect(() => checkParameters('prod', given)).toThrow(
      expect.objectContaining({ name: 'Problem', message: expect.stringMatching(message) }),
    );
  });
});

describe('A key of KMS that serves two purposes is refused:', () => {
  const proper = {
    keys: 'kms',
    'key-registry': 'on',
    'signing-kms-arns': ARN,
    ...HANDLES,
    ...registry,
    'previous-handle-keys': 'on',
    'handle-kms-keys': `${ARN}-old`,
  };
  const REPLICA = 'arn:aws:kms:us-east-1:123456789012:key/1a2b-grant';

  it('but each for itself is accepted', () => {
    checkParameters('prod', { ...proper, 'signing-kms-keys': `${ARN}=PS256` });
  });

  it.each<[Record<string, string>, string]>([
    [{ 'reference-token-kms-keys': `${ARN}-more,${ARN}-grant` }, 'reference-token-kms-keys and grant-kms-keys'],
    [{ 'session-kms-keys': REPLICA }, 'grant-kms-keys and session-kms-keys'],
    [{ 'session-kms-keys': `${ARN}-reference` }, 'reference-token-kms-keys and session-kms-keys'],
    [{ 'handle-kms-keys': `${ARN}-session` }, 'session-kms-keys and handle-kms-keys'],
    [{ 'signing-kms-arns': `${ARN},${ARN}-registry` }, 'signing-kms-arns and registry-kms-key'],
    [{ 'signing-kms-keys': `${ARN}-registry=EdDSA` }, 'signing-kms-keys and registry-kms-key'],
  ])('%j', (given, names) => {
    const message = `parameters ${names} must not name the same key of KMS`;
    expect(() => checkParameters('prod', { ...proper, ...given })).toThrow(message);
  });
});

describe('The upgrade from version 0.1.0 in docs/deploy.md', () => {
  /** Stand-ins that make keys and print deployments. Nothing can be signed without the issuer. */
  const commands = `
    aws() { echo arn:aws:kms:eu-west-1:123456789012:key/$(mktemp -u XXXXXXXXXX); }
    npm() { :; }
    npx() {
      case "$*" in
        "latchkey keys registry-key "*) echo ${registry['registry-keys']} ;;
        *"keys sign"*) echo "$ISSUER" ;;
        *deploy*) echo "$@" ;;
      esac
    }`;

  it.each([
    ['secret', ['on', undefined]],
    ['kms', ['on', 'on']],
    ['wrapped', ['on']],
  ] as const)('has steps with keys=%s whose deployments are accepted', async (keys, previous) => {
    const code = blocks(section(document('docs/deploy.md'), `With \`keys=${keys}\``, 3), 'sh');
    const output = (await runBlocks(code, tmpdir(), commands)).join('\n');
    const deployments = [...output.matchAll(/^serverless deploy .*$/gm)].map(([line]) =>
      Object.fromEntries([...line.matchAll(/--param (\S+?)=(\S+)/g)].map(([, name, value]) => [name, value])),
    );
    for (const given of deployments) checkParameters('prod', given);
    expect(deployments.map((given) => given['previous-handle-keys'])).toEqual(previous);
    for (const given of deployments) expect(given).toMatchObject({ audience: 'https://api.example.com' });
  });
});

describe('the plugin of serverless', () => {
  const serverless = (more: Partial<Serverless> = {}): Serverless => ({
    classes: { Error },
    processedInput: { options: { stage: 'prod' } },
    configurationInput: { params: packaged.params },
    service: { provider: { compiledCloudFormationTemplate: { Resources: {} } } },
    getProvider: () => {
      throw new Error('nothing of AWS is needed');
    },
    ...more,
  });
  const warnings: string[] = [];
  const plugin = (given: Serverless) =>
    settingsPlugin(given, {}, { log: { warning: (text) => void warnings.push(text) } });

  it.each<[param: string[], params: Record<string, Record<string, unknown>>, message: RegExp]>([
    [['rate-limt=5'], {}, /no parameter rate-limt/],
    [['clock-skew=1', 'clock-skew=2'], {}, /parameter clock-skew is given twice/],
    [[], { prod: { 'encrypted-tokens': true } }, /parameter encrypted-tokens must be one of on, off/],
    [[], { prod: { keys: 'kms' } }, ARNS],
  ])('refuses %j and %j before anything is packaged', async (param, params, message) => {
    const given = serverless({
      processedInput: { options: { stage: 'prod', param } },
      configurationInput: { params: { ...packaged.params, ...params } },
    });
    await expect(plugin(given).asyncInit()).rejects.toThrow(message);
  });

  const elsewhere = (source: string) => `\${${source}}`;
  /** Parameters of the stage prod, some of which refer to values that are kept elsewhere. */
  const inKms = {
    keys: 'kms',
    'signing-kms-keys': elsewhere('ssm:/latchkey/signing'),
    'reference-token-kms-keys': { 'Fn::ImportValue': 'keys-of-references' },
    'grant-kms-keys': elsewhere('cf:keys-prod.Grants'),
    'session-kms-keys': elsewhere('env:SESSIONS'),
  };
  const withParams = (prod: Record<string, unknown>, param: string[] = []) =>
    plugin(
      serverless({
        processedInput: { options: { stage: 'prod', param } },
        configurationInput: { params: { ...packaged.params, prod } },
      }),
    );

  it.each<[prod: Record<string, unknown>, param?: string[]]>([
    [inKms],
    [{ ...inKms, 'key-registry': 'on', 'registry-kms-key': elsewhere('ssm:/a'), 'registry-keys': elsewhere('ssm:/b') }],
    [{ keys: elsewhere('ssm:/keys'), 'grant-kms-keys': ARN, 'registry-kms-key': `${ARN}-registry` }],
    [{ ...inKms, 'previous-handle-keys': elsewhere('ssm:/old'), 'handle-kms-keys': `${ARN}-old` }],
    [{ ...inKms, 'key-registry': elsewhere('ssm:/on'), 'signing-kms-arns': ARN }],
    [{ 'clock-skew': elsewhere('ssm:/skew') }],
    [inKms, [`grant-kms-keys=${elsewhere('ssm:/grants')}`, `audience=${elsewhere('ssm:/api')}`]],
    [{ audience: { Ref: 'Api' }, issuer: { Ref: 'Url' }, rotation: elsewhere('ssm:/rotation') }],
  ])('leaves open what refers to a value that is not known yet: %j %j', async (prod, param) => {
    const { asyncInit, hooks } = withParams(prod, param);
    await asyncInit();
    await hooks['before:package:initialize']();
  });

  it.each<[prod: Record<string, unknown>, message: RegExp]>([
    [{ ...inKms, 'session-kms-keys': 'alias/a' }, /^parameter session-kms-keys must be ARNs/],
    [{ ...inKms, 'session-kms-keys': '' }, /^parameter session-kms-keys must be ARNs/],
    [{ ...inKms, 'clock-skew': 'abc' }, /^parameter clock-skew must be a whole number/],
    [{ ...inKms, 'signing-kms-arns': ARN, 'session-kms-keys': ARN }, /must not name the same key of KMS$/],
    [{ ...inKms, 'key-registry': 'on', 'registry-kms-key': elsewhere('ssm:/a') }, /^parameter registry-keys must be/],
  ])('but refuses what is wrong whatever they are: %j', async (prod, message) => {
    await expect(withParams(prod).asyncInit()).rejects.toThrow(message);
  });

  it('checks them when serverless has put the values in', async () => {
    const params: Record<string, Record<string, unknown>> = { ...packaged.params, prod: inKms };
    const { asyncInit, hooks } = plugin(serverless({ configurationInput: { params } }));
    await asyncInit();
    params['prod'] = {
      ...inKms,
      'signing-kms-keys': ARN,
      'grant-kms-keys': `${ARN}-grant`,
      'session-kms-keys': `${ARN}-grant`,
    };
    await expect(hooks['before:package:initialize']()).rejects.toThrow(
      'parameters grant-kms-keys and session-kms-keys must not name the same key of KMS',
    );
  });

  it('accepts serverless.yml as it is, and what refers to something that is not known yet', async () => {
    await plugin(serverless()).asyncInit();
    const issuer = { 'Fn::Sub': 'x' };
    await plugin(serverless({ configurationInput: { params: { prod: { issuer } } } })).asyncInit();
  });

  /** Prepares a deployment of one function with this template of variables, against a stub of Secrets Manager. */
  async function deploy(Variables: Record<string, unknown>, answer: (name: string) => [status: number, body: object]) {
    const server = createServer(async (request, response) => {
      const [status, body] = answer((JSON.parse(await text(request)) as { SecretId: string }).SecretId);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const config = {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
    };
    const Resources = { F: { Type: 'AWS::Lambda::Function', Properties: { Environment: { Variables } } } };
    try {
      await plugin(
        serverless({
          service: { provider: { compiledCloudFormationTemplate: { Resources } } },
          getProvider: () => ({ getAwsSdkV3Config: async () => config, getRegion: () => 'eu-west-1' }),
        }),
      ).hooks['before:deploy:deploy']();
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  const A = '{{resolve:secretsmanager:latchkey/prod:SecretString:A}}';
  const secret = (value: object): [number, object] => [200, { SecretString: JSON.stringify(value) }];

  it('counts the variables with the real secret before a deployment, names and quotes included', async () => {
    const room = 4_096 - '{"A":"","B":"\\"\\""}'.length;
    await deploy({ A, B: '""' }, () => secret({ A: 'x'.repeat(room) }));
    await expect(deploy({ A, B: '""' }, () => secret({ A: 'x'.repeat(room + 1) }))).rejects.toThrow(
      /may have 4096 bytes, but with this secret these need more: F 4097/,
    );
    await expect(deploy({ A }, () => secret({ B: 'x' }))).rejects.toThrow(
      'the secret latchkey/prod has no A, which A is taken from',
    );
    await expect(deploy({ A }, () => secret({ A: '' }))).rejects.toThrow('the secret latchkey/prod has no A');
    await expect(deploy({ A }, () => [400, { __type: 'ResourceNotFoundException' }])).rejects.toThrow(
      'there is no secret latchkey/prod: make it with latchkey init',
    );
  });

  it('warns where it may not read the secret, because CloudFormation may', async () => {
    await deploy({ A }, () => [400, { __type: 'AccessDeniedException', message: 'not you' }]);
    expect(warnings).toEqual([expect.stringMatching(/was not checked, because .*not you/)]);
  });
});
