import { Command } from 'commander';
import { type Environment, readConfig } from '../../lib/config.ts';
import { requireSigned } from '../../lib/key-registry/authenticity.ts';
import type { StoredRegistry } from '../../lib/key-registry/registry.ts';
import { isSigned, isSignedBy } from '../../lib/key-registry/signature.ts';
import { KEY_REGISTRY } from '../../lib/key-registry/store.ts';
import { registryKeyText } from '../../lib/keys/registry-key.ts';
import { activateCommand } from './activate-key.ts';
import { addCommand } from './add-key.ts';
import { examples, withTableAction } from './command.ts';
import { compromiseCommand } from './compromise-key.ts';
import { generateCommand } from './generate-key.ts';
import type { Io } from './io.ts';
import { keyPolicyFrom } from './key-registry.ts';
import { keyView, POLICY_HELP } from './key-view.ts';
import { columns, type Output, time } from './output.ts';
import {
  findRegistryKey,
  type RegistryKeyOptions,
  registryKeyCommand,
  registryTrust,
  withRegistryKey,
} from './registry-key.ts';
import { retireCommand } from './retire-key.ts';
import { signCommand } from './sign-registry.ts';
import type { Store } from './store.ts';
import { findPublicKeys } from './token-keys.ts';
import { moment } from './view.ts';

/** `latchkey keys`: the signing keys of a deployment with KEY_REGISTRY=on. */
export const keysCommand = (io: Io): Command =>
  new Command('keys')
    .addCommand(listCommand(io))
    .addCommand(addCommand(io))
    .addCommand(generateCommand(io))
    .addCommand(activateCommand(io))
    .addCommand(retireCommand(io))
    .addCommand(compromiseCommand(io))
    .addCommand(signCommand(io))
    .addCommand(registryKeyCommand(io));

const listCommand = (io: Io) =>
  withTableAction<RegistryKeyOptions>(
    withRegistryKey(new Command('list'))
      .description(
        'List all keys, in the order in which they are chosen to sign. Retired keys are listed for 90 days. If the registry ' +
          'has no key, the keys that the service publishes are listed instead.',
      )
      .addHelpText('after', POLICY_HELP + examples('latchkey keys list', 'latchkey keys list --stage prod --json')),
    io,
    async ({ io: { env }, out, open }, options) => {
      const policy = keyPolicyFrom(env);
      const store = await open();
      const registry = await store.keys.find(KEY_REGISTRY);
      if (!registry?.keys.length) return listUnregistered(store, env, out);
      const { keys } = registry;
      out.note(await checkSignature(registry, store, env, options));
      const views = keys.map((key) => keyView(key, policy));
      const now = store.clock();
      const rows = views.map(({ activatable_at, withdrawable_at, compromised_at, ...view }) => ({
        ...view,
        next_step: nextStep({ activatable_at, withdrawable_at, compromised_at }, now),
      }));
      out.result(
        views,
        columns(rows, ['kid', 'alg', 'origin', 'status', 'thumbprint', 'published_at', 'activated_at', 'next_step']),
      );
    },
  );

/** @returns who has signed it, or why that could not be checked. @throws UntrustedRegistry for a wrong signature */
async function checkSignature(registry: StoredRegistry, store: Store, env: Environment, options: RegistryKeyOptions) {
  if (!isSigned(registry))
    return 'Warning: the registry is not signed. Compare these keys with what you know: see latchkey keys sign --help';
  const { find } = readConfig(env);
  const keys = (!store.local && find('REGISTRY_KEYS')) || (await findRegistryKey(store, env, options))?.keys;
  if (!keys || !(store.local || find('ISSUER'))) {
    return 'Warning: the signature of the registry was not checked. Set ISSUER, and REGISTRY_KEYS or --registry-kms-key.';
  }
  const trust = registryTrust(store, env, keys);
  const { signed_at } = requireSigned(registry, trust);
  const signer = keys.find((key) => isSignedBy([key], trust.issuer, registry));
  return `The registry was signed at ${time(signed_at)} by the key ${signer && registryKeyText(signer)}.`;
}

/** For an empty registry: lists the published keys, if they can be found. */
async function listUnregistered(store: Store, env: Environment, out: Output): Promise<void> {
  const found = await findPublicKeys(env, store.local);
  const views = (found?.keys ?? []).map(({ kid, alg }) => ({ kid, alg, origin: 'elsewhere', status: 'published' }));
  out.result(views, columns(views, ['kid', 'alg', 'origin', 'status']));
  out.note(
    found
      ? `The registry is empty; these keys are from ${found.where}. The other keys commands need a key in the registry: see latchkey keys add --help.`
      : 'The registry is empty; the keys are in the secret latchkey/STAGE or in KMS. To list the keys that the service publishes, set ISSUER.',
  );
}

function nextStep(
  times: Readonly<Record<'activatable_at' | 'withdrawable_at' | 'compromised_at', number | undefined>>,
  now: number,
): string | undefined {
  const { activatable_at, withdrawable_at, compromised_at } = times;
  if (compromised_at !== undefined) return `none: compromised ${moment(compromised_at, now)}`;
  if (activatable_at !== undefined) return `activate from ${moment(activatable_at, now)} on`;
  return withdrawable_at === undefined ? undefined : `retire from ${moment(withdrawable_at, now)} on`;
}
