import { Command } from 'commander';
import { createRevocationList } from '../../lib/revocation/list.ts';
import { revokeGrant } from '../../lib/revocation/revoke-grant.ts';
import { Problem } from '../problem.ts';
import { examples, withTableAction, withYes } from './command.ts';
import { readDeployedSettings } from './disable-client.ts';
import type { Io } from './io.ts';
import { columns, counted } from './output.ts';
import * as parse from './parse.ts';
import type { Store } from './store.ts';
import { requireWhose, subjectOf, type WhoseOptions, withWhose } from './whose.ts';

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
      examples('latchkey consents withdraw web --user alice', 'latchkey consents withdraw web --user alice --yes'),
    ),
    io,
    async ({ out, open, confirm }, options, client_id = '') => {
      requireWhose(options);
      const { lifetime } = readDeployedSettings(io.env);
      const store = await open();
      const sub = await subjectOf(options, store);
      if (!options.yes) {
        const given = await findGrants(store, sub, client_id);
        await confirm(
          `withdraw the consent for client ${client_id}, and revoke ${counted(given.length, 'grant')} and their tokens`,
        );
      }
      const ended = await withdraw(store, sub, client_id, lifetime);
      out.result(
        { sub, client_id, ended },
        `consent for client ${client_id} withdrawn; revoked grants: ${ended.join(' ') || 'none'}`,
      );
    },
  );

/** The ids of the unexpired grants that a subject gave to a client. */
async function findGrants({ clock, grants }: Store, sub: string, client_id: string): Promise<string[]> {
  const given = (await grants.list()).filter((grant) => grant.sub === sub && grant.client_id === client_id);
  return given.filter(({ expires_at }) => expires_at > clock()).map(({ grant_id }) => grant_id);
}

/** Removes the consent first: otherwise the client could get another grant in between without asking the user. */
async function withdraw(store: Store, sub: string, client_id: string, maxLifetime: number): Promise<string[]> {
  await store.consents.remove(sub, client_id);
  const { clock, grants } = store;
  const context = { clock, grants, maxLifetime, revocations: createRevocationList(store.revocations, clock) };
  const ended = await findGrants(store, sub, client_id);
  try {
    for (const grant_id of ended) await revokeGrant(grant_id, context);
  } catch (error) {
    const reason = (error as Error).message;
    throw new Problem(
      `the consent is withdrawn, but not all grants are revoked: ${reason}; run the same command again`,
    );
  }
  return ended;
}
