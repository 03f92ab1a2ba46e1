import {
  DAY,
  Invalid,
  integer,
  issuer,
  keys,
  kmsKeyId,
  kmsKeys,
  LOOPBACK,
  logoUri,
  nonEmpty,
  oneOf,
  openingKeys,
  optional,
  readRevocationMaxAge,
  secrets,
  signingKmsKey,
} from './config-values.ts';
import { algorithmNames } from './keys/algorithm.ts';
import { parseDecryptionKeys } from './keys/encryption-key.ts';
import { KeyError } from './keys/jwk.ts';
import { logLevels } from './log.ts';
import { MAX_CLOCK_SKEW_SECONDS } from './oauth/revocation.ts';

/** A variable that is missing or wrong. The message names the variable and never quotes its value. */
export class ConfigError extends Error {
  constructor(variable: string, problem: string) {
    super(`${variable} ${problem}`);
    this.name = 'ConfigError';
  }
}

/** Every variable there is: how it is read and, where it may be absent, its default. */
export const variables = {
  ISSUER: { parse: issuer },
  TABLE_NAME: { parse: nonEmpty },
  SIGNING_KEYS: { parse: keys('private') },
  SIGNING_KMS_KEYS: { parse: kmsKeys(signingKmsKey) },
  VERIFICATION_KEYS: { parse: keys('public') },
  KEY_REGISTRY: { parse: oneOf(['off', 'on'] as const), default: 'off' },
  WRAPPING_KMS_KEY: { parse: kmsKeyId },
  NEW_KEY_ALGORITHM: { parse: oneOf(algorithmNames), default: 'ES256' },
  JWKS_CACHE_SECONDS: { parse: integer(0, 30 * DAY), default: '7200' },
  KEY_ROTATION_SECONDS: { parse: integer(3600, 3650 * DAY), default: '7776000' },
  HANDLE_KEYS: { parse: secrets },
  HANDLE_KMS_KEYS: { parse: kmsKeys(kmsKeyId) },
  DECRYPTION_KEYS: optional(parseDecryptionKeys),
  SEALING_KEYS: optional(secrets),
  OPENING_KEYS: optional(openingKeys),
  AUDIENCE: { parse: nonEmpty },
  AUTHORIZER_RESPONSE: { parse: oneOf(['simple', 'policy'] as const), default: 'simple' },
  REVOCATION_MAX_AGE_SECONDS: { parse: readRevocationMaxAge, default: 'jwt=5,reference=0' },
  CLOCK_SKEW_SECONDS: { parse: integer(0, MAX_CLOCK_SKEW_SECONDS), default: '0' },
  ACCESS_TOKEN_LIFETIME_SECONDS: { parse: integer(1, DAY), default: '3600' },
  ACCESS_TOKEN_MAX_LIFETIME_SECONDS: { parse: integer(1, 30 * DAY), default: '86400' },
  SERVICE_NAME: { parse: nonEmpty, default: 'Latchkey' },
  SERVICE_LOGO_URI: { parse: logoUri, default: '' },
  SESSION_LIFETIME_SECONDS: { parse: integer(60, 30 * DAY), default: '28800' },
  CODE_LIFETIME_SECONDS: { parse: integer(1, 600), default: '60' },
  ID_TOKEN_LIFETIME_SECONDS: { parse: integer(1, DAY), default: '3600' },
  REFRESH_TOKEN_LIFETIME_SECONDS: { parse: integer(1, 3650 * DAY), default: '2592000' },
  REFRESH_TOKEN_IDLE_LIFETIME_SECONDS: { parse: integer(1, 3650 * DAY), default: '604800' },
  REFRESH_REUSE_INTERVAL_SECONDS: { parse: integer(0, 300), default: '10' },
  CLIENT_CACHE_SECONDS: { parse: integer(0, 3600), default: '30' },
  LOG_LEVEL: { parse: oneOf(logLevels), default: 'info' },
} as const satisfies Record<string, { parse: (text: string) => unknown; default?: string }>;

/** Where keys come from. Exactly one of each list is set, because two would leave open which keys count. */
export const alternatives = {
  signing: ['SIGNING_KEYS', 'SIGNING_KMS_KEYS'],
  handles: ['HANDLE_KEYS', 'HANDLE_KMS_KEYS'],
} as const satisfies Record<string, readonly VariableName[]>;

export type VariableName = keyof typeof variables;

export type Config<Name extends VariableName = VariableName> = {
  readonly [N in Name]: ReturnType<(typeof variables)[N]['parse']>;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and validates the named variables; an empty one counts as absent.
 * @throws ConfigError naming the variable
 */
export function readConfig<Name extends VariableName>(
  names: readonly Name[],
  env: Environment = process.env,
): Config<Name> {
  return Object.fromEntries(names.map((name) => [name, readVariable(name, env)])) as Config<Name>;
}

/**
 * Reads the one of these variables that is set.
 * @throws ConfigError naming them all when none is, or several are
 */
export function readOneOf<Name extends VariableName>(
  names: readonly Name[],
  env: Environment = process.env,
): { [N in Name]: { readonly name: N; readonly value: Config[N] } }[Name] {
  const [name, ...others] = names.filter((candidate) => env[candidate]);
  if (name === undefined) throw new ConfigError(names.join(' or '), 'is not set');
  if (others.length > 0) throw new ConfigError(names.join(' and '), 'are both set, and only one can count');
  return { name, value: readVariable(name, env) as Config[Name] };
}

/**
 * Reads a variable that may be absent.
 * @throws ConfigError naming it
 */
export function readOptional<Name extends VariableName>(
  name: Name,
  env: Environment = process.env,
): Config[Name] | undefined {
  return env[name] ? (readVariable(name, env) as Config[Name]) : undefined;
}

/**
 * Whether the registry says which keys count. Then nothing else may.
 * @param other the variable that says so otherwise
 * @throws ConfigError naming it, when both do
 */
export function usesKeyRegistry(other: VariableName, env: Environment = process.env): boolean {
  if (readVariable('KEY_REGISTRY', env) === 'off') return false;
  if (env[other]) throw new ConfigError(other, 'is set while KEY_REGISTRY is on, and only one can count');
  return true;
}

/** Where AWS is and who we are there, by the SDK's own variables: Lambda sets them, so no chain of sources is searched. */
export function readAwsConfig(env: Environment = process.env, service: 'DYNAMODB' | 'KMS' = 'DYNAMODB') {
  const endpoint = env[`AWS_ENDPOINT_URL_${service}`] || env['AWS_ENDPOINT_URL'];
  const patience = readPatience(endpoint, env['LOCAL_PATIENCE']);
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env;
  return {
    ...(env['AWS_REGION'] && { region: env['AWS_REGION'] }),
    ...(endpoint && { endpoint }),
    ...(patience !== undefined && { patience }),
    ...(accessKeyId &&
      secretAccessKey && { credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } }),
  };
}

/**
 * How many times as long as usual to wait for an AWS service that is embedded in a program on this machine, which may be
 * busy. A setting of the local stack and of tests: it has no effect unless the endpoint is on loopback.
 */
function readPatience(endpoint: string | undefined, text: string | undefined): number | undefined {
  if (!text || !endpoint || !LOOPBACK.has(new URL(endpoint).hostname)) return undefined;
  const patience = Number(text);
  if (!(patience > 0 && patience <= 1000)) throw new ConfigError('LOCAL_PATIENCE', 'must be a number up to 1000');
  return patience;
}

function readVariable(name: VariableName, env: Environment): unknown {
  const variable: { parse: (text: string) => unknown; default?: string } = variables[name];
  const text = env[name] || variable.default;
  if (text === undefined) throw new ConfigError(name, 'is not set');
  try {
    return variable.parse(text);
  } catch (error) {
    if (error instanceof Invalid || error instanceof KeyError) throw new ConfigError(name, error.message);
    throw error;
  }
}
