import { alternatives, type Config, type Environment, readAwsConfig, readOneOf } from './config.ts';
import { extensions } from './extensions.ts';
import { createKms, type Kms } from './keys/kms.ts';
import { deriveHandleKeys } from './keys/kms-handle-keys.ts';
import { kmsSigners } from './keys/kms-signer.ts';
import { createSealingKeys } from './keys/sealing-key.ts';
import { keySigners, type Signers } from './keys/signer.ts';
import { keyVerifiers } from './keys/verifier.ts';
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
import { createReferenceTokenStore } from './store/reference-token.ts';
import { createResourceServerStore } from './store/resource-server.ts';
import { createRevocationStore } from './store/revocation.ts';
import { createUserStore } from './store/user.ts';
import { createJwtVerifier } from './tokens/jws.ts';
import { ACCESS_TOKEN_TYP } from './tokens/jwt.ts';
import { authenticateUser } from './users/authenticate-user.ts';
import { idTokenClaims } from './users/id-token-claims.ts';

// What several functions have in common; compose.ts makes their contexts of it.

export const VERIFYING = [
  'ISSUER',
  'TABLE_NAME',
  'VERIFICATION_KEYS',
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
    verifyJwt: createJwtVerifier(ACCESS_TOKEN_TYP, keyVerifiers(config.VERIFICATION_KEYS)),
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
    signers: signers(kms, env),
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

export function signers(kms: Kms, env: Environment | undefined): Signers {
  const keys = readOneOf(alternatives.signing, env);
  return keys.name === 'SIGNING_KEYS' ? keySigners(keys.value) : kmsSigners(keys.value, kms);
}

export function handles(issuer: string, kms: Kms, env: Environment | undefined): Lazy<Handles> {
  const keys = readOneOf(alternatives.handles, env);
  if (keys.name === 'HANDLE_KMS_KEYS') {
    return lazy(async () => createHandles(issuer, await deriveHandleKeys(issuer, keys.value, kms)));
  }
  const known = createHandles(issuer, keys.value);
  return () => known;
}
