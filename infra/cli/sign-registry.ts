import { Command } from 'commander';
import { UntrustedRegistry } from '../../lib/key-registry/authenticity.ts';
import type { KeyManagement } from '../../lib/key-registry/management.ts';
import { activeKeys, publishedKeys, type StoredRegistry } from '../../lib/key-registry/registry.ts';
import { KEY_REGISTRY } from '../../lib/key-registry/store.ts';
import { Problem } from '../problem.ts';
import { examples, withTableAction, withYes } from './command.ts';
import type { Io } from './io.ts';
import { keyIn, keyPolicyFrom, noRegistry } from './key-registry.ts';
import { keyView } from './key-view.ts';
import { columns } from './output.ts';
import * as parse from './parse.ts';
import { checkPublicHalves } from './public-halves.ts';
import { openManagement, type RegistryKeyOptions, withRegistryKey } from './registry-key.ts';

interface SignOptions extends RegistryKeyOptions {
  readonly force?: true;
  readonly upgrade?: true;
  readonly without?: readonly string[];
}

/** `latchkey keys sign`: lets every function believe the registry as it is. */
export const signCommand = (io: Io) =>
  withTableAction<SignOptions>(
    withRegistryKey(withYes(new Command('sign')))
      .description(
        'Sign the key registry as it is, after you have looked at its keys: that of version 0.1.0, which is not signed, one that ' +
          'was restored from a backup, or one that was not signed again in time.',
      )
      .option('--without <kid>', 'leave a key out that does not belong there; repeatable', knownIds, [])
      .option('--upgrade', 'sign a registry without a signature, before the first deployment after version 0.1.0')
      .option(
        '--force',
        'sign a registry without a signature, or with a wrong one: somebody else than key management wrote it',
      )
      .addHelpText('after', SIGN_HELP),
    io,
    async ({ io: { env }, out, open, confirm }, options) => {
      const store = await open();
      const management = await openManagement(store, env, options);
      const found = await store.keys.findVersion(KEY_REGISTRY);
      if (!found) throw noRegistry(store);
      const keys = keysWithout(found.value, options.without);
      const problem = await problemOf(management);
      const policy = keyPolicyFrom(env);
      const views = keys.map((key) => keyView(key, policy));
      const table = columns(
        views.map((view) => ({ ...view })),
        ['kid', 'alg', 'origin', 'kms_key', 'status', 'thumbprint', 'published_at', 'activated_at'],
      );
      out.note(`${problem?.message ?? 'the key registry is signed'}; its keys are:\n${table}`);
      if (problem?.code === 'unsigned' || problem?.code === 'forged') {
        const unchecked = await checkPublicHalves(publishedKeys({ keys }), { store, env, region: options.region });
        for (const [kid, reason] of unchecked) {
          out.note(`Warning: the public half of ${kid} could not be checked: ${reason}`);
        }
        const isUpgrade = problem.code === 'unsigned' && options.upgrade;
        if (!isUpgrade && !options.force) throw unbelieved(problem, [...unchecked.keys()]);
      }
      await confirm(`let all functions believe in these keys, in ${store.where}`);
      if (!(await management.adopt({ keys }, found))) {
        throw new Problem('the key registry is being changed by somebody else: run the command again');
      }
      out.result(views, 'signed');
    },
  );

const SIGN_HELP = `
Without a right signature, whoever may write the table may have put in keys of their own. The command then compares the
public half of each key with that of its origin: the KMS key; for a wrapped key, what kms:Decrypt returns; SIGNING_KEYS
and VERIFICATION_KEYS, or those in the secret of the stage. It names the keys that it could not check. Look at their
thumbprints, and whether the KMS keys are yours, before you add --force.
${examples('latchkey keys sign --stage prod', 'latchkey keys sign --stage prod --force --without x9Jd0q4T')}`;

const knownIds = (text: string, before: readonly string[]) => [...before, parse.knownId(text)];

/** @throws Problem for a key that is not there, or when no key would sign any more */
function keysWithout(registry: StoredRegistry, without: readonly string[] = []) {
  for (const kid of without) keyIn(registry, kid);
  const keys = registry.keys.filter(({ kid }) => !without.includes(kid));
  if (activeKeys(registry).length > 0 && activeKeys({ keys }).length === 0) {
    throw new Problem(
      `without ${without.join(', ')} no key would sign: see docs/keys.md for a registry whose keys are all of somebody else`,
    );
  }
  return keys;
}

function unbelieved({ message }: UntrustedRegistry, unchecked: readonly string[]): Problem {
  const not = unchecked.length > 0 ? ` (not checked: ${unchecked.join(', ')})` : '';
  return new Problem(
    `${message}: compare its keys with what you know${not}, and give --force, and --without for those of others; ` +
      'a registry that version 0.1.0 wrote is signed with --upgrade',
  );
}

/** Why the registry is not believed. */
async function problemOf({ find }: KeyManagement): Promise<UntrustedRegistry | undefined> {
  try {
    await find();
    return undefined;
  } catch (error) {
    if (error instanceof UntrustedRegistry) return error;
    throw error;
  }
}
