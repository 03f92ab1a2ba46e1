import type { Caller } from './client-authentication/authenticate.ts';
import {
  alternatives,
  type Environment,
  readAwsConfig,
  readConfig,
  readOneOf,
  readOptional,
  usesKeyRegistry,
} from './config.ts';
import type {
  AuthorizerContext,
  DiscoveryContext,
  IntrospectionContext,
  JwksContext,
  LogContext,
  RevocationContext,
  RotationContext,
  TokenContext,
} from './context.ts';
import { extensions } from './extensions.ts';
import { findOrStart, type StoredRegistry } from './keys/first-start.ts';
import { type KeyRegistry, publishedKeys } from './keys/key-registry.ts';
import { createKms, type Kms } from './keys/kms.ts';
import { deriveHandleKeys } from './keys/kms-handle-keys.ts';
import { kmsSigners } from './keys/kms-signer.ts';
import { createRegistryCopy } from './keys/registry-copy.ts';
import { registrySigners } from './keys/registry-signers.ts';
import { registryVerifiers } from './keys/registry-verifiers.ts';
import { createOpeningKeys, createSealingKeys } from './keys/sealing-key.ts';
import { keySigners, type Signers } from './keys/signer.ts';
import { keyVerifiers } from './keys/verifier.ts';
import { createWrappedKey } from './keys/wrapped-key.ts';
import { createLog } from './log.ts';
import { type Clock, systemClock } from './oauth/clock.ts';
import { createHandles, type Handles } from './oauth/handle.ts';
import { type Lazy, lazy } from './oauth/lazy.ts';
import { createRevocationList } from './revocation/list.ts';
import { cached } from './store/cached.ts';
import { createClientStore } from './store/client.ts';
import { createTable } from './store/dynamodb.ts';
import { createItemReader } from './store/item-reader.ts';
import { createKeyRegistryStore, KEY_REGISTRY, keyOfKeyRegistry } from './store/key-registry.ts';
import { createReferenceTokenStore } from './store/reference-token.ts';
import { createResourceServerStore } from './store/resource-server.ts';
import { createRevocationStore } from './store/revocation.ts';
import type { Table } from './store/table.ts';
import { createChangingJwtVerifier, createJwtVerifier } from './tokens/jws.ts';
import { ACCESS_TOKEN_TYP } from './tokens/jwt.ts';

// The only file that joins the parts. Each function reads just the variables that it needs.

const VERIFYING = [
  'ISSUER',
  'TABLE_NAME',
  'DECRYPTION_KEYS',
  'SEALING_KEYS',
  'CLOCK_SKEW_SECONDS',
  'ACCESS_TOKEN_MAX_LIFETIME_SECONDS',
  'LOG_LEVEL',
] as const;

export function tokenContext(env?: Environment, clock: Clock = systemClock): TokenContext {
  const config = readConfig(
    [
      'ISSUER',
      'TABLE_NAME',
      'SEALING_KEYS',
      'ACCESS_TOKEN_LIFETIME_SECONDS',
      'ACCESS_TOKEN_MAX_LIFETIME_SECONDS',
      'CLIENT_CACHE_SECONDS',
      'LOG_LEVEL',
    ],
    env,
  );
  const table = createTable({ tableName: config.TABLE_NAME, ...readAwsConfig(env) });
  const kms = createKms(readAwsConfig(env, 'KMS'));
  return {
    log: createLog(config.LOG_LEVEL),
    clock,
    issuer: config.ISSUER,
    signers: signers(config.ISSUER, kms, table, clock, env),
    handles: handles(config.ISSUER, kms, env),
    sealingKeys: createSealingKeys(config.ISSUER, config.SEALING_KEYS),
    referenceTokens: createReferenceTokenStore(table),
    defaultLifetime: config.ACCESS_TOKEN_LIFETIME_SECONDS,
    maxLifetime: config.ACCESS_TOKEN_MAX_LIFETIME_SECONDS,
    extensions,
    findClient: cached(createClientStore(table).find, config.CLIENT_CACHE_SECONDS, clock),
    findResourceServer: cached(createResourceServerStore(table).find, config.CLIENT_CACHE_SECONDS, clock),
  };
}

export function introspectionContext(env?: Environment, clock: Clock = systemClock): IntrospectionContext {
  const config = readConfig([...VERIFYING, 'CLIENT_CACHE_SECONDS'], env);
  const { table, ...context } = verifying(config, clock, env);
  const clients = createClientStore(table);
  const resourceServers = createResourceServerStore(table);
  const findCaller = async (id: string): Promise<Caller | undefined> => {
    const [resourceServer, client] = await Promise.all([resourceServers.find(id), clients.find(id)]);
    if (resourceServer) return { resourceServer };
    return client && { client };
  };
  return { ...context, findCaller: cached(findCaller, config.CLIENT_CACHE_SECONDS, clock) };
}

export function revocationContext(env?: Environment, clock: Clock = systemClock): RevocationContext {
  const config = readConfig([...VERIFYING, 'CLIENT_CACHE_SECONDS'], env);
  const { table, ...context } = verifying(config, clock, env);
  return { ...context, findClient: cached(createClientStore(table).find, config.CLIENT_CACHE_SECONDS, clock) };
}

export function authorizerContext(env?: Environment, clock: Clock = systemClock): AuthorizerContext {
  const config = readConfig(
    [...VERIFYING, 'OPENING_KEYS', 'AUDIENCE', 'REVOCATION_MAX_AGE_SECONDS', 'AUTHORIZER_RESPONSE'],
    env,
  );
  const { table: _, ...context } = verifying(config, clock, env);
  const own = createOpeningKeys(config.AUDIENCE, config.OPENING_KEYS);
  return {
    ...context,
    openingKeys: { find: (id, audience) => own.find(id, audience) ?? context.openingKeys.find(id, audience) },
    audience: config.AUDIENCE,
    maxAge: config.REVOCATION_MAX_AGE_SECONDS,
    responseType: config.AUTHORIZER_RESPONSE,
    extensions,
  };
}

export function discoveryContext(env?: Environment): DiscoveryContext {
  const { ISSUER, LOG_LEVEL } = readConfig(['ISSUER', 'LOG_LEVEL'], env);
  return { log: createLog(LOG_LEVEL), issuer: ISSUER };
}

/** Ten minutes: how long a verifier may go on without a new key. */
const JWKS_MAX_AGE = 600;

export function jwksContext(env?: Environment, clock: Clock = systemClock): JwksContext {
  const log = createLog(readConfig(['LOG_LEVEL'], env).LOG_LEVEL);
  if (!usesKeyRegistry('VERIFICATION_KEYS', env)) {
    const keys = readConfig(['VERIFICATION_KEYS'], env).VERIFICATION_KEYS.map(({ jwk }) => jwk);
    return { log, keys: () => keys, maxAge: JWKS_MAX_AGE };
  }
  const { TABLE_NAME, JWKS_CACHE_SECONDS } = readConfig(['TABLE_NAME', 'JWKS_CACHE_SECONDS'], env);
  const read = createItemReader({ tableName: TABLE_NAME, ...readAwsConfig(env) });
  const copy = createRegistryCopy(async () => (await read(keyOfKeyRegistry)) as KeyRegistry | undefined, clock);
  const keys = async () => publishedKeys(await copy.fresh()).map(({ jwk }) => jwk);
  return { log, keys, maxAge: Math.min(JWKS_MAX_AGE, JWKS_CACHE_SECONDS) };
}

export function rotationContext(env?: Environment, clock: Clock = systemClock): RotationContext {
  const config = readConfig(
    [
      'ISSUER',
      'TABLE_NAME',
      'WRAPPING_KMS_KEY',
      'NEW_KEY_ALGORITHM',
      'JWKS_CACHE_SECONDS',
      'KEY_ROTATION_SECONDS',
      'ACCESS_TOKEN_MAX_LIFETIME_SECONDS',
      'LOG_LEVEL',
    ],
    env,
  );
  const kms = createKms({ ...readAwsConfig(env, 'KMS'), patience: UNHURRIED });
  const { ISSUER: issuer, WRAPPING_KMS_KEY: wrappingKey } = config;
  return {
    log: createLog(config.LOG_LEVEL),
    clock,
    policy: {
      jwksCache: config.JWKS_CACHE_SECONDS,
      maxLifetime: config.ACCESS_TOKEN_MAX_LIFETIME_SECONDS,
      period: config.KEY_ROTATION_SECONDS,
      algorithm: config.NEW_KEY_ALGORITHM,
    },
    registry: createKeyRegistryStore(createTable({ tableName: config.TABLE_NAME, ...readAwsConfig(env) })),
    createKey: (alg) => createWrappedKey(kms, { issuer, wrappingKey, alg }),
  };
}

/** Nobody waits for a schedule. */
const UNHURRIED = 10;

export function whoamiContext(env?: Environment): LogContext {
  return { log: createLog(readConfig(['LOG_LEVEL'], env).LOG_LEVEL) };
}

type VerifyingConfig = ReturnType<typeof readConfig<(typeof VERIFYING)[number]>>;

/** What every function has that is shown tokens. */
function verifying(config: VerifyingConfig, clock: Clock, env: Environment | undefined) {
  const table = createTable({ tableName: config.TABLE_NAME, ...readAwsConfig(env) });
  return {
    table,
    log: createLog(config.LOG_LEVEL),
    clock,
    issuer: config.ISSUER,
    clockSkew: config.CLOCK_SKEW_SECONDS,
    maxLifetime: config.ACCESS_TOKEN_MAX_LIFETIME_SECONDS,
    ...jwtVerification(table, clock, env),
    handles: handles(config.ISSUER, createKms(readAwsConfig(env, 'KMS')), env),
    decryptionKeys: new Map(config.DECRYPTION_KEYS.map((key) => [key.kid, key])),
    openingKeys: createSealingKeys(config.ISSUER, config.SEALING_KEYS),
    referenceTokens: createReferenceTokenStore(table),
    revocations: createRevocationList(createRevocationStore(table), clock),
  };
}

function jwtVerification(table: Table, clock: Clock, env: Environment | undefined) {
  if (!usesKeyRegistry('VERIFICATION_KEYS', env)) {
    const { VERIFICATION_KEYS } = readConfig(['VERIFICATION_KEYS'], env);
    const verifyJwt = createJwtVerifier(ACCESS_TOKEN_TYP, keyVerifiers(VERIFICATION_KEYS));
    return { verifyJwt, keysUntil: () => Number.POSITIVE_INFINITY };
  }
  const copy = createRegistryCopy(storedRegistry(table).find, clock);
  const verifyJwt = createChangingJwtVerifier(ACCESS_TOKEN_TYP, registryVerifiers(copy, clock));
  return { verifyJwt, keysUntil: copy.freshUntil };
}

function storedRegistry(table: Table): StoredRegistry {
  const { find, create } = createKeyRegistryStore<KeyRegistry>(table);
  return { find: () => find(KEY_REGISTRY), create };
}

function signers(issuer: string, kms: Kms, table: Table, clock: Clock, env: Environment | undefined): Signers {
  if (usesKeyRegistry('SIGNING_KMS_KEYS', env)) return signersOfRegistry(issuer, kms, table, clock, env);
  const keys = readOneOf(alternatives.signing, env);
  return keys.name === 'SIGNING_KEYS' ? keySigners(keys.value) : kmsSigners(keys.value, kms);
}

function signersOfRegistry(issuer: string, kms: Kms, table: Table, clock: Clock, env: Environment | undefined) {
  const keys = readOptional('SIGNING_KEYS', env) ?? [];
  const wrappingKey = readOptional('WRAPPING_KMS_KEY', env);
  const { NEW_KEY_ALGORITHM: alg } = readConfig(['NEW_KEY_ALGORITHM'], env);
  const createKey = wrappingKey && (() => createWrappedKey(kms, { issuer, wrappingKey, alg }));
  const copy = createRegistryCopy(findOrStart(storedRegistry(table), createKey || undefined, clock), clock);
  return registrySigners(copy, { issuer, kms, keys });
}

function handles(issuer: string, kms: Kms, env: Environment | undefined): Lazy<Handles> {
  const keys = readOneOf(alternatives.handles, env);
  if (keys.name === 'HANDLE_KMS_KEYS') {
    return lazy(async () => createHandles(issuer, await deriveHandleKeys(issuer, keys.value, kms)));
  }
  const known = createHandles(issuer, keys.value);
  return () => known;
}
