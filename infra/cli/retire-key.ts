import { Command } from 'commander';
import type { RegisteredKey } from '../../lib/key-registry/registry.ts';
import { type KeyPolicy, retireKey, withdrawableFrom } from '../../lib/key-registry/transitions.ts';
import { examples, withTableAction, withYes } from './command.ts';
import type { Io } from './io.ts';
import { changeRegistry, keyIn, keyPolicyFrom, openKeys, requireRegistry } from './key-registry.ts';
import { KID, keyView, POLICY_HELP, withForce } from './key-view.ts';
import { fields, time } from './output.ts';
import { type RegistryKeyOptions, withRegistryKey } from './registry-key.ts';

/** `latchkey keys retire`. */
export const retireCommand = (io: Io) =>
  withTableAction<RegistryKeyOptions & { force?: true }>(
    withForce(
      withRegistryKey(withYes(new Command('retire')))
        .description(
          'Retire a key. An active key stops signing at once, if another key can sign. Run the command again when its last ' +
            'token has expired, to withdraw the key from the key set.',
        )
        .argument(...KID),
      'unexpired tokens that it signed are refused, after confirmation',
    ).addHelpText('after', POLICY_HELP + examples('latchkey keys retire 7w2fZ0k4nQ --stage prod')),
    io,
    async (context, { force = false, ...options }, kid = '') => {
      const { io, out, confirm } = context;
      const policy = keyPolicyFrom(io.env);
      const keys = await openKeys(context, options);
      const now = keys.store.clock();
      if (force && mayHaveTokens(keyIn((await requireRegistry(keys)).value, kid), policy, now)) {
        await confirm(`withdraw key ${kid}, so that its unexpired tokens are refused, in ${keys.store.where}`);
      }
      let [overridden, stopped] = [false, false];
      const registry = await changeRegistry(
        keys,
        (found) => {
          const { status, retiring_at } = keyIn(found, kid);
          // In the second case, the first attempt succeeded and its answer was lost.
          if (status === 'retired' || (stopped && retiring_at === now)) return found;
          const changed = retireKey(found, kid, policy, { now, force });
          overridden = force && status !== 'next' && now < withdrawableFrom(keyIn(found, kid), policy);
          stopped = status === 'active' && !force;
          return status === 'active' && force ? retireKey(changed, kid, policy, { now, force }) : changed;
        },
        (possible) => `it can be withdrawn from ${possible} on. --force withdraws it now, and those tokens are refused`,
      );
      const view = keyView(keyIn(registry, kid), policy);
      out.result(view, fields({ ...view }));
      if (overridden) out.note('Warning: unexpired tokens that it signed are refused from now on.');
      if (view.withdrawable_at !== undefined) {
        out.note(
          `The key no longer signs. Run this command again from ${time(view.withdrawable_at)} on, when its last token has expired.`,
        );
      }
    },
  );

const mayHaveTokens = (key: RegisteredKey, policy: KeyPolicy, now: number): boolean =>
  (key.status === 'active' || key.status === 'retiring') && now < withdrawableFrom(key, policy);
