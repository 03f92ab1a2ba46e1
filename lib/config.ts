import type { Credentials } from './aws-signature.ts';
import {
  DAY,
  InvalidValue,
  integerBetween,
  LOOPBACK_HOSTS,
  listOf,
  listOfKmsKeys,
  oneOf,
  parseHost,
  parseIssuer,
  parseKmsKeyId,
  parseLogoUri,
  parseOpeningKeys,
  parseRegistryKeys,
  parseRevocationMaxAge,
  parseSecrets,
  parseSigningKmsKey,
} from './config-values.ts';
import { algorithmNames } from './keys/algorithm.ts';
import { parseDecryptionKeys } from './keys/encryption-key.ts';
import { KeyError } from './keys/jwk.ts';
import { parseSigningKeys } from './keys/signing-key.ts';
import { logLevels } from './log.ts';
import type { HandleKind } from './oauth/handle.ts';
import { isSameResource } from './oauth/resource-indicator.ts';
import { MAX_CLOCK_SKEW_SECONDS } from './oauth/revocation.ts';

/** The message names the variable and never quotes its value. */
export class ConfigError extends Error {
  constructor(variable: string, problem: string) {
    super(`${variable} ${problem}`);
    this.name = 'ConfigError';
  }
}

const text = (value: string) => value;

/** The longest for which any deployment believes the signature of a key registry. */
export const LONGEST_REGISTRY_MAX_AGE_SECONDS = 90 * DAY;

export const variables = {
  ISSUER: { parse: parseIssuer },
  TABLE_NAME: { parse: text },
  SIGNING_KEYS: { parse: (jwks: string) => parseSigningKeys(jwks, 'private') },
  SIGNING_KMS_KEYS: { parse: listOfKmsKeys(parseSigningKmsKey) },
  VERIFICATION_KEYS: { parse: (jwks: string) => parseSigningKeys(jwks, 'public') },
  KEY_REGISTRY: { parse: oneOf(['off', 'on'] as const), default: 'off' },
  REGISTRY_KEYS: { parse: parseRegistryKeys, optional: true },
  REGISTRY_SIGNING_KEY: { parse: parseSecrets },
  REGISTRY_KMS_KEY: { parse: parseKmsKeyId },
  // Beyond the day after which an old signature is logged.
  REGISTRY_MAX_AGE_SECONDS: { parse: integerBetween(2 * DAY, LONGEST_REGISTRY_MAX_AGE_SECONDS), default: '604800' },
  WRAPPING_KMS_KEY: { parse: parseKmsKeyId, optional: true },
  NEW_KEY_ALGORITHM: { parse: listOf('algorithm', oneOf(algorithmNames)), default: 'ES256,RS256' },
  JWKS_CACHE_SECONDS: { parse: integerBetween(0, 30 * DAY), default: '7200' },
  KEY_ROTATION: { parse: oneOf(['off', 'on'] as const), default: 'off' },
  KEY_ROTATION_SECONDS: { parse: integerBetween(3600, 3650 * DAY), default: '7776000' },
  REFERENCE_TOKEN_KEYS: { parse: parseSecrets },
  CODE_KEYS: { parse: parseSecrets },
  REFRESH_TOKEN_KEYS: { parse: parseSecrets },
  SESSION_KEYS: { parse: parseSecrets },
  PAGE_KEYS: { parse: parseSecrets },
  REFERENCE_TOKEN_KMS_KEYS: { parse: listOfKmsKeys(parseKmsKeyId) },
  GRANT_KMS_KEYS: { parse: listOfKmsKeys(parseKmsKeyId) },
  SESSION_KMS_KEYS: { parse: listOfKmsKeys(parseKmsKeyId) },
  HANDLE_KEYS: { parse: parseSecrets, optional: true },
  HANDLE_KMS_KEYS: { parse: listOfKmsKeys(parseKmsKeyId), optional: true },
  DECRYPTION_KEYS: { parse: parseDecryptionKeys, optional: true },
  SEALING_KEYS: { parse: parseSecrets, optional: true },
  OPENING_KEYS: { parse: parseOpeningKeys, optional: true },
  AUDIENCE: { parse: text },
  GROUPS_CLAIM: { parse: text, default: 'groups' },
  ROLES_CLAIM: { parse: text, default: 'roles' },
  AUTHORIZER_RESPONSE: { parse: oneOf(['simple', 'policy'] as const), default: 'simple' },
  REVOCATION_MAX_AGE_SECONDS: { parse: parseRevocationMaxAge, default: 'jwt=5,reference=0' },
  CLOCK_SKEW_SECONDS: { parse: integerBetween(0, MAX_CLOCK_SKEW_SECONDS), default: '0' },
  ACCESS_TOKEN_LIFETIME_SECONDS: { parse: integerBetween(1, DAY), default: '3600' },
  ACCESS_TOKEN_MAX_LIFETIME_SECONDS: { parse: integerBetween(1, 30 * DAY), default: '86400' },
  SERVICE_NAME: { parse: text, default: 'Latchkey' },
  SERVICE_LOGO_URI: { parse: parseLogoUri, optional: true },
  SESSION_LIFETIME_SECONDS: { parse: integerBetween(60, 30 * DAY), default: '28800' },
  // Chromium keeps no cookie for longer than 400 days.
  KEEP_SIGNED_IN_SECONDS: { parse: integerBetween(0, 400 * DAY), default: '0' },
  CODE_LIFETIME_SECONDS: { parse: integerBetween(1, 600), default: '60' },
  ID_TOKEN_LIFETIME_SECONDS: { parse: integerBetween(1, DAY), default: '3600' },
  REFRESH_TOKEN_LIFETIME_SECONDS: { parse: integerBetween(1, 3650 * DAY), default: '2592000' },
  REFRESH_TOKEN_IDLE_LIFETIME_SECONDS: { parse: integerBetween(1, 3650 * DAY), default: '604800' },
  REFRESH_REUSE_INTERVAL_SECONDS: { parse: integerBetween(0, 300), default: '10' },
  CLIENT_CACHE_SECONDS: { parse: integerBetween(0, 3600), default: '30' },
  URL_SUFFIX: { parse: parseHost, default: 'amazonaws.com' },
  LOG_LEVEL: { parse: oneOf(logLevels), default: 'info' },
} as const satisfies Record<string, { parse: (text: string) => unknown; default?: string; optional?: true }>;

export type VariableName = keyof typeof variables;
type Value<Name extends VariableName> = ReturnType<(typeof variables)[Name]['parse']>;

/** Exactly one must be set: with two, it would be unclear which keys are used. */
export const signingKeys = ['SIGNING_KEYS', 'SIGNING_KMS_KEYS'] as const satisfies readonly VariableName[];

/** What signs the key registry; exactly one must be set. */
export const registrySigningKeys = [
  'REGISTRY_SIGNING_KEY',
  'REGISTRY_KMS_KEY',
] as const satisfies readonly VariableName[];

/** Where the keys of each kind of handle come from: at most one of the two is set. */
export const handleKeys = {
  reference_token: ['REFERENCE_TOKEN_KEYS', 'REFERENCE_TOKEN_KMS_KEYS'],
  code: ['CODE_KEYS', 'GRANT_KMS_KEYS'],
  refresh_token: ['REFRESH_TOKEN_KEYS', 'GRANT_KMS_KEYS'],
  session: ['SESSION_KEYS', 'SESSION_KMS_KEYS'],
  page: ['PAGE_KEYS', 'SESSION_KMS_KEYS'],
} as const satisfies Record<HandleKind, readonly VariableName[]>;

/** For all kinds; where a kind has keys of its own, these only verify. */
export const sharedHandleKeys = ['HANDLE_KEYS', 'HANDLE_KMS_KEYS'] as const satisfies readonly VariableName[];

export type RingName = (typeof handleKeys)[HandleKind][number] | (typeof sharedHandleKeys)[number];

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable is parsed when it is requested; an empty one counts as absent. */
export interface Config {
  /** @throws ConfigError when it is missing or wrong */
  get<Name extends VariableName>(name: Name): Value<Name>;
  /** Without a default. @throws ConfigError when it is wrong */
  find<Name extends VariableName>(name: Name): Value<Name> | undefined;
  /** @throws ConfigError when several are set */
  findAtMostOne<Name extends VariableName>(names: readonly Name[]): Name | undefined;
  /** @throws ConfigError when none or several are set */
  findOnlyOne<Name extends VariableName>(names: readonly Name[]): Name;
  /** @throws ConfigError when the other source is set as well */
  usesKeyRegistry(other: VariableName): boolean;
  /** @throws ConfigError when it is the issuer, for which any client may get tokens */
  audience(): string;
  /** From the variables that Lambda sets. @throws ConfigError when one is missing */
  aws(service: AwsService): FoundAwsConfig & Required<Pick<FoundAwsConfig, 'region' | 'credentials'>> & UrlSuffix;
}

type AwsService = 'DYNAMODB' | 'KMS';

export function readConfig(env: Environment = process.env): Config {
  const config: Config = {
    get(name) {
      const variable: { parse: (text: string) => unknown; default?: string } = variables[name];
      const value = env[name] || variable.default;
      if (value === undefined) throw new ConfigError(name, 'is not set');
      try {
        return variable.parse(value) as Value<typeof name>;
      } catch (error) {
        if (error instanceof InvalidValue || error instanceof KeyError) throw new ConfigError(name, error.message);
        throw error;
      }
    },
    find: (name) => (env[name] ? config.get(name) : undefined),
    findAtMostOne(names) {
      const [name, ...others] = names.filter((candidate) => env[candidate]);
      if (others.length > 0) throw new ConfigError(names.join(' and '), 'are both set, but only one can be used');
      return name;
    },
    findOnlyOne(names) {
      const name = config.findAtMostOne(names);
      if (name === undefined) throw new ConfigError(names.join(' or '), 'is not set');
      return name;
    },
    usesKeyRegistry(other) {
      if (config.get('KEY_REGISTRY') === 'off') return false;
      if (env[other]) throw new ConfigError(other, 'is set while KEY_REGISTRY is on, but only one can be used');
      return true;
    },
    audience() {
      const audience = config.get('AUDIENCE');
      if (isSameResource(audience, config.get('ISSUER'))) throw new ConfigError('AUDIENCE', 'must not be the issuer');
      return audience;
    },
    aws(service) {
      const { region, credentials, ...found } = findAwsConfig(env, service);
      if (!region) throw new ConfigError('AWS_REGION', 'is not set');
      if (!credentials) throw new ConfigError('AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY', 'is not set');
      return { ...found, region, credentials, urlSuffix: config.get('URL_SUFFIX') };
    },
  };
  return config;
}

/** The domain of the partition: `AWS::URLSuffix` in a template. */
interface UrlSuffix {
  readonly urlSuffix: string;
}

interface FoundAwsConfig {
  readonly region?: string;
  readonly endpoint?: string;
  readonly patience?: number;
  readonly credentials?: Credentials;
}

export function findAwsConfig(env: Environment, service: AwsService): FoundAwsConfig {
  const { AWS_REGION: region, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  const sessionToken = env['AWS_SESSION_TOKEN'];
  const endpoint = env[`AWS_ENDPOINT_URL_${service}`] || env['AWS_ENDPOINT_URL'];
  const patience = readPatience(endpoint, env['LOCAL_PATIENCE']);
  return {
    ...(region && { region }),
    ...(endpoint && { endpoint }),
    ...(patience !== undefined && { patience }),
    ...(accessKeyId &&
      secretAccessKey && { credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } }),
  };
}

/** For an emulated service on a busy machine: the local stack and tests. Ignored unless the endpoint is on loopback. */
function readPatience(endpoint: string | undefined, value: string | undefined): number | undefined {
  if (!value || !endpoint || !LOOPBACK_HOSTS.has(new URL(endpoint).hostname)) return undefined;
  const patience = Number(value);
  if (!(patience > 0 && patience <= 1000)) throw new ConfigError('LOCAL_PATIENCE', 'must be a number up to 1000');
  return patience;
}
