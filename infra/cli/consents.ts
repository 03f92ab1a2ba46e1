import { Command } from 'commander';
import { examples, withTableAction, withYes } from './command.ts';
import { DEPLOYED_SETTINGS_HELP, HOW_SOON, RUN_AGAIN, readDeployedSettings } from './disable-client.ts';
import type { Io } from './io.ts';
import { columns, time } from './output.ts';
import * as parse from './parse.ts';
import { requireWhose, subjectOf, type WhoseOptions, withWhose } from './whose.ts';
import { withdrawConsent } from './withdraw-consent.ts';

/** `latchkey consents`: what users allowed clients, so that they are not asked again. */
export const consentsCommand = (io: Io): Command =>
  new Command('consents').addCommand(listCommand(io)).addCommand(withdrawCommand(io));

const listCommand = (io: Io) =>
  withTableAction<WhoseOptions>(
    withWhose(new Command('list').description('List the consents of a user.')).addHelpText(
      'after',
      examples('latchkey consents list --user alice'),
    ),
    io,
    async ({ out, open }, options) => {
      requireWhose(options);
      const store = await open();
      const found = await store.consents.list(await subjectOf(options, store));
      const shown = found.map(({ client_id, scope, resources, given_at }) => ({
        client_id,
        scope,
        resources,
        given_at,
      }));
      out.result(shown, columns(shown, ['client_id', 'scope', 'resources', 'given_at']));
    },
  );

const withdrawCommand = (io: Io) =>
  withTableAction<WhoseOptions & { yes?: true }>(
    withWhose(
      withYes(new Command('withdraw'))
        .description(
          'Withdraw a consent, so that the user is asked again, and revoke the tokens that the client has. Safe to repeat.',
        )
        .argument('<client_id>', 'id of the client that the consent was given to', parse.identifier),
    ).addHelpText(
      'after',
      DEPLOYED_SETTINGS_HELP +
        examples('latchkey consents withdraw web --user alice', 'latchkey consents withdraw web --user alice --yes'),
    ),
    io,
    async ({ out, open, confirm }, options, client_id = '') => {
      requireWhose(options);
      const store = await open();
      const deployed = readDeployedSettings(io.env, store.local);
      const sub = await subjectOf(options, store);
      if (!options.yes) {
        const grants = await store.countGrants({ sub, client_id });
        await confirm(`withdraw the consent for client ${client_id}, and revoke ${grants} and their tokens`);
      }
      const { revocation } = await withdrawConsent(store, sub, client_id, deployed);
      out.result(
        { sub, client_id, revocation },
        `consent for client ${client_id} withdrawn: grants and tokens issued until ${time(revocation.issued_until ?? 0)} are revoked`,
      );
      out.note(HOW_SOON);
      out.note(RUN_AGAIN);
    },
  );
