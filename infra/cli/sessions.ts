import { Command } from 'commander';
import { readConfig } from '../../lib/config.ts';
import { isSessionValid } from '../../lib/interaction/browser-session.ts';
import { listOfSessions } from '../../lib/store/session.ts';
import { examples, withTableAction } from './command.ts';
import type { Io } from './io.ts';
import { withWholeTable } from './list.ts';
import { requireWhose, subjectOf, type WhoseOptions, withWhose } from './whose.ts';

/** `latchkey sessions`: the browsers in which people are signed in. */
export const sessionsCommand = (io: Io): Command => new Command('sessions').addCommand(listCommand(io));

const listCommand = (io: Io) =>
  withTableAction<WhoseOptions & { wholeTable?: true }>(
    withWholeTable(
      withWhose(new Command('list').description('List the sessions in which a user is signed in.')),
    ).addHelpText(
      'after',
      `\nIf ISSUER is not set, sessions that latchkey token revoke --issuer has ended are listed as well.\n${examples('latchkey sessions list --user alice')}`,
    ),
    io,
    async ({ out, open }, { wholeTable = false, ...whose }) => {
      requireWhose(whose);
      const store = await open();
      const issuer = store.local?.issuer ?? readConfig(io.env).find('ISSUER') ?? '';
      const sub = await subjectOf(whose, store);
      async function* shown() {
        for await (const page of store.lists.read(listOfSessions(sub), { wholeTable })) {
          const sessions = page.filter(({ expires_at }) => expires_at > store.clock());
          const isValid = await Promise.all(sessions.map((session) => isSessionValid(session, { ...store, issuer })));
          const valid = sessions.filter((_, index) => isValid[index]);
          yield valid
            .map(({ sid, auth_time, amr, expires_at }) => ({ sid, auth_time, amr, expires_at }))
            .map((session) => ({ json: session, row: session }));
        }
      }
      await out.list(shown(), ['sid', 'auth_time', 'amr', 'expires_at']);
    },
  );
