// A deployment with enforced roles: each function has the variables and the role of the packaged template, and reaches table
// and KMS through the proxy that enforces its role.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compose as composeBackchannel } from '../../functions/backchannel.ts';
import { compose as composeRotation } from '../../functions/rotation.ts';
import { createHandleKeys } from '../../infra/handle-keys.ts';
import type { SavedKeys } from '../../infra/local/kms/key-ring.ts';
import { type Kms, startKms } from '../../infra/local/kms/server.ts';
import { startTable } from '../../infra/local/table.ts';
import { packageStack, templateFile } from '../../infra/package-stack.ts';
import type { Clock } from '../../lib/clock.ts';
import { backchannel } from '../../lib/jobs/backchannel.ts';
import { createJobHandler } from '../../lib/jobs/job.ts';
import { rotation } from '../../lib/jobs/rotation.ts';
import type { KeyRegistry, NewKey } from '../../lib/key-registry/registry.ts';
import { addKey } from '../../lib/key-registry/transitions.ts';
import type { AlgorithmName } from '../../lib/keys/algorithm.ts';
import { privateRegistryKey } from '../../lib/keys/registry-key.ts';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import { createKmsClient } from '../../lib/kms/kms.ts';
import { getKmsKey } from '../../lib/kms/signers.ts';
import { openTable } from '../../lib/store/dynamodb.ts';
import type { Table } from '../../lib/store/table.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { createKey, verificationKeys } from '../support/kms-world.ts';
import { type PackagedStack, readPackagedStack } from '../support/packaged-functions.ts';
import { manageKeys, managementVariables, registryVariables } from '../support/registry-world.ts';
import { type RoleProxy, startRoleProxy } from '../support/role-proxy.ts';
import { createHandlers, encryptionVariables, type Handlers, ISSUER, keyVariables } from '../support/world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

// Fixed ids, so that the packaged template, which contains them, is the same in every run and stays cached.
const keyId = (digit: number) => `00000000-0000-4000-8000-00000000000${digit}`;
const arn = (digit: number) => `arn:aws:kms:us-east-1:123456789012:key/${keyId(digit)}`;
const signing = { ES256: arn(1), PS256: arn(2) };
const handleKeys = {
  'reference-token-kms-keys': `${arn(3)},${arn(4)}`,
  'grant-kms-keys': arn(6),
  'session-kms-keys': arn(7),
};
const wrapping = arn(5);
const registryKey = arn(8);

/** Its public half must be the same in every run. */
const registrySeed = Buffer.alloc(32, 7);

const common = {
  issuer: ISSUER,
  audience: 'orders',
  'encrypted-tokens': 'on',
  'sealed-tokens': 'on',
  'revocation-max-age': '0',
  'client-cache': '0',
  'log-level': 'silent',
};
const signedInKms = { 'registry-kms-key': registryKey, 'registry-keys': registryVariables.REGISTRY_KEYS };
const inKms = {
  keys: 'kms',
  'signing-kms-arns': String(Object.values(signing)),
  ...handleKeys,
};

/** The origins of keys, with the parameters for packaging. */
export const origins = {
  secret: {},
  'secret with a registry': { 'key-registry': 'on' },
  kms: { ...inKms, 'signing-kms-keys': `${signing.ES256},${signing.PS256}=PS256` },
  'kms with a registry': { ...inKms, ...signedInKms, 'key-registry': 'on' },
  wrapped: {
    keys: 'wrapped',
    rotation: 'on',
    ...signedInKms,
    'wrapping-kms-key': wrapping,
    ...handleKeys,
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

export type Origin = keyof typeof origins;

export interface Deployment {
  readonly stack: PackagedStack;
  readonly proxy: RoleProxy;
  /** The table without any role, for administration. */
  readonly table: Table;
  /** Makes new containers of all functions that answer requests. */
  start(): Handlers;
  deliver(): Promise<void>;
  /** Calls key management. Defined only with a registry. */
  readonly rotate: (() => Promise<void>) | undefined;
  /** That of the second key. */
  readonly secondAlgorithm: AlgorithmName;
  stop(): Promise<void>;
}

/** Starts a deployment with an empty table, except for a key registry where only an administrator can create it. */
export async function deploy(origin: Origin, clock: Clock): Promise<Deployment> {
  const stage = origin.replaceAll(' ', '-');
  const directory = await packageStack({ root, stage, parameters: { ...common, ...origins[origin] } });
  const kms = await startKms(await createKeys());
  const keys = { ES256: keyVariables('ES256'), PS256: keyVariables('PS256') };
  const secret = {
    SIGNING_KEYS: joined(keys, 'SIGNING_KEYS'),
    VERIFICATION_KEYS:
      origin === 'kms'
        ? verificationKeys(kms, { [signing.ES256]: 'ES256', [signing.PS256]: 'PS256' })
        : joined(keys, 'VERIFICATION_KEYS'),
    ...createHandleKeys(),
    ...encryptionVariables,
    ...managementVariables,
  };
  const stack = readPackagedStack(readFileSync(join(directory, templateFile), 'utf8'), {
    [`latchkey/${stage}`]: secret,
  });
  const embedded = await startTable({ tableName: stack.tableName });
  const proxy = await startRoleProxy({
    roles: Object.fromEntries(Object.entries(stack.functions).map(([name, { role }]) => [name, role])),
    table: embedded.endpoint,
    kms: kms.endpoint,
    keyArn: ({ KeyId }) => (kms.call('DescribeKey', { KeyId }) as { KeyMetadata: { Arn: string } }).KeyMetadata.Arn,
    region: stack.region,
  });
  const aws = { region: stack.region, credentials: { accessKeyId: 'admin', secretAccessKey: 'local' }, patience: 30 };
  const table = openTable({ tableName: stack.tableName, endpoint: embedded.endpoint, ...aws });
  if (origin.endsWith('with a registry')) {
    const known = origin === 'secret with a registry' ? keysOfSecret(secret.SIGNING_KEYS) : keysInKms(kms);
    await manageKeys(table, clock).create(registryOf(await known, clock()));
  }

  const env = (name: string) => ({
    ...stack.functions[name]?.environment,
    AWS_REGION: stack.region,
    AWS_ACCESS_KEY_ID: name,
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL: proxy.endpoint,
    LOCAL_PATIENCE: '50',
  });
  return {
    stack,
    proxy,
    table,
    start: () => {
      const names = Object.keys(stack.functions).filter((name) => name !== 'backchannel' && name !== 'rotation');
      const handlers = names.map((name) => [name, createHandlers(env(name), clock)[name as keyof Handlers]]);
      return Object.fromEntries(handlers) as unknown as Handlers;
    },
    deliver: createJobHandler(backchannel, () =>
      composeBackchannel(createFoundationWithTable(env('backchannel'), clock)),
    ),
    rotate:
      stack.functions['rotation'] &&
      createJobHandler(rotation, () => composeRotation(createFoundationWithTable(env('rotation'), clock))),
    secondAlgorithm: origin === 'wrapped' ? 'RS256' : 'PS256',
    async stop() {
      await proxy.stop();
      await Promise.all([embedded.stop(), kms.stop()]);
    },
  };
}

/** KMS keys with the ids in the packaged template. */
async function createKeys(): Promise<SavedKeys> {
  const kms = await startKms();
  try {
    createKey(kms, 'ECC_NIST_P256');
    createKey(kms, 'RSA_2048');
    createKey(kms, 'HMAC_256', 'GENERATE_VERIFY_MAC');
    createKey(kms, 'HMAC_256', 'GENERATE_VERIFY_MAC');
    createKey(kms, 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT');
    createKey(kms, 'HMAC_256', 'GENERATE_VERIFY_MAC');
    createKey(kms, 'HMAC_256', 'GENERATE_VERIFY_MAC');
    createKey(kms, 'ECC_NIST_EDWARDS25519');
    const { keys, aliases } = kms.save();
    const registry = privateRegistryKey(registrySeed).export({ format: 'pem', type: 'pkcs8' }).toString();
    const materials = [...keys.slice(0, -1), ...keys.slice(-1).map((key) => ({ ...key, material: registry }))];
    return { keys: materials.map((key, index) => ({ ...key, id: keyId(index + 1) })), aliases };
  } finally {
    await kms.stop();
  }
}

const joined = (keys: Readonly<Record<string, ReturnType<typeof keyVariables>>>, name: keyof (typeof keys)[string]) =>
  JSON.stringify({ keys: Object.values(keys).flatMap((set) => (JSON.parse(set[name]) as { keys: unknown[] }).keys) });

const keysOfSecret = async (text: string): Promise<NewKey[]> =>
  parseSigningKeys(text, 'private').map(({ kid, alg, jwk }) => ({ kid, alg, jwk, origin: { type: 'environment' } }));

function keysInKms({ endpoint }: Kms): Promise<NewKey[]> {
  const credentials = { accessKeyId: 'admin', secretAccessKey: 'local' };
  const kms = createKmsClient({ endpoint, region: 'us-east-1', credentials, patience: 30 });
  const found = (Object.keys(signing) as (keyof typeof signing)[]).map(
    async (alg: AlgorithmName & keyof typeof signing) => {
      const { arn: key_id, key } = await getKmsKey({ id: signing[alg], alg }, kms);
      return { kid: key.kid, alg, jwk: key.jwk, origin: { type: 'kms', key_id } as const };
    },
  );
  return Promise.all(found);
}

/** A registry in which all keys are active. */
function registryOf(keys: readonly NewKey[], now: number): KeyRegistry {
  const { keys: added } = keys.reduce<KeyRegistry>((registry, key) => addKey(registry, key, now), { keys: [] });
  return { keys: added.map((key) => ({ ...key, status: 'active', activated_at: now })) };
}
