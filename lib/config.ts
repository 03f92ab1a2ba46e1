import { createSecretKey } from 'node:crypto';
import { algorithmNames } from './keys/algorithm.ts';
import { parseDecryptionKeys } from './keys/encryption-key.ts';
import { KeyError, parseKeys } from './keys/jwk.ts';
import type { KmsKey } from './keys/kms-signer.ts';
import type { SealingKey } from './keys/sealing-key.ts';
import { logLevels } from './log.ts';
import { accessTokenFormats, isSelfContained, type RevocationMaxAge, revocationMaxAge } from './oauth/access-token.ts';
import { decodeBase64url } from './oauth/base64url.ts';
import { MAX_CLOCK_SKEW_SECONDS } from './oauth/revocation.ts';

/** A variable that is missing or wrong. The message names the variable and never quotes its value. */
export class ConfigError extends Error {
  constructor(variable: string, problem: string) {
    super(`${variable} ${problem}`);
    this.name = 'ConfigError';
  }
}

class Invalid extends Error {}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
const DAY = 86_400;

const issuer = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw new Invalid('is not a URL');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.has(url.hostname))) {
    throw new Invalid('must be an https URL (http is for loopback)');
  }
  const canonical = url.origin + url.pathname.replace(/\/$/, '');
  if (canonical !== text)
    throw new Invalid('must have no query, fragment, user or trailing slash, and lower-case host');
  return text;
};

const integer = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new Invalid(`must be a whole number from ${min} to ${max}`);
  return value;
};

const oneOf =
  <T extends string>(values: readonly T[]) =>
  (text: string): T => {
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) throw new Invalid(`must be one of ${values.join(', ')}`);
    return value;
  };

const secret = (text: string, form = 'base64url secrets of 32 bytes'): Buffer => {
  const bytes = decodeBase64url(text);
  if (bytes?.length !== 32) throw new Invalid(`must be ${form}, separated by commas`);
  return bytes;
};

const secrets = (text: string): [Buffer, ...Buffer[]] => {
  const [first, ...others] = text.split(',').map((part) => secret(part.trim()));
  if (!first) throw new Invalid('is empty');
  return [first, ...others];
};

const openingKeys = (text: string): SealingKey[] =>
  text.split(',').map((part) => {
    const [id = '', key = '', ...rest] = part.trim().split('.');
    if (id === '' || rest.length > 0) throw new Invalid('must read like ID.KEY, separated by commas');
    return { id, key: createSecretKey(secret(key, 'ID.KEY with keys of 32 bytes in base64url')) };
  });

/** Key id (of one region, or `mrk-`), alias, or the ARN of either. */
const KMS_KEY = /^(arn:aws[a-z-]*:kms:[a-z\d-]+:\d{12}:(key\/[\w-]+|alias\/[\w/-]+)|alias\/[\w/-]+|[\w-]+)$/;

const kmsKeyId = (text: string): string => {
  if (!KMS_KEY.test(text)) throw new Invalid('must be ids, aliases or ARNs of KMS keys, separated by commas');
  return text;
};

const kmsKeys =
  <T>(parse: (text: string) => T) =>
  (text: string): [T, ...T[]] => {
    const parts = text.split(',').map((part) => part.trim());
    const ids = parts.map((part) => part.split('=')[0]);
    if (new Set(ids).size < ids.length) throw new Invalid('names a key twice');
    const [first, ...others] = parts.map(parse);
    if (first === undefined) throw new Invalid('is empty');
    return [first, ...others];
  };

const signingKmsKey = (text: string): KmsKey => {
  const [id = '', alg, ...rest] = text.split('=');
  if (rest.length > 0) throw new Invalid('must read like alias/one,alias/two=PS256');
  return { id: kmsKeyId(id), ...(alg !== undefined && { alg: oneOf(algorithmNames)(alg) }) };
};

/** Those of a format that is not named: what holds its claims itself goes with `jwt`. */
const REVOCATION_MAX_AGE = { jwt: 5, reference: 0 };

const readRevocationMaxAge = (text: string): RevocationMaxAge => {
  const seconds = integer(0, DAY);
  if (/^\d+$/.test(text)) {
    const age = seconds(text);
    return revocationMaxAge(() => age);
  }
  const named = new Map(
    text.split(',').map((part) => {
      const [format = '', age = '', ...rest] = part.split('=');
      if (rest.length > 0) throw new Invalid('must read like 5 or jwt=5,reference=0');
      return [oneOf(accessTokenFormats)(format.trim()), seconds(age.trim())];
    }),
  );
  return revocationMaxAge((format) => {
    const sameKind = isSelfContained(format) ? 'jwt' : 'reference';
    return named.get(format) ?? named.get(sameKind) ?? REVOCATION_MAX_AGE[sameKind];
  });
};

const nonEmpty = (text: string) => text;

/** A picture that browsers load; none where it is empty. */
const logoUri = (text: string): string | undefined => {
  if (text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSecure = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.has(url.hostname));
  if (!isSecure) throw new Invalid('must be an https URL (http is for loopback)');
  return text;
};
const keys = (type: 'private' | 'public') => (text: string) => parseKeys(text, type);

/** A list that may be absent, and is empty then. */
const optional = <Item>(parse: (text: string) => readonly Item[]) => ({
  parse: (text: string): readonly Item[] => (text === '' ? [] : parse(text)),
  default: '',
});

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
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env;
  return {
    ...(env['AWS_REGION'] && { region: env['AWS_REGION'] }),
    ...(endpoint && { endpoint }),
    ...(accessKeyId &&
      secretAccessKey && { credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } }),
  };
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
