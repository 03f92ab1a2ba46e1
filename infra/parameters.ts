import { type VariableName, variables } from '../lib/config.ts';
import { InvalidValue, integerBetween, oneOf } from '../lib/config-values.ts';
import { isSameResource } from '../lib/oauth/resource-indicator.ts';
import { Problem } from './problem.ts';

/** Values of parameters of serverless.yml, by name; absent = the default. A reference stands for a value that is not known yet. */
export type Parameters = Readonly<Record<string, string>>;

/** To a value that is kept elsewhere, such as `${ssm:/path}`: nothing can be said of it before `serverless` has put the value in. */
const isReference = (value = '') => value.includes('${');

/** What a parameter may be. */
interface Parameter {
  /** The variable that it sets, and whose values it may have. */
  readonly variable?: VariableName;
  /** @throws InvalidValue, or KeyError */
  readonly parse: (text: string) => unknown;
  /** Whether it may be empty, for a variable that is not set. */
  readonly mayBeEmpty?: true;
}

const sets = (variable: VariableName): Parameter => ({ variable, parse: variables[variable].parse });
const maySet = (variable: VariableName): Parameter => ({ ...sets(variable), mayBeEmpty: true });

const onOrOff: Parameter = { parse: oneOf(['on', 'off']) };
const whole = (min: number, max: number): Parameter => ({ parse: integerBetween(min, max) });
const like = (form: RegExp, description: string): Parameter => ({
  parse(text) {
    if (!form.test(text)) throw new InvalidValue(`must be ${description}`);
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const RETENTION_DAYS = '1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653'.split(' ');

/** Every parameter of serverless.yml. Those that set a variable are described by it, in lib/config.ts. */
export const parameters = {
  issuer: sets('ISSUER'),
  audience: sets('AUDIENCE'),
  'groups-claim': sets('GROUPS_CLAIM'),
  'roles-claim': sets('ROLES_CLAIM'),
  'revocation-max-age': sets('REVOCATION_MAX_AGE_SECONDS'),
  'authorizer-cache-ttl': whole(0, 3600),
  keys: { parse: oneOf(['secret', 'kms', 'wrapped']) },
  'signing-kms-keys': maySet('SIGNING_KMS_KEYS'),
  'reference-token-kms-keys': maySet('REFERENCE_TOKEN_KMS_KEYS'),
  'grant-kms-keys': maySet('GRANT_KMS_KEYS'),
  'session-kms-keys': maySet('SESSION_KMS_KEYS'),
  'previous-handle-keys': onOrOff,
  'handle-kms-keys': maySet('HANDLE_KMS_KEYS'),
  'wrapping-kms-key': maySet('WRAPPING_KMS_KEY'),
  'registry-kms-key': maySet('REGISTRY_KMS_KEY'),
  'registry-keys': maySet('REGISTRY_KEYS'),
  'registry-max-age': sets('REGISTRY_MAX_AGE_SECONDS'),
  'signing-kms-arns': { ...like(/^[^=]*$/, 'signing-kms-keys without algorithms'), mayBeEmpty: true },
  'key-registry': sets('KEY_REGISTRY'),
  rotation: sets('KEY_ROTATION'),
  'key-rotation': sets('KEY_ROTATION_SECONDS'),
  'new-key-algorithm': sets('NEW_KEY_ALGORITHM'),
  'jwks-cache': sets('JWKS_CACHE_SECONDS'),
  'secrets-version': like(/^[\w.-]{1,64}$/, '1 to 64 letters, digits, "_", "." and "-"'),
  'encrypted-tokens': onOrOff,
  'sealed-tokens': onOrOff,
  'client-cache': sets('CLIENT_CACHE_SECONDS'),
  'clock-skew': sets('CLOCK_SKEW_SECONDS'),
  'token-lifetime': sets('ACCESS_TOKEN_LIFETIME_SECONDS'),
  'token-max-lifetime': sets('ACCESS_TOKEN_MAX_LIFETIME_SECONDS'),
  'id-token-lifetime': sets('ID_TOKEN_LIFETIME_SECONDS'),
  'refresh-token-lifetime': sets('REFRESH_TOKEN_LIFETIME_SECONDS'),
  'refresh-token-idle-lifetime': sets('REFRESH_TOKEN_IDLE_LIFETIME_SECONDS'),
  'refresh-reuse-interval': sets('REFRESH_REUSE_INTERVAL_SECONDS'),
  'code-lifetime': sets('CODE_LIFETIME_SECONDS'),
  'session-lifetime': sets('SESSION_LIFETIME_SECONDS'),
  'keep-signed-in': sets('KEEP_SIGNED_IN_SECONDS'),
  'service-name': sets('SERVICE_NAME'),
  'service-logo': maySet('SERVICE_LOGO_URI'),
  'log-level': sets('LOG_LEVEL'),
  'log-retention': { parse: oneOf(RETENTION_DAYS) },
  'rate-limit': whole(1, 1_000_000),
  'burst-limit': whole(1, 1_000_000),
  'table-name': like(/^[\w.-]{3,255}$/, '3 to 255 letters, digits, "_", "." and "-"'),
  'table-protection': { parse: oneOf(['true', 'false']) },
  'table-on-removal': { parse: oneOf(['Retain', 'Delete']) },
} as const satisfies Record<string, Parameter>;

export type ParameterName = keyof typeof parameters;

/** IAM knows a key by this ARN only, and by no alias. */
const KEY_ARN = /^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/;

/** Which origins of keys use a parameter. */
const USED_WITH: ReadonlyMap<string, readonly string[]> = new Map([
  ['signing-kms-keys', ['kms']],
  ['signing-kms-arns', ['kms']],
  ['wrapping-kms-key', ['wrapped']],
  ['reference-token-kms-keys', ['kms', 'wrapped']],
  ['grant-kms-keys', ['kms', 'wrapped']],
  ['session-kms-keys', ['kms', 'wrapped']],
  ['handle-kms-keys', ['kms', 'wrapped']],
  ['registry-kms-key', ['kms', 'wrapped']],
  ['registry-keys', ['kms', 'wrapped']],
  ['rotation', ['wrapped']],
]);

/**
 * What keys of KMS are for. A key has one purpose: whoever may use it for one could use it for the other, be it to make handles of
 * another group or to sign the registry.
 */
const KMS_PURPOSES: readonly (readonly ParameterName[])[] = [
  ['signing-kms-keys', 'signing-kms-arns'],
  ['reference-token-kms-keys'],
  ['grant-kms-keys'],
  ['session-kms-keys'],
  ['handle-kms-keys'],
  ['wrapping-kms-key'],
  ['registry-kms-key'],
];

/**
 * Checks parameters, each by itself and together.
 * @param stage in the stage `local`, keys of KMS may be named by alias, because nothing there is checked by IAM
 * @throws Problem naming the parameter and what is allowed
 */
export function checkParameters(stage: string, given: Parameters): void {
  for (const [name, value] of Object.entries(given)) checkParameter(name, value);
  const { keys = 'secret', audience, issuer } = given;
  for (const [name, origins] of USED_WITH) {
    const value = given[name];
    if (value && value !== 'off' && ![keys, value].some(isReference) && !origins.includes(keys)) {
      throw new Problem(`parameter ${name} can only be used with keys=${origins.join(' or keys=')}`);
    }
  }
  const isIssuer = audience !== undefined && issuer !== undefined && isSameResource(audience, issuer);
  if (isIssuer && !isReference(issuer)) throw new Problem('parameter audience must not be the issuer');
  const { 'handle-kms-keys': oldKeys, 'previous-handle-keys': previous } = given;
  if (oldKeys && previous !== 'on' && ![oldKeys, previous].some(isReference)) {
    throw new Problem(
      'parameter handle-kms-keys can only be used with previous-handle-keys=on, to accept handles of version 0.1.0; new ones are made with reference-token-kms-keys, grant-kms-keys and session-kms-keys',
    );
  }
  if (keys === 'wrapped' && given['key-registry'] === 'off') {
    throw new Problem('parameter key-registry must be on with keys=wrapped');
  }
  for (const name of neededKeys(given)) {
    const ids = (given[name] || (name === 'signing-kms-arns' && given['signing-kms-keys']) || '').split(',');
    const isEnough =
      stage === 'local' || name === 'signing-kms-keys' ? ids[0] !== '' : ids.every((id) => KEY_ARN.test(id));
    if (isEnough || isReference(given[name])) continue;
    throw new Problem(
      `parameter ${name} must be ARNs of KMS keys with keys=${keys}, separated by commas, such as arn:aws:kms:eu-west-1:123456789012:key/1a2b`,
    );
  }
  requireOnePurpose(given);
  const isSignedByKms = keys === 'wrapped' || (keys === 'kms' && given['key-registry'] === 'on');
  if (isSignedByKms && !given['registry-keys']) {
    throw new Problem(
      `parameter registry-keys must be the public half of registry-kms-key with keys=${keys}: latchkey keys registry-key ARN prints it`,
    );
  }
}

function requireOnePurpose(given: Parameters): void {
  const known = new Map<string, { readonly name: string; readonly purpose: unknown }>();
  for (const purpose of KMS_PURPOSES) {
    for (const name of purpose) {
      for (const id of isReference(given[name]) ? [] : kmsKeyIds(given[name])) {
        const other = known.get(id);
        if (other && other.purpose !== purpose) {
          throw new Problem(`parameters ${other.name} and ${name} must not name the same key of KMS`);
        }
        known.set(id, { name, purpose });
      }
    }
  }
}

/** Replicas of a key in several Regions have the same id, and make the same MACs and signatures. */
const kmsKeyIds = (value = '') =>
  value
    .split(',')
    .map((part) =>
      part
        .trim()
        .replace(/=.*$/, '')
        .replace(/^arn:.*:key\//, ''),
    )
    .filter((id) => id !== '');

function neededKeys(given: Parameters): ParameterName[] {
  const { keys, 'key-registry': registry, 'previous-handle-keys': previous } = given;
  const handleKeys: ParameterName[] = [
    'reference-token-kms-keys',
    'grant-kms-keys',
    'session-kms-keys',
    ...(previous === 'on' ? (['handle-kms-keys'] as const) : []),
  ];
  if (keys === 'wrapped') return ['wrapping-kms-key', ...handleKeys, 'registry-kms-key'];
  if (keys !== 'kms') return [];
  const always = ['signing-kms-arns', ...handleKeys] as const;
  if (registry === 'on') return [...always, 'registry-kms-key'];
  return isReference(registry) ? [...always] : ['signing-kms-keys', ...always];
}

function checkParameter(name: string, value: string): void {
  const parameter: Parameter | undefined = Object.hasOwn(parameters, name)
    ? parameters[name as ParameterName]
    : undefined;
  if (!parameter) {
    throw new Problem(`there is no parameter ${name}; the parameters are ${Object.keys(parameters).join(', ')}`);
  }
  if (isReference(value) || (value === '' && parameter.mayBeEmpty)) return;
  try {
    if (value === '') throw new InvalidValue('must not be empty');
    parameter.parse(value);
  } catch (error) {
    throw new Problem(`parameter ${name} ${(error as Error).message}`);
  }
}
