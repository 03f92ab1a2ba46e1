// A deployment with its keys in the registry, with the stand-in for KMS and a store that counts requests on the wire.
import { createPublicKey } from 'node:crypto';
import { compose as composeRotation } from '../../functions/rotation.ts';
import { type Kms, startKms } from '../../infra/local/kms/server.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { createJobHandler } from '../../lib/jobs/job.ts';
import { rotation } from '../../lib/jobs/rotation.ts';
import { createKeyManagement, type KeyManagement } from '../../lib/key-registry/management.ts';
import type { KeyRegistry, NewKey, StoredRegistry } from '../../lib/key-registry/registry.ts';
import { registrySigner } from '../../lib/key-registry/registry-signer.ts';
import { createKeyRegistryStore, KEY_REGISTRY, keyOfKeyRegistry } from '../../lib/key-registry/store.ts';
import type { AlgorithmName } from '../../lib/keys/algorithm.ts';
import { privateRegistryKey, registryKeyText } from '../../lib/keys/registry-key.ts';
import { createKmsClient } from '../../lib/kms/kms.ts';
import { getKmsKey } from '../../lib/kms/signers.ts';
import { createWrappedKey } from '../../lib/kms/wrapped-key.ts';
import { createRevocationList } from '../../lib/revocation/list.ts';
import type { RecordStore } from '../../lib/store/record.ts';
import { createRevocationStore } from '../../lib/store/revocation.ts';
import type { Table } from '../../lib/store/table.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { type Behaviour, type FaultyStore, onlyIf, type StoreRequest, startFaultyStore } from './faulty-store.ts';
import { createKey, keySpecs } from './kms-world.ts';
import { makeRsaKey } from './rsa-keys.ts';
import { httpEvent, ISSUER, readResult, startWorld, type Variables, type World } from './world.ts';

export interface RegistryWorld extends World {
  readonly kms: Kms;
  readonly store: FaultyStore;
  /** As in the table, whoever has written it. */
  readonly registry: RecordStore<StoredRegistry>;
  /** ARN of the wrapping key. */
  readonly wrappingKey: string;
  createWrapped(alg?: AlgorithmName): Promise<NewKey>;
  /** Makes a key whose private half stays in KMS. */
  createInKms(alg: AlgorithmName): Promise<NewKey>;
  find(): Promise<KeyRegistry>;
  /** Changes the registry, or creates it, and signs it. */
  change(edit: (registry: KeyRegistry | undefined) => KeyRegistry, issuer?: string): Promise<KeyRegistry>;
  /** Deletes the registry. */
  forget(): Promise<void>;
  /** The scheduled function that makes, signs and rotates keys. */
  rotation(variables?: Variables): () => Promise<void>;
}

const registryKey = privateRegistryKey(Buffer.alloc(32, 7));

/** What functions know of the registry key. */
export const registryVariables = { REGISTRY_KEYS: registryKeyText(registryKey) ?? '' };

/** What key management has besides. */
export const managementVariables = {
  ...registryVariables,
  REGISTRY_SIGNING_KEY: Buffer.alloc(32, 7).toString('base64url'),
};

export const manageKeys = (table: Table, clock: Clock, seed?: Buffer, issuer = ISSUER): KeyManagement => {
  const key = seed ? privateRegistryKey(seed) : registryKey;
  return createKeyManagement({
    trust: { issuer, keys: [createPublicKey(key)], maxAge: 604_800 },
    sign: registrySigner(key),
    store: createKeyRegistryStore(table),
    clock,
    revocations: createRevocationList(createRevocationStore(table), clock),
  });
};

/** Starts the deployment without a registry, which the first run of `rotation` creates. */
export async function startRegistryWorld(variables: Variables = {}, clock?: Clock): Promise<RegistryWorld> {
  const kms = await startKms(undefined, makeRsaKey);
  const wrappingKey = createKey(kms, 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT');
  const world = await startWorld(
    {
      KEY_REGISTRY: 'on',
      SIGNING_KEYS: '',
      VERIFICATION_KEYS: '',
      ...registryVariables,
      AWS_ENDPOINT_URL_KMS: kms.endpoint,
      CLIENT_CACHE_SECONDS: '3600',
      ...variables,
    },
    clock,
  );
  const store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  const counted = { AWS_ENDPOINT_URL_DYNAMODB: store.endpoint };
  const restart: World['restart'] = (more, otherClock) => world.restart({ ...counted, ...more }, otherClock);

  const registry = createKeyRegistryStore(world.table);
  const aws = { region: 'eu-west-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const kmsClient = createKmsClient({ ...aws, endpoint: kms.endpoint, patience: 30 });

  return {
    ...world,
    env: { ...world.env, ...counted },
    handlers: restart(),
    restart,
    kms,
    store,
    registry,
    wrappingKey,
    createWrapped: (alg = 'ES256') => createWrappedKey(kmsClient, { issuer: ISSUER, wrappingKey, alg }),
    async createInKms(alg) {
      const { arn, key } = await getKmsKey({ id: createKey(kms, keySpecs[alg]), alg }, kmsClient);
      return { kid: key.kid, alg, jwk: key.jwk, origin: { type: 'kms', key_id: arn } };
    },
    async find() {
      const found = await registry.find(KEY_REGISTRY);
      if (!found) throw new Error('there is no registry');
      return found;
    },
    async change(edit, issuer) {
      const management = manageKeys(world.table, clock ?? systemClock, undefined, issuer);
      const found = await management.find();
      const next = edit(found?.value);
      const isDone = await (found ? management.replace(next, found) : management.create(next));
      if (!isDone) throw new Error('the registry was changed meanwhile');
      return next;
    },
    async forget() {
      await world.table.remove(keyOfKeyRegistry);
    },
    rotation: (more = {}) =>
      createJobHandler(rotation, () =>
        composeRotation(
          createFoundationWithTable(
            {
              ...world.env,
              ...counted,
              ...managementVariables,
              WRAPPING_KMS_KEY: wrappingKey,
              // One key, unless a test is about several.
              NEW_KEY_ALGORITHM: 'ES256',
              KEY_ROTATION: 'on',
              ...more,
            },
            clock,
          ),
        ),
      ),
    async stop() {
      await store.stop();
      await Promise.all([world.stop(), kms.stop()]);
    },
  };
}

/** Fetches the JWK Set like a verifier. */
export async function fetchJwks({ jwks }: Pick<World['handlers'], 'jwks'>) {
  const path = '/.well-known/jwks.json';
  return readResult(await jwks(httpEvent({ method: 'GET', path })));
}

/** Counts the reads of the registry since the last call. */
export const registryReads = (store: FaultyStore): number => store.take().filter(isRegistryRead).length;

/** Applies a behaviour to reads of the registry only. */
export const onlyForRegistry = (behaviour: Behaviour): Behaviour => onlyIf(isRegistryRead, behaviour);

const isRegistryRead = ({ operation, input }: StoreRequest) =>
  operation === 'GetItem' && (input['Key'] as { pk?: { S?: string } } | undefined)?.pk?.S === KEY_REGISTRY;
