import { isDeepStrictEqual } from 'node:util';
import { Command, Option } from 'commander';
import { readConfig } from '../../lib/config.ts';
import { KEY_REFRESH_SECONDS, type NewKey, type RegisteredKey } from '../../lib/key-registry/registry.ts';
import { activatableFrom } from '../../lib/key-registry/transitions.ts';
import { type AlgorithmName, algorithmNames } from '../../lib/keys/algorithm.ts';
import { examples, onTable } from './command.ts';
import type { Io } from './io.ts';
import { keyIn, keyPolicyFrom, register } from './key-registry.ts';
import { keyView } from './key-view.ts';
import { kmsOf, makeWrappedKey, readEnvironmentKey, readKmsKey, wrappingKeyFrom } from './new-key.ts';
import { fields, time } from './output.ts';
import * as parse from './parse.ts';
import { Problem, UsageProblem } from './problem.ts';
import type { Store } from './store.ts';

interface AddOptions {
  readonly wrapped?: true;
  readonly kms?: string;
  readonly environment?: string;
  readonly alg?: AlgorithmName;
  readonly wrappingKey?: string;
  readonly public?: string;
}

/** `latchkey keys add`. */
export const addCommand = (io: Io) =>
  onTable<AddOptions>(
    new Command('add')
      .description('Publish a key. It does not sign until it is activated; but the very first one signs at once.')
      .optionsGroup('Which key, one of:')
      .option('--wrapped', 'a new one, made by KMS and stored encrypted')
      .addOption(new Option('--kms <key>', 'one that stays in KMS: id, alias or ARN').argParser(parse.knownId))
      .addOption(
        new Option('--environment <kid>', 'one that the functions have in SIGNING_KEYS').argParser(parse.knownId),
      )
      .optionsGroup('More about it:')
      .addOption(
        new Option(
          '--alg <alg>',
          'what it signs by (default: ES256 for a new key, else what it says or the first that fits)',
        ).choices(algorithmNames),
      )
      .option('--wrapping-key <key>', 'the KMS key that wraps it (default: WRAPPING_KMS_KEY)', parse.knownId)
      .option('--public <file>', 'its public half, a JWK Set or PEM (default: from SIGNING_KEYS or VERIFICATION_KEYS)')
      .addHelpText('after', ADD_HELP),
    io,
    async ({ io: { env }, out, open }, options) => {
      requireOneOrigin(options);
      const policy = keyPolicyFrom(env);
      const store = await open();
      const key = await newKey(options, store, io);
      const added = keyIn(await register(store, key), key.kid);
      requireSame(added, key);
      const view = keyView(added, policy);
      out.result(view, fields({ ...view }));
      out.note(`It is published within ${KEY_REFRESH_SECONDS} s.`);
      if (added.status === 'active') out.note('As the first key it signs at once.');
      if (added.status === 'next') {
        out.note(
          `Every verifier has it at ${time(activatableFrom(added, policy))}: latchkey keys activate ${added.kid}`,
        );
      }
    },
  );

/** What was added before is fine, unless it was something else. */
function requireSame({ kid, status, origin }: RegisteredKey, key: NewKey): void {
  if (status === 'retired') throw new Problem(`key ${kid} was retired, and is not taken up again`);
  if (!isDeepStrictEqual(origin, key.origin)) throw new Problem(`key ${kid} is there already, from elsewhere`);
}

const ADD_HELP = `
A wrapped key is for one issuer, which is taken from ISSUER or from the local stack: it signs for no other. Whoever may
use kms:Decrypt on its wrapping key can export it.
${examples(
  'latchkey keys add --wrapped --stage prod',
  'latchkey keys add --kms arn:aws:kms:eu-west-1:123456789012:key/1a2b --stage prod',
  'latchkey keys add --environment 7w2fZ0k4nQ --public jwks.json --stage prod',
)}`;

function requireOneOrigin({ wrapped, kms, environment, alg, wrappingKey, public: file }: AddOptions): void {
  if ([wrapped, kms, environment].filter((origin) => origin !== undefined).length !== 1) {
    throw new UsageProblem('which key? Give one of --wrapped, --kms KEY and --environment KID');
  }
  if (wrappingKey !== undefined && !wrapped) throw new UsageProblem('--wrapping-key goes with --wrapped');
  if (file !== undefined && environment === undefined) throw new UsageProblem('--public goes with --environment');
  if (alg !== undefined && environment !== undefined) throw new UsageProblem('the key says by itself what its alg is');
}

async function newKey(options: AddOptions, store: Store, { env }: Io): Promise<NewKey> {
  const { kms, environment, alg } = options;
  if (environment !== undefined) return readEnvironmentKey(environment, options.public, env);
  if (kms !== undefined) return readKmsKey(store, kms, alg);
  kmsOf(store);
  const wrappingKey = wrappingKeyFrom(options.wrappingKey, store, env);
  if (wrappingKey === undefined) throw new UsageProblem('wrapped by which key? Give --wrapping-key KEY');
  return makeWrappedKey(store, env, alg ?? readConfig(env).get('NEW_KEY_ALGORITHM'), wrappingKey);
}
