import { Command } from 'commander';
import type { GrantState } from '../../lib/oauth/grant-state.ts';
import { readUnverifiedHandle } from '../../lib/oauth/handle.ts';
import { revokeGrant } from '../../lib/revocation/revoke-grant.ts';
import { listOfGrants } from '../../lib/store/grant.ts';
import { Problem } from '../problem.ts';
import { examples, withTableAction } from './command.ts';
import { readDeployedSettings } from './disable-client.ts';
import { grantStatus } from './grant-status.ts';
import type { Io } from './io.ts';
import { withWholeTable } from './list.ts';
import { notFound } from './not-found.ts';
import * as parse from './parse.ts';
import { handleNames, remedyFor } from './presented-handle.ts';

/** `latchkey grants`: what people allowed clients to do on their behalf. */
export const grantsCommand = (io: Io): Command =>
  new Command('grants').addCommand(listCommand(io)).addCommand(revokeCommand(io));

const listCommand = (io: Io) =>
  withTableAction<{ subject: string; all?: true; wholeTable?: true }>(
    withWholeTable(
      new Command('list')
        .description('List the grants of a subject that are in force.')
        .requiredOption('--subject <sub>', 'sub of the user who gave the grants', parse.knownId)
        .option('--all', 'include grants that are no longer in force, as long as the table keeps them'),
    ).addHelpText('after', examples('latchkey grants list --subject 6fJ3vZ0k4nQ --json')),
    io,
    async ({ out, open }, { subject, all, wholeTable = false }) => {
      const { lists, clock, epochs } = await open();
      async function* shown() {
        for await (const page of lists.read(listOfGrants(subject), { wholeTable })) {
          const views = await Promise.all(
            page.map(async (grant) => ({ ...view(grant), status: await grantStatus(grant, clock(), epochs) })),
          );
          yield views
            .filter(({ status }) => all || status === 'in force')
            .map((grant) => ({ json: grant, row: grant }));
        }
      }
      await out.list(shown(), ['grant_id', 'client_id', 'scope', 'resources', 'issued_at', 'status']);
    },
  );

/** Leaves out what would help somebody who has found a code, such as the PKCE challenge. */
const view = ({
  grant_id,
  client_id,
  scope,
  resources,
  issued_at,
  rotated_at,
  offline,
  ends_at,
  revoked_at,
}: GrantState) => ({
  grant_id,
  client_id,
  scope,
  resources,
  issued_at,
  ...(rotated_at > issued_at && { used_at: rotated_at }),
  ...(offline && { ends_at }),
  ...(revoked_at !== undefined && { revoked_at }),
});

const revokeCommand = (io: Io) =>
  withTableAction(
    new Command('revoke')
      .description(
        'Revoke a grant: its code, its refresh tokens, and its access tokens of every format. Safe to repeat.',
      )
      .argument('<grant_id>', 'id of the grant, from latchkey grants list or the claim grant_id', parse.knownId)
      .addHelpText('after', examples('latchkey grants revoke 3QH0ZyGd1kRkUuC2m9nqCgxYb2qVw5fT --stage prod')),
    io,
    async ({ out, open }, _options, id = '') => {
      const handle = readUnverifiedHandle(id);
      if (handle) throw new Problem(`this is ${handleNames[handle.kind]}, not a grant id: ${remedyFor(handle)}`);
      const { clock, grants, revocations, local } = await open();
      const maxLifetime = readDeployedSettings(io.env, local).lifetime;
      const grant = await grants.find(id);
      if (!grant) throw notFound('grant', id);
      await revokeGrant(id, { clock, grants, revocations, maxLifetime });
      out.result(
        { grant_id: id, client_id: grant.client_id, sub: grant.sub, status: 'revoked' },
        `grant ${id} is revoked`,
      );
    },
  );
