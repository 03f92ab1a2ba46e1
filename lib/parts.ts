import {
  alternatives,
  type Config,
  type Environment,
  readAwsConfig,
  readConfig,
  readOneOf,
  readOptional,
  usesKeyRegistry,
} from './config.ts';
import { extensions } from './extensions.ts';
import type { AlgorithmName } from './keys/algorithm.ts';
import { findOrStart, type StoredRegistry } from './keys/first-start.ts';
import type { PublicJwk } from './keys/jwk.ts';
import { type KeyRegistry, publishedKeys, type RegisteredKey } from './keys/key-registry.ts';
import { createKms, type Kms } from './keys/kms.ts';
import { deriveHandleKeys } from './keys/kms-handle-keys.ts';
import { kmsSigners } from './keys/kms-signer.ts';
import { createRegistryCopy } from './keys/registry-copy.ts';
import { registrySigners } from './keys/registry-signers.ts';
import { registryVerifiers } from './keys/registry-verifiers.ts';
import { createSealingKeys } from './keys/sealing-key.ts';
import { keySigners, type Signers } from './keys/signer.ts';
import { keyVerifiers } from './keys/verifier.ts';
import { createWrappedKey } from './keys/wrapped-key.ts';
import { createLog } from './log.ts';
import type { Clock } from './oauth/clock.ts';
import { createHandles, type Handles } from './oauth/handle.ts';
import { type Lazy, lazy } from './oauth/lazy.ts';
import type { Service } from './pages/page.ts';
import { createRevocationList } from './revocation/list.ts';
import { createAttemptStore } from './store/attempt.ts';
import { cached } from './store/cached.ts';
import { createClientStore } from './store/client.ts';
import { createTable } from './store/dynamodb.ts';
import { createEpochStore } from './store/epoch.ts';
import { createGrantStore } from './store/grant.ts';
import { createItemReader } from './store/item-reader.ts';
import { createKeyRegistryStore, KEY_REGISTRY, keyOfKeyRegistry } from './store/key-registry.ts';
import { createReferenceTokenStore } from './store/reference-token.ts';
import { createResourceServerStore } from './store/resource-server.ts';
import { createRevocationStore } from './store/revocation.ts';
import type { Table } from './store/table.ts';
import { createUserStore } from './store/user.ts';
import { createChangingJwtVerifier, createJwtVerifier } from './tokens/jws.ts';
import { ACCESS_TOKEN_TYP } from './tokens/jwt.ts';
import { authenticateUser } from './users/authenticate-user.ts';
import { idTokenClaims } from './users/id-token-claims.ts';

// What several functions have in common; compose.ts makes their contexts of it.

export const VERIFYING = [
  'ISSUER',
  'TABLE_NAME',
  'DECRYPTION_KEYS',
  'SEALING_KEYS',
  'CLOCK_SKEW_SECONDS',
  'ACCESS_TOKEN_MAX_LIFETIME_SECONDS',
  'LOG_LEVEL',
] as const;

export const ISSUING = [
  'ISSUER',
  'TABLE_NAME',
  'SEALING_KEYS',
  'ACCESS_TOKEN_LIFETIME_SECONDS',
  'ACCESS_TOKEN_MAX_LIFETIME_SECONDS',
  'ID_TOKEN_LIFETIME_SECONDS',
  'REFRESH_TOKEN_LIFETIME_SECONDS',
  'REFRESH_TOKEN_IDLE_LIFETIME_SECONDS',
  'CLIENT_CACHE_SECONDS',
  'LOG_LEVEL',
] as const;

export const SERVICE = ['SERVICE_NAME', 'SERVICE_LOGO_URI'] as const;

/** What every function has that is shown tokens. */
export function verifying(config: Config<(typeof VERIFYING)[number]>, clock: Clock, env: Environment | undefined) {
  const table = createTable({ tableName: config.TABLE_NAME, ...readAwsConfig(env) });
  return {
    table,
    log: createLog(config.LOG_LEVEL),
    clock,
    issuer: config.ISSUER,
    clockSkew: config.CLOCK_SKEW_SECONDS,
    maxLifetime: config.ACCESS_TOKEN_MAX_LIFETIME_SECONDS,
    ...jwtVerification(ACCESS_TOKEN_TYP, table, clock, env),
    handles: handles(config.ISSUER, createKms(readAwsConfig(env, 'KMS')), env),
    decryptionKeys: new Map(config.DECRYPTION_KEYS.map((key) => [key.kid, key])),
    openingKeys: createSealingKeys(config.ISSUER, config.SEALING_KEYS),
    referenceTokens: createReferenceTokenStore(table),
    revocations: createRevocationList(createRevocationStore(table), clock),
  };
}

/** What every function has that gives clients something in the name of a subject. */
export function issuing(config: Config<(typeof ISSUING)[number]>, clock: Clock, env: Environment | undefined) {
  const table = createTable({ tableName: config.TABLE_NAME, ...readAwsConfig(env) });
  const users = createUserStore(table);
  const attempts = createAttemptStore(table);
  const kms = createKms(readAwsConfig(env, 'KMS'));
  const findUser = users.find;
  return {
    table,
    log: createLog(config.LOG_LEVEL),
    clock,
    issuer: config.ISSUER,
    signers: signers(config.ISSUER, kms, table, clock, env),
    handles: handles(config.ISSUER, kms, env),
    sealingKeys: createSealingKeys(config.ISSUER, config.SEALING_KEYS),
    referenceTokens: createReferenceTokenStore(table),
    defaultLifetime: config.ACCESS_TOKEN_LIFETIME_SECONDS,
    maxLifetime: config.ACCESS_TOKEN_MAX_LIFETIME_SECONDS,
    idTokenLifetime: config.ID_TOKEN_LIFETIME_SECONDS,
    refreshTokenLifetime: config.REFRESH_TOKEN_LIFETIME_SECONDS,
    refreshTokenIdleLifetime: config.REFRESH_TOKEN_IDLE_LIFETIME_SECONDS,
    grants: createGrantStore(table),
    epochs: createEpochStore(table),
    revocations: createRevocationList(createRevocationStore(table), clock),
    extensions,
    findUser,
    idTokenClaims: (grant: Parameters<typeof idTokenClaims>[0], byScope: boolean) =>
      idTokenClaims(grant, byScope, { extensions, findUser }),
    authenticateUser: (username: string, password: string, address: string) =>
      authenticateUser(username, password, address, { clock, extensions, users, attempts }),
    findClient: cached(createClientStore(table).find, config.CLIENT_CACHE_SECONDS, clock),
    findResourceServer: cached(createResourceServerStore(table).find, config.CLIENT_CACHE_SECONDS, clock),
  };
}

export const service = ({
  SERVICE_NAME: name,
  SERVICE_LOGO_URI: logo_uri,
}: Config<(typeof SERVICE)[number]>): Service => ({
  name,
  ...(logo_uri !== undefined && { logo_uri }),
});

/** What verifies our JWTs of one `typ`, and until when what it found may be remembered. */
export function jwtVerification(typ: string, table: Table, clock: Clock, env: Environment | undefined) {
  if (!usesKeyRegistry('VERIFICATION_KEYS', env)) {
    const { VERIFICATION_KEYS } = readConfig(['VERIFICATION_KEYS'], env);
    const verifyJwt = createJwtVerifier(typ, keyVerifiers(VERIFICATION_KEYS));
    return { verifyJwt, keysUntil: () => Number.POSITIVE_INFINITY };
  }
  const copy = createRegistryCopy(storedRegistry(table).find, clock);
  const verifyJwt = createChangingJwtVerifier(typ, registryVerifiers(copy, clock));
  return { verifyJwt, keysUntil: copy.freshUntil };
}

function storedRegistry(table: Table): StoredRegistry {
  const { find, create } = createKeyRegistryStore<KeyRegistry>(table);
  return { find: () => find(KEY_REGISTRY), create };
}

export function signers(issuer: string, kms: Kms, table: Table, clock: Clock, env: Environment | undefined): Signers {
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

/** The public keys, for functions that do without the DynamoDB client. */
export function published(clock: Clock, env: Environment | undefined): () => Promise<readonly PublicJwk[]> {
  if (!usesKeyRegistry('VERIFICATION_KEYS', env)) {
    const keys = readConfig(['VERIFICATION_KEYS'], env).VERIFICATION_KEYS.map(({ jwk }) => jwk);
    return async () => keys;
  }
  const copy = createRegistryCopy(registryReader(env), clock);
  return async () => publishedKeys(await copy.fresh()).map(({ jwk }) => jwk);
}

/**
 * Their algorithms. Where the first token is yet to make the first key, that which the key will have: clients read this
 * before they can ask for a token.
 */
export function publishedAlgorithms(clock: Clock, env: Environment | undefined): () => Promise<AlgorithmName[]> {
  if (!usesKeyRegistry('VERIFICATION_KEYS', env)) {
    const keys = published(clock, env);
    return async () => (await keys()).map(({ alg }) => alg);
  }
  const alg = readOptional('NEW_KEY_ALGORITHM', env);
  const first = alg && { keys: [{ alg, status: 'next' as const }] };
  const read = registryReader(env);
  const copy = createRegistryCopy<{ keys: readonly Pick<RegisteredKey, 'alg' | 'status'>[] }>(
    async () => (await read()) ?? first,
    clock,
  );
  return async () => publishedKeys(await copy.fresh()).map((key) => key.alg);
}

function registryReader(env: Environment | undefined): () => Promise<KeyRegistry | undefined> {
  const { TABLE_NAME } = readConfig(['TABLE_NAME'], env);
  const read = createItemReader({ tableName: TABLE_NAME, ...readAwsConfig(env) });
  return async () => (await read(keyOfKeyRegistry)) as KeyRegistry | undefined;
}

export function handles(issuer: string, kms: Kms, env: Environment | undefined): Lazy<Handles> {
  const keys = readOneOf(alternatives.handles, env);
  if (keys.name === 'HANDLE_KMS_KEYS') {
    return lazy(async () => createHandles(issuer, await deriveHandleKeys(issuer, keys.value, kms)));
  }
  const known = createHandles(issuer, keys.value);
  return () => known;
}
