import { type Config, signingKeys } from '../config.ts';
import { createRegistryCopy } from '../key-registry/copy.ts';
import { findOrCreateRegistry, type StoredRegistry } from '../key-registry/first-key.ts';
import { type KeyRegistry, publishedKeys, type RegisteredKey } from '../key-registry/registry.ts';
import { registrySigners } from '../key-registry/signers.ts';
import { createKeyRegistryStore, KEY_REGISTRY, keyOfKeyRegistry, readKeyRegistry } from '../key-registry/store.ts';
import { registryVerifiers } from '../key-registry/verifiers.ts';
import type { AlgorithmName } from '../keys/algorithm.ts';
import { keySigners, type Signers } from '../keys/signer.ts';
import type { SigningJwk } from '../keys/signing-key.ts';
import { keyVerifiers } from '../keys/verifier.ts';
import { kmsSigners } from '../kms/signers.ts';
import { createWrappedKey } from '../kms/wrapped-key.ts';
import { createItemReader } from '../store/item-reader.ts';
import { createSchemaCheck } from '../store/schema.ts';
import type { Table } from '../store/table.ts';
import { createChangingJwtVerifier, createJwtVerifier } from '../tokens/jws.ts';
import type { Foundation, FoundationWithTable } from './foundation.ts';

/** From the registry, the environment or KMS. */
export function signers(base: FoundationWithTable): Signers {
  const { config, kms } = base;
  if (config.usesKeyRegistry('SIGNING_KMS_KEYS')) return signersOfRegistry(base);
  return config.findOnlyOne(signingKeys) === 'SIGNING_KEYS'
    ? keySigners(config.get('SIGNING_KEYS'))
    : kmsSigners(config.get('SIGNING_KMS_KEYS'), kms);
}

function signersOfRegistry({ config, clock, issuer, table, kms }: FoundationWithTable): Signers {
  const keys = config.find('SIGNING_KEYS') ?? [];
  const wrappingKey = config.find('WRAPPING_KMS_KEY');
  const alg = config.get('NEW_KEY_ALGORITHM');
  const createKey = wrappingKey === undefined ? undefined : () => createWrappedKey(kms, { issuer, wrappingKey, alg });
  const copy = createRegistryCopy(findOrCreateRegistry(storedRegistry(table), createKey, clock), clock);
  return registrySigners(copy, { issuer, kms, keys });
}

/** Of one `typ`, and until when the loaded keys may be relied on. */
export function jwtVerification(typ: string, { config, clock, table }: FoundationWithTable) {
  if (!config.usesKeyRegistry('VERIFICATION_KEYS')) {
    const verifyJwt = createJwtVerifier(typ, keyVerifiers(config.get('VERIFICATION_KEYS')));
    return { verifyJwt, keysUntil: () => Number.POSITIVE_INFINITY };
  }
  const copy = createRegistryCopy(storedRegistry(table).find, clock);
  const verifyJwt = createChangingJwtVerifier(typ, registryVerifiers(copy, clock));
  return { verifyJwt, keysUntil: copy.freshUntil };
}

/** For functions that do not load the table. */
export function publishedKeysReader({ config, clock }: Foundation): () => Promise<readonly SigningJwk[]> {
  if (!config.usesKeyRegistry('VERIFICATION_KEYS')) {
    const keys = config.get('VERIFICATION_KEYS').map(({ jwk }) => jwk);
    return async () => keys;
  }
  const copy = createRegistryCopy(registryReader(config), clock);
  return async () => publishedKeys(await copy.fresh()).map(({ jwk }) => jwk);
}

/** Before the first token request has created a key, the algorithm that it will have: clients read the metadata first. */
export function publishedAlgorithmsReader(base: Foundation): () => Promise<AlgorithmName[]> {
  const { config, clock } = base;
  if (!config.usesKeyRegistry('VERIFICATION_KEYS')) {
    const keys = publishedKeysReader(base);
    return async () => (await keys()).map(({ alg }) => alg);
  }
  const alg = config.find('NEW_KEY_ALGORITHM');
  const first = alg && { keys: [{ alg, status: 'next' as const }] };
  const read = registryReader(config);
  const copy = createRegistryCopy<{ keys: readonly Pick<RegisteredKey, 'alg' | 'status'>[] }>(
    async () => (await read()) ?? first,
    clock,
  );
  return async () => publishedKeys(await copy.fresh()).map((key) => key.alg);
}

function storedRegistry(table: Table): StoredRegistry {
  const { find, create } = createKeyRegistryStore(table);
  return { find: () => find(KEY_REGISTRY), create };
}

function registryReader(config: Config): () => Promise<KeyRegistry | undefined> {
  const read = createItemReader({ tableName: config.get('TABLE_NAME'), ...config.aws('DYNAMODB') });
  const { checkDuring } = createSchemaCheck(read);
  return async () => readKeyRegistry(await checkDuring(read(keyOfKeyRegistry)));
}
