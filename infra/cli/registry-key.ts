import type { KeyObject } from 'node:crypto';
import { Command } from 'commander';
import { type Config, type Environment, findAwsConfig, readConfig, registrySigningKeys } from '../../lib/config.ts';
import { createKeyManagement, type KeyManagement, type SignRegistry } from '../../lib/key-registry/management.ts';
import { registryKeyInKms, registrySigner, registrySignerInKms } from '../../lib/key-registry/registry-signer.ts';
import { KeyError } from '../../lib/keys/jwk.ts';
import { privateRegistryKey, publicRegistryKey, registryKeyText } from '../../lib/keys/registry-key.ts';
import type { Kms } from '../../lib/kms/kms.ts';
import { Problem } from '../problem.ts';
import { awsOptions, withCredentials } from './aws-options.ts';
import { examples, regionOption } from './command.ts';
import type { Io } from './io.ts';
import { kmsOf } from './new-key.ts';
import { createOutput } from './output.ts';
import * as parse from './parse.ts';
import type { Store } from './store.ts';

// What signs the key registry, and what checks its signature.

export interface RegistryKeyOptions {
  readonly registryKmsKey?: string;
  readonly region?: string;
}

export const withRegistryKey = (command: Command): Command =>
  command.option(
    '--registry-kms-key <key>',
    'KMS key that signs the key registry (default: REGISTRY_KMS_KEY or REGISTRY_SIGNING_KEY, else the secret of the stage)',
    parse.knownId,
  );

interface RegistryKey {
  /** Public. */
  readonly keys: readonly KeyObject[];
  readonly sign: SignRegistry;
}

/** @throws Problem saying what is missing; ConfigError */
export async function openManagement(
  store: Store,
  env: Environment,
  options: RegistryKeyOptions,
): Promise<KeyManagement> {
  const found = await findRegistryKey(store, env, options);
  if (!found && store.local) {
    throw new Problem('this local stack has no key that signs a registry: start it with npm start -- --keys wrapped');
  }
  if (!found) {
    throw new Problem(
      'what signs the key registry? Give --registry-kms-key KEY, set REGISTRY_SIGNING_KEY, or name the stage whose secret has it',
    );
  }
  return createKeyManagement({
    trust: registryTrust(store, env, found.keys),
    sign: found.sign,
    store: store.keys,
    clock: store.clock,
    revocations: store.revocations,
  });
}

export const registryTrust = ({ local }: Store, env: Environment, keys: readonly KeyObject[]) => {
  const { get } = readConfig(env);
  return { issuer: local?.issuer ?? get('ISSUER'), keys, maxAge: get('REGISTRY_MAX_AGE_SECONDS') };
};

/** Undefined when it is in none of the places. @throws Problem when the secret of the stage cannot be read; ConfigError */
export async function findRegistryKey(
  store: Store,
  env: Environment,
  { registryKmsKey, region }: RegistryKeyOptions,
): Promise<RegistryKey | undefined> {
  if (registryKmsKey !== undefined)
    return readRegistryKey(store, readConfig({ ...ofRegistry(env), REGISTRY_KMS_KEY: registryKmsKey }));
  if (store.local) return store.local.registry && readRegistryKey(store, readConfig(store.local.registry));
  if (env['REGISTRY_KMS_KEY'] || env['REGISTRY_SIGNING_KEY']) return readRegistryKey(store, readConfig(env));
  if (store.stage === undefined) return undefined;
  const { readSecret } = await import('./stored-secret.ts');
  const secret = await readSecret(`latchkey/${store.stage}`, env, region);
  return secret['REGISTRY_SIGNING_KEY']
    ? readRegistryKey(store, readConfig({ REGISTRY_KEYS: env['REGISTRY_KEYS'], ...secret }))
    : undefined;
}

const ofRegistry = ({ REGISTRY_KEYS }: Environment): Environment => ({ REGISTRY_KEYS });

async function readRegistryKey(store: Store, config: Config): Promise<RegistryKey> {
  const { own, sign } = await readSigner(store, config);
  const trusted = config.find('REGISTRY_KEYS');
  if (!trusted) return { keys: [publicRegistryKey(Buffer.from(own, 'base64url'))], sign };
  if (trusted.some((key) => registryKeyText(key) === own)) return { keys: trusted, sign };
  throw new Problem('the key that signs the registry is not in REGISTRY_KEYS, so the functions would not believe it');
}

/** @returns also its public half */
async function readSigner(
  store: Store,
  config: Config,
): Promise<{ readonly own: string; readonly sign: SignRegistry }> {
  if (config.findOnlyOne(registrySigningKeys) === 'REGISTRY_SIGNING_KEY') {
    const key = privateRegistryKey(config.get('REGISTRY_SIGNING_KEY')[0]);
    return { own: registryKeyText(key) ?? '', sign: registrySigner(key) };
  }
  const [id, kms] = [config.get('REGISTRY_KMS_KEY'), kmsOf(store)];
  return { own: await readKmsKey(id, kms), sign: registrySignerInKms(id, kms) };
}

async function readKmsKey(id: string, kms: Kms): Promise<string> {
  try {
    return await registryKeyInKms(id, kms);
  } catch (error) {
    if (error instanceof KeyError) throw new Problem(error.message);
    throw error;
  }
}

/** `latchkey keys registry-key`: the parameter `registry-keys` for a key in KMS. */
export const registryKeyCommand = (io: Io) =>
  new Command('registry-key')
    .description(
      'Print the public half of a KMS key that signs the key registry, as the parameter registry-keys of serverless.yml takes it.',
    )
    .argument('<key>', 'id, alias or ARN of a KMS key of the spec ECC_NIST_EDWARDS25519', parse.knownId)
    .addOption(regionOption())
    .option('--json', 'print one JSON document instead of text')
    .addHelpText('after', examples('latchkey keys registry-key arn:aws:kms:eu-west-1:123456789012:key/1a2b'))
    .action(async (id: string, _options, command: Command) => {
      const { json, region } = command.optsWithGlobals<{ json?: true; region?: string }>();
      const { endpoint: _table, ...aws } = await withCredentials(await awsOptions(io.env, region));
      const { endpoint } = findAwsConfig(io.env, 'KMS');
      const { createKmsClient } = await import('../../lib/kms/kms.ts');
      const key = await readKmsKey(id, createKmsClient({ ...aws, patience: 10, ...(endpoint && { endpoint }) }));
      createOutput(io, json === true).result({ 'registry-keys': key }, key);
    });
