import { isDeepStrictEqual } from 'node:util';
import { Command, Option } from 'commander';
import { readConfig } from '../../lib/config.ts';
import { KEY_REFRESH_SECONDS, type NewKey, type RegisteredKey } from '../../lib/key-registry/registry.ts';
import { activatableFrom } from '../../lib/key-registry/transitions.ts';
import { type AlgorithmName, algorithmNames } from '../../lib/keys/algorithm.ts';
import { Problem } from '../problem.ts';
import { examples, withTableAction } from './command.ts';
import type { Io } from './io.ts';
import { keyIn, keyPolicyFrom, openKeys, register } from './key-registry.ts';
import { keyView } from './key-view.ts';
import { kmsOf, makeWrappedKey, readEnvironmentKey, readKmsKey, wrappingKeyFrom } from './new-key.ts';
import { fields, time } from './output.ts';
import * as parse from './parse.ts';
import { type RegistryKeyOptions, withRegistryKey } from './registry-key.ts';
import type { Store } from './store.ts';
import { UsageProblem } from './usage-problem.ts';

interface AddOptions extends RegistryKeyOptions {
  readonly wrapped?: true;
  readonly kms?: string;
  readonly environment?: string;
  readonly alg?: AlgorithmName;
  readonly wrappingKey?: string;
  readonly public?: string;
}

/** `latchkey keys add`. */
export const addCommand = (io: Io) =>
  withTableAction<AddOptions>(
    withRegistryKey(new Command('add'))
      .description('Publish a key. It signs once it is activated; the first key of a registry signs at once.')
      .optionsGroup('Origin of the key (give exactly one):')
      .option('--wrapped', 'make a new key with KMS and store it encrypted')
      .addOption(
        new Option('--kms <key>', 'id, alias or ARN of a signing key that stays in KMS').argParser(parse.knownId),
      )
      .addOption(
        new Option('--environment <kid>', 'kid of a key that the functions have in SIGNING_KEYS').argParser(
          parse.knownId,
        ),
      )
      .optionsGroup('Details of the key:')
      .addOption(
        new Option(
          '--alg <alg>',
          'algorithm it signs with (default: the first of NEW_KEY_ALGORITHM or ES256 with --wrapped, the first that fits with --kms)',
        ).choices(algorithmNames),
      )
      .option('--wrapping-key <key>', 'KMS key that wraps the new key (default: WRAPPING_KMS_KEY)', parse.knownId)
      .option(
        '--public <file>',
        'JWK Set or PEM file with the public key (default: look in SIGNING_KEYS and VERIFICATION_KEYS)',
      )
      .addHelpText('after', ADD_HELP),
    io,
    async (context, options) => {
      const { out } = context;
      requireOneOrigin(options);
      const policy = keyPolicyFrom(io.env);
      const keys = await openKeys(context, options);
      const key = await newKey(options, keys.store, io);
      const added = keyIn(await register(keys, key), key.kid);
      requireSame(added, key);
      const view = keyView(added, policy);
      out.result(view, fields({ ...view }));
      out.note(`The key is published within ${KEY_REFRESH_SECONDS} s.`);
      if (added.status === 'active') out.note('As the first key of the registry, it signs at once.');
      if (added.status === 'next') {
        out.note(
          `Every verifier has it by ${time(activatableFrom(added, policy))}. Then run: latchkey keys activate ${added.kid}`,
        );
      }
    },
  );

/** Adding the same key again is fine, so that the command can be repeated. */
function requireSame({ kid, status, origin }: RegisteredKey, key: NewKey): void {
  if (status === 'retired') throw new Problem(`key ${kid} was retired and cannot be added again: add another key`);
  if (!isDeepStrictEqual(origin, key.origin)) {
    throw new Problem(`key ${kid} is already in the registry, with another origin: see latchkey keys list`);
  }
}

const ADD_HELP = `
A wrapped key signs for one issuer only: the one in ISSUER, or that of the local stack. Anyone with kms:Decrypt on the
wrapping key can export the wrapped key.
${examples(
  'latchkey keys add --wrapped --stage prod',
  'latchkey keys add --kms arn:aws:kms:eu-west-1:123456789012:key/1a2b --stage prod',
  'latchkey keys add --environment 7w2fZ0k4nQ --public jwks.json --stage prod',
)}`;

function requireOneOrigin({ wrapped, kms, environment, alg, wrappingKey, public: file }: AddOptions): void {
  if ([wrapped, kms, environment].filter((origin) => origin !== undefined).length !== 1) {
    throw new UsageProblem('which key? Give exactly one of --wrapped, --kms KEY and --environment KID');
  }
  if (wrappingKey !== undefined && !wrapped) throw new UsageProblem('--wrapping-key can only be used with --wrapped');
  if (file !== undefined && environment === undefined) {
    throw new UsageProblem('--public can only be used with --environment');
  }
  if (alg !== undefined && environment !== undefined) {
    throw new UsageProblem('--alg cannot be used with --environment: the public key names its alg');
  }
}

async function newKey(options: AddOptions, store: Store, { env }: Io): Promise<NewKey> {
  const { kms, environment, alg } = options;
  if (environment !== undefined) return readEnvironmentKey(environment, options.public, env);
  if (kms !== undefined) return readKmsKey(store, kms, alg);
  kmsOf(store);
  const wrappingKey = wrappingKeyFrom(options.wrappingKey, store, env);
  if (wrappingKey === undefined) {
    throw new UsageProblem('which KMS key wraps the new key? Give --wrapping-key KEY or set WRAPPING_KMS_KEY');
  }
  return makeWrappedKey(store, env, alg ?? readConfig(env).get('NEW_KEY_ALGORITHM')[0], wrappingKey);
}
