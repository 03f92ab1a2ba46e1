import { Command } from 'commander';
import { UntrustedRegistry } from '../../lib/key-registry/authenticity.ts';
import type { KeyManagement } from '../../lib/key-registry/management.ts';
import { KEY_REGISTRY } from '../../lib/key-registry/store.ts';
import { Problem } from '../problem.ts';
import { examples, withTableAction, withYes } from './command.ts';
import type { Io } from './io.ts';
import { keyPolicyFrom, noRegistry } from './key-registry.ts';
import { keyView } from './key-view.ts';
import { columns } from './output.ts';
import * as parse from './parse.ts';
import { openManagement, type RegistryKeyOptions, withRegistryKey } from './registry-key.ts';

interface SignOptions extends RegistryKeyOptions {
  readonly force?: true;
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
      .option('--force', 'also sign a registry with a wrong signature: somebody else than key management wrote it')
      .addHelpText(
        'after',
        examples('latchkey keys sign --stage prod', 'latchkey keys sign --stage prod --force --without x9Jd0q4T'),
      ),
    io,
    async ({ io: { env }, out, open, confirm }, options) => {
      const store = await open();
      const management = await openManagement(store, env, options);
      const found = await store.keys.findVersion(KEY_REGISTRY);
      if (!found) throw noRegistry(store);
      const problem = await problemOf(management);
      if (problem?.code === 'forged' && !options.force) {
        throw new Problem(
          `${problem.message}: compare its keys with what you know, and give --force, and --without for those of others`,
        );
      }
      const keys = found.value.keys.filter(({ kid }) => !options.without?.includes(kid));
      const policy = keyPolicyFrom(env);
      const views = keys.map((key) => keyView(key, policy));
      const table = columns(
        views.map((view) => ({ ...view })),
        ['kid', 'alg', 'origin', 'status', 'published_at', 'activated_at'],
      );
      out.note(`${problem?.message ?? 'the key registry is signed'}; its keys are:\n${table}`);
      await confirm(`let all functions believe in these keys, in ${store.where}`);
      if (!(await management.adopt({ keys }, found))) {
        throw new Problem('the key registry is being changed by somebody else: run the command again');
      }
      out.result(views, 'signed');
    },
  );

const knownIds = (text: string, before: readonly string[]) => [...before, parse.knownId(text)];

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
