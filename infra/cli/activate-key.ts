import { Command } from 'commander';
import { KEY_REFRESH_SECONDS } from '../../lib/key-registry/registry.ts';
import { activateKey } from '../../lib/key-registry/transitions.ts';
import { examples, withTableAction } from './command.ts';
import type { Io } from './io.ts';
import { changeRegistry, keyIn, keyPolicyFrom, openKeys } from './key-registry.ts';
import { KID, keyView, POLICY_HELP, warnOfEarlySigning, withForce } from './key-view.ts';
import { fields, time } from './output.ts';
import { type RegistryKeyOptions, withRegistryKey } from './registry-key.ts';

/** `latchkey keys activate`. */
export const activateCommand = (io: Io) =>
  withTableAction<RegistryKeyOptions & { force?: true }>(
    withForce(
      withRegistryKey(new Command('activate'))
        .description(
          'Let a published key sign. The key that signed with the same algorithm until now starts to retire. Safe to repeat.',
        )
        .argument(...KID),
      'verifiers with an older copy of the key set refuse its tokens',
    ).addHelpText('after', POLICY_HELP + examples('latchkey keys activate 7w2fZ0k4nQ --stage prod')),
    io,
    async (context, { force = false, ...options }, kid = '') => {
      const { io, out } = context;
      const policy = keyPolicyFrom(io.env);
      const keys = await openKeys(context, options);
      const now = keys.store.clock();
      const registry = await changeRegistry(
        keys,
        (found) => (keyIn(found, kid).status === 'active' ? found : activateKey(found, kid, policy, { now, force })),
        (possible) =>
          `it can sign from ${possible} on. --force lets it sign now, but verifiers with an older copy of the key set refuse its tokens`,
      );
      const key = keyIn(registry, kid);
      const view = keyView(key, policy);
      out.result(view, fields({ ...view }));
      out.note(`Running containers sign with it within ${KEY_REFRESH_SECONDS} s.`);
      if (force) warnOfEarlySigning(key, policy, out.note);
      const old = registry.keys.find(({ alg, status, retiring_at }) => {
        return alg === key.alg && status === 'retiring' && retiring_at === key.activated_at;
      });
      if (old)
        out.note(
          `${old.kid} is retiring. Withdraw it from ${time(keyView(old, policy).withdrawable_at ?? 0)} on: latchkey keys retire ${old.kid}`,
        );
    },
  );
