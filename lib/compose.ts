import type { AuthorizerContext } from './authorizer/authorizer.ts';
import type { Caller } from './client-authentication/authenticate.ts';
import { type Environment, readAwsConfig, readConfig } from './config.ts';
import type { AuthorizationContext } from './endpoints/authorization.ts';
import type { DiscoveryContext } from './endpoints/discovery.ts';
import type { IntrospectionContext } from './endpoints/introspection.ts';
import type { JwksContext } from './endpoints/jwks.ts';
import type { LogoutContext } from './endpoints/logout.ts';
import type { RevocationContext } from './endpoints/revocation.ts';
import type { TokenContext } from './endpoints/token.ts';
import type { UserinfoContext } from './endpoints/userinfo.ts';
import { extensions } from './extensions.ts';
import type { BackchannelContext } from './jobs/backchannel.ts';
import type { RotationContext } from './jobs/rotation.ts';
import { createKms } from './keys/kms.ts';
import { createOpeningKeys } from './keys/sealing-key.ts';
import { createWrappedKey } from './keys/wrapped-key.ts';
import { createLog, type LogContext } from './log.ts';
import { type Clock, systemClock } from './oauth/clock.ts';
import { Unavailable } from './oauth/errors.ts';
import {
  handles,
  ISSUING,
  issuing,
  jwtVerification,
  published,
  publishedAlgorithms,
  SERVICE,
  service,
  signers,
  VERIFYING,
  verifying,
} from './parts.ts';
import { createRevocationList } from './revocation/list.ts';
import { cached } from './store/cached.ts';
import { createClientStore } from './store/client.ts';
import { createConsentStore } from './store/consent.ts';
import { createTable } from './store/dynamodb.ts';
import { createGrantStore } from './store/grant.ts';
import { createKeyRegistryStore } from './store/key-registry.ts';
import { createLogoutDeliveryStore } from './store/logout-delivery.ts';
import { createResourceServerStore } from './store/resource-server.ts';
import { createRevocationStore } from './store/revocation.ts';
import { createSessionStore } from './store/session.ts';
import { createUserStore } from './store/user.ts';
import { ID_TOKEN_TYP } from './tokens/id-token.ts';

// The only file that joins the parts. Each function reads just the variables that it needs.

export function tokenContext(env?: Environment, clock: Clock = systemClock): TokenContext {
  const config = readConfig([...ISSUING, 'REFRESH_REUSE_INTERVAL_SECONDS'], env);
  const { table: _, ...context } = issuing(config, clock, env);
  return { ...context, reuseInterval: config.REFRESH_REUSE_INTERVAL_SECONDS };
}

export function authorizationContext(env?: Environment, clock: Clock = systemClock): AuthorizationContext {
  const config = readConfig([...ISSUING, ...SERVICE, 'CODE_LIFETIME_SECONDS', 'SESSION_LIFETIME_SECONDS'], env);
  const { table, ...context } = issuing(config, clock, env);
  return {
    ...context,
    service: service(config),
    codeLifetime: config.CODE_LIFETIME_SECONDS,
    sessionLifetime: config.SESSION_LIFETIME_SECONDS,
    verifyIdToken: jwtVerification(ID_TOKEN_TYP, table, clock, env).verifyJwt,
    sessions: createSessionStore(table),
    consents: createConsentStore(table),
    deliveries: createLogoutDeliveryStore(table),
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

export function logoutContext(env?: Environment, clock: Clock = systemClock): LogoutContext {
  const config = readConfig(
    ['ISSUER', 'TABLE_NAME', 'ACCESS_TOKEN_MAX_LIFETIME_SECONDS', 'CLIENT_CACHE_SECONDS', 'LOG_LEVEL', ...SERVICE],
    env,
  );
  const table = createTable({ tableName: config.TABLE_NAME, ...readAwsConfig(env) });
  return {
    log: createLog(config.LOG_LEVEL),
    clock,
    issuer: config.ISSUER,
    maxLifetime: config.ACCESS_TOKEN_MAX_LIFETIME_SECONDS,
    verifyIdToken: jwtVerification(ID_TOKEN_TYP, table, clock, env).verifyJwt,
    handles: handles(config.ISSUER, createKms(readAwsConfig(env, 'KMS')), env),
    sessions: createSessionStore(table),
    grants: createGrantStore(table),
    deliveries: createLogoutDeliveryStore(table),
    revocations: createRevocationList(createRevocationStore(table), clock),
    findClient: cached(createClientStore(table).find, config.CLIENT_CACHE_SECONDS, clock),
    service: service(config),
  };
}

export function backchannelContext(env?: Environment, clock: Clock = systemClock): BackchannelContext {
  const config = readConfig(['ISSUER', 'TABLE_NAME', 'LOG_LEVEL'], env);
  const table = createTable({ tableName: config.TABLE_NAME, ...readAwsConfig(env) });
  return {
    log: createLog(config.LOG_LEVEL),
    clock,
    issuer: config.ISSUER,
    signers: signers(config.ISSUER, createKms(readAwsConfig(env, 'KMS')), table, clock, env),
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

export function discoveryContext(env?: Environment, clock: Clock = systemClock): DiscoveryContext {
  const { ISSUER, LOG_LEVEL, JWKS_CACHE_SECONDS } = readConfig(['ISSUER', 'LOG_LEVEL', 'JWKS_CACHE_SECONDS'], env);
  const algorithms = publishedAlgorithms(clock, env);
  // Of all that are published: a client has to know of an algorithm before its first token, and until after its last.
  const signingAlgorithms = async () => {
    const [first, ...others] = new Set(await algorithms());
    if (first === undefined) throw new Unavailable('a published key');
    return [first, ...others];
  };
  const maxAge = Math.min(DISCOVERY_MAX_AGE, JWKS_CACHE_SECONDS);
  return { log: createLog(LOG_LEVEL), issuer: ISSUER, signingAlgorithms, maxAge };
}

/** An hour. Who goes on with what is older than its key set refuses a new algorithm. */
const DISCOVERY_MAX_AGE = 3600;

/** Ten minutes: how long a verifier may go on without a new key. */
const JWKS_MAX_AGE = 600;

export function jwksContext(env?: Environment, clock: Clock = systemClock): JwksContext {
  const { LOG_LEVEL, JWKS_CACHE_SECONDS } = readConfig(['LOG_LEVEL', 'JWKS_CACHE_SECONDS'], env);
  const maxAge = Math.min(JWKS_MAX_AGE, JWKS_CACHE_SECONDS);
  return { log: createLog(LOG_LEVEL), keys: published(clock, env), maxAge };
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
      'ID_TOKEN_LIFETIME_SECONDS',
      'LOG_LEVEL',
    ],
    env,
  );
  const { patience = 1, ...aws } = readAwsConfig(env, 'KMS');
  const kms = createKms({ ...aws, patience: UNHURRIED * patience });
  const { ISSUER: issuer, WRAPPING_KMS_KEY: wrappingKey } = config;
  return {
    log: createLog(config.LOG_LEVEL),
    clock,
    policy: {
      jwksCache: config.JWKS_CACHE_SECONDS,
      maxLifetime: Math.max(config.ACCESS_TOKEN_MAX_LIFETIME_SECONDS, config.ID_TOKEN_LIFETIME_SECONDS),
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
