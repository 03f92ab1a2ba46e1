import type { Caller } from './client-authentication/authenticate.ts';
import { alternatives, type Environment, readAwsConfig, readConfig, readOneOf } from './config.ts';
import type {
  AuthorizerContext,
  BackchannelContext,
  DiscoveryContext,
  IntrospectionContext,
  JwksContext,
  LogContext,
  LogoutContext,
  RevocationContext,
  TokenContext,
  UserinfoContext,
} from './context.ts';
import { extensions } from './extensions.ts';
import { createKms, type Kms } from './keys/kms.ts';
import { deriveHandleKeys } from './keys/kms-handle-keys.ts';
import { kmsSigners } from './keys/kms-signer.ts';
import { createOpeningKeys, createSealingKeys } from './keys/sealing-key.ts';
import { keySigners, type Signers } from './keys/signer.ts';
import { keyVerifiers } from './keys/verifier.ts';
import { createLog } from './log.ts';
import { type Clock, systemClock } from './oauth/clock.ts';
import { createHandles, type Handles } from './oauth/handle.ts';
import { type Lazy, lazy } from './oauth/lazy.ts';
import { createRevocationList } from './revocation/list.ts';
import { createAttemptStore } from './store/attempt.ts';
import { cached } from './store/cached.ts';
import { createClientStore } from './store/client.ts';
import { createTable } from './store/dynamodb.ts';
import { createEpochStore } from './store/epoch.ts';
import { createGrantStore } from './store/grant.ts';
import { createLogoutDeliveryStore } from './store/logout-delivery.ts';
import { createReferenceTokenStore } from './store/reference-token.ts';
import { createResourceServerStore } from './store/resource-server.ts';
import { createRevocationStore } from './store/revocation.ts';
import { createSessionStore } from './store/session.ts';
import { createUserStore } from './store/user.ts';
import { ID_TOKEN_TYP } from './tokens/id-token.ts';
import { createJwtVerifier } from './tokens/jws.ts';
import { ACCESS_TOKEN_TYP } from './tokens/jwt.ts';
import { authenticateUser } from './users/authenticate-user.ts';
import { idTokenClaims } from './users/id-token-claims.ts';

// The only file that joins the parts. Each function reads just the variables that it needs.

const VERIFYING = [
  'ISSUER',
  'TABLE_NAME',
  'VERIFICATION_KEYS',
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
      'ID_TOKEN_LIFETIME_SECONDS',
      'REFRESH_TOKEN_LIFETIME_SECONDS',
      'REFRESH_TOKEN_IDLE_LIFETIME_SECONDS',
      'REFRESH_REUSE_INTERVAL_SECONDS',
      'CLIENT_CACHE_SECONDS',
      'LOG_LEVEL',
    ],
    env,
  );
  const table = createTable({ tableName: config.TABLE_NAME, ...readAwsConfig(env) });
  const users = createUserStore(table);
  const kms = createKms(readAwsConfig(env, 'KMS'));
  return {
    log: createLog(config.LOG_LEVEL),
    clock,
    issuer: config.ISSUER,
    signers: signers(kms, env),
    handles: handles(config.ISSUER, kms, env),
    sealingKeys: createSealingKeys(config.ISSUER, config.SEALING_KEYS),
    referenceTokens: createReferenceTokenStore(table),
    defaultLifetime: config.ACCESS_TOKEN_LIFETIME_SECONDS,
    maxLifetime: config.ACCESS_TOKEN_MAX_LIFETIME_SECONDS,
    idTokenLifetime: config.ID_TOKEN_LIFETIME_SECONDS,
    refreshTokenLifetime: config.REFRESH_TOKEN_LIFETIME_SECONDS,
    refreshTokenIdleLifetime: config.REFRESH_TOKEN_IDLE_LIFETIME_SECONDS,
    reuseInterval: config.REFRESH_REUSE_INTERVAL_SECONDS,
    grants: createGrantStore(table),
    epochs: createEpochStore(table),
    revocations: createRevocationList(createRevocationStore(table), clock),
    extensions,
    idTokenClaims: (grant, byScope) => idTokenClaims(grant, byScope, { extensions, findUser: users.find }),
    authenticateUser: (username, password, address) =>
      authenticateUser(username, password, address, { clock, extensions, users, attempts: createAttemptStore(table) }),
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
  return {
    ...context,
    grants: createGrantStore(table),
    findClient: cached(createClientStore(table).find, config.CLIENT_CACHE_SECONDS, clock),
  };
}

export function userinfoContext(env?: Environment, clock: Clock = systemClock): UserinfoContext {
  const config = readConfig([...VERIFYING, 'CLIENT_CACHE_SECONDS'], env);
  const { table, ...context } = verifying(config, clock, env);
  return {
    ...context,
    extensions,
    findClient: cached(createClientStore(table).find, config.CLIENT_CACHE_SECONDS, clock),
    findGrant: createGrantStore(table).find,
    findUser: createUserStore(table).find,
  };
}

const pages = {
  confirmSignOut: ({ action, fields }: { action: string; fields: object }) => ({
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: JSON.stringify({ action, fields }),
  }),
  signedOut: () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: 'signed out' }),
  refused: (error: { status: number; code: string }) => ({
    status: error.status,
    headers: { 'content-type': 'text/html' },
    body: error.code,
  }),
};

export function logoutContext(env?: Environment, clock: Clock = systemClock): LogoutContext {
  const config = readConfig(
    [
      'ISSUER',
      'TABLE_NAME',
      'VERIFICATION_KEYS',
      'ACCESS_TOKEN_MAX_LIFETIME_SECONDS',
      'CLIENT_CACHE_SECONDS',
      'LOG_LEVEL',
    ],
    env,
  );
  const table = createTable({ tableName: config.TABLE_NAME, ...readAwsConfig(env) });
  return {
    log: createLog(config.LOG_LEVEL),
    clock,
    issuer: config.ISSUER,
    maxLifetime: config.ACCESS_TOKEN_MAX_LIFETIME_SECONDS,
    verifyIdToken: createJwtVerifier(ID_TOKEN_TYP, keyVerifiers(config.VERIFICATION_KEYS)),
    handles: handles(config.ISSUER, createKms(readAwsConfig(env, 'KMS')), env),
    sessions: createSessionStore(table),
    grants: createGrantStore(table),
    deliveries: createLogoutDeliveryStore(table),
    revocations: createRevocationList(createRevocationStore(table), clock),
    findClient: cached(createClientStore(table).find, config.CLIENT_CACHE_SECONDS, clock),
    pages,
  };
}

export function backchannelContext(env?: Environment, clock: Clock = systemClock): BackchannelContext {
  const config = readConfig(['ISSUER', 'TABLE_NAME', 'LOG_LEVEL'], env);
  const table = createTable({ tableName: config.TABLE_NAME, ...readAwsConfig(env) });
  return {
    log: createLog(config.LOG_LEVEL),
    clock,
    issuer: config.ISSUER,
    signers: signers(createKms(readAwsConfig(env, 'KMS')), env),
    deliveries: createLogoutDeliveryStore(table),
    findClient: createClientStore(table).find,
  };
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
  const { ISSUER, VERIFICATION_KEYS, LOG_LEVEL } = readConfig(['ISSUER', 'VERIFICATION_KEYS', 'LOG_LEVEL'], env);
  const signingAlgorithms = [...new Set(VERIFICATION_KEYS.map(({ alg }) => alg))];
  return { log: createLog(LOG_LEVEL), issuer: ISSUER, signingAlgorithms };
}

export function jwksContext(env?: Environment): JwksContext {
  const { VERIFICATION_KEYS, LOG_LEVEL } = readConfig(['VERIFICATION_KEYS', 'LOG_LEVEL'], env);
  return { log: createLog(LOG_LEVEL), keys: VERIFICATION_KEYS.map(({ jwk }) => jwk) };
}

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
    verifyJwt: createJwtVerifier(ACCESS_TOKEN_TYP, keyVerifiers(config.VERIFICATION_KEYS)),
    handles: handles(config.ISSUER, createKms(readAwsConfig(env, 'KMS')), env),
    decryptionKeys: new Map(config.DECRYPTION_KEYS.map((key) => [key.kid, key])),
    openingKeys: createSealingKeys(config.ISSUER, config.SEALING_KEYS),
    referenceTokens: createReferenceTokenStore(table),
    revocations: createRevocationList(createRevocationStore(table), clock),
  };
}

function signers(kms: Kms, env: Environment | undefined): Signers {
  const keys = readOneOf(alternatives.signing, env);
  return keys.name === 'SIGNING_KEYS' ? keySigners(keys.value) : kmsSigners(keys.value, kms);
}

function handles(issuer: string, kms: Kms, env: Environment | undefined): Lazy<Handles> {
  const keys = readOneOf(alternatives.handles, env);
  if (keys.name === 'HANDLE_KMS_KEYS') {
    return lazy(async () => createHandles(issuer, await deriveHandleKeys(issuer, keys.value, kms)));
  }
  const known = createHandles(issuer, keys.value);
  return () => known;
}
