import { setTimeout } from 'node:timers/promises';
import { Command } from 'commander';
import { inParallel } from '../../lib/in-parallel.ts';
import { revokeGrant } from '../../lib/revocation/revoke-grant.ts';
import { listOfGrants } from '../../lib/store/grant.ts';
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
        const count = await countGiven(store, sub, client_id);
        await confirm(
          `withdraw the consent for client ${client_id}, and revoke ${counted(count, 'grant')} and their tokens`,
        );
      }
      const ended = await withdraw(store, sub, client_id, lifetime);
      out.result(
        { sub, client_id, ended },
        `consent for client ${client_id} withdrawn; revoked grants: ${shorten(ended)}`,
      );
    },
  );

/** Ids that a person can look at. */
const MAX_SHOWN = 20;

const shorten = (ids: readonly string[]): string => {
  const more = ids.length - MAX_SHOWN;
  return `${ids.slice(0, MAX_SHOWN).join(' ') || 'none'}${more > 0 ? ` and ${more} more` : ''}`;
};

/** The ids of the unexpired grants that a subject gave to a client, page by page. */
async function* readGrants({ clock, lists }: Store, sub: string, client_id: string): AsyncGenerator<string[]> {
  for await (const page of lists.read(listOfGrants(sub))) {
    const given = page.filter((grant) => grant.client_id === client_id && grant.expires_at > clock());
    yield given.map(({ grant_id }) => grant_id);
  }
}

async function countGiven(store: Store, sub: string, client_id: string): Promise<number> {
  let count = 0;
  for await (const { length } of readGrants(store, sub, client_id)) count += length;
  return count;
}

/** Milliseconds in which a grant that was just given gets into the index that lists are read from. */
const INDEX_DELAY = 1_000;

/** Grants that are revoked at the same time. */
const CONCURRENCY = 10;

/**
 * Removes the consent first: otherwise the client could get another grant in between without asking the user. What was revoked
 * stays revoked, so after an interruption a second run completes what the first one could not.
 */
async function withdraw(store: Store, sub: string, client_id: string, maxLifetime: number): Promise<string[]> {
  await store.consents.remove(sub, client_id);
  await setTimeout(INDEX_DELAY);
  const { clock, grants } = store;
  const context = { clock, grants, maxLifetime, revocations: store.revocations };
  const ended: string[] = [];
  try {
    for await (const page of readGrants(store, sub, client_id)) {
      await inParallel(page, CONCURRENCY, (grant_id) => revokeGrant(grant_id, context));
      ended.push(...page);
    }
  } catch (error) {
    const reason = (error as Error).message;
    throw new Problem(
      `the consent is withdrawn, but not all grants are revoked: ${reason}; run the same command again`,
    );
  }
  return ended;
}
