import { Command } from 'commander';
import type { Revocation } from '../../lib/oauth/revocation.ts';
import { normalizeUsername, type User } from '../../lib/oauth/user.ts';
import { IN_FLIGHT_SECONDS } from '../../lib/revocation/revoke-grant.ts';
import { listOfUsers } from '../../lib/store/user.ts';
import { createUser } from '../../lib/users/create-user.ts';
import { hashPassword } from '../../lib/users/password.ts';
import { Problem } from '../problem.ts';
import { change } from './change.ts';
import { examples, withTableAction, withYes } from './command.ts';
import {
  DEPLOYED_SETTINGS_HELP,
  type DeployedSettings,
  HOW_SOON,
  RUN_AGAIN,
  readDeployedSettings,
} from './disable-client.ts';
import { getUser } from './find-user.ts';
import type { Io } from './io.ts';
import { type PageOptions, printPages, readOptions, withPages } from './list.ts';
import { newPassword, PASSWORD_STDIN } from './new-password.ts';
import { printable, time } from './output.ts';
import * as parse from './parse.ts';
import { findRefusedTokens, whenNewTokensWork } from './refused-tokens.ts';
import { signOutSubject } from './sign-out-subject.ts';
import type { Store } from './store.ts';
import { UsageProblem } from './usage-problem.ts';
import { type ClaimOptions, hasClaimOptions, withClaimChanges, withClaims } from './user-claims.ts';
import { userText, userView } from './view.ts';

/** `latchkey user`: the users in the table, who can sign in with a password. */
export const userCommand = (io: Io): Command =>
  new Command('user')
    .addCommand(createCommand(io))
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(updateCommand(io))
    .addCommand(resetCommand(io))
    .addCommand(signOutCommand(io))
    .addCommand(disableCommand(io))
    .addCommand(enableCommand(io));

type PasswordOptions = { readonly passwordStdin?: true; readonly yes?: true };

const createCommand = (io: Io) =>
  withTableAction<ClaimOptions & PasswordOptions>(
    withClaims(
      new Command('create')
        .description('Add a user. Prints a new password once.')
        .argument(
          '<username>',
          'name to sign in with: 1 to 255 characters, not beginning with - = or @, not ending with punctuation; case is ignored',
          parse.newUsername,
        )
        .option('--password-stdin', PASSWORD_STDIN),
    ).addHelpText(
      'after',
      examples(
        'latchkey user create alice --name "Alice Adams" --email alice@example.com --email-verified',
        'latchkey user create bob --password-stdin < password.txt',
      ),
    ),
    io,
    async ({ out, open }, options, username = '') => {
      const { password, isGenerated } = await newPassword(io, options);
      const { users, clock } = await open();
      const claims = withClaimChanges({ preferred_username: username }, options, clock());
      const user = await createUser({ username, password, claims }, { users, clock });
      if (!user) throw new Problem(`user ${username} already exists: choose another username`);
      const shown = isGenerated ? { password } : {};
      out.result({ ...userView(user), ...shown }, userText(user, shown));
      if (isGenerated) out.note(PASSWORD_SHOWN_ONCE);
    },
  );

const PASSWORD_SHOWN_ONCE = 'This password is shown only now: the table keeps only a hash of it.';

const listCommand = (io: Io) =>
  withTableAction<PageOptions>(
    withPages(
      new Command('list').description('List all users, or a page of them.'),
      'username',
      parse.knownUser,
    ).addHelpText('after', examples('latchkey user list --json', 'latchkey user list --limit 20 --after alice')),
    io,
    async ({ out, open }, { after, ...options }) => {
      const { lists } = await open();
      const from = after === undefined ? {} : { after: normalizeUsername(after) };
      await printPages(out, lists.read(listOfUsers(), readOptions({ ...options, ...from })), {
        limit: options.limit,
        names: ['username', 'sub', 'enabled', 'name', 'email', 'created_at'],
        show: (user) => ({
          json: userView(user),
          row: { ...user, name: user.claims['name'], email: user.claims['email'] },
        }),
        idOf: ({ username }) => username,
      });
    },
  );

const withUser = (command: Command) => command.argument('<user>', 'username or sub of the user', parse.knownUser);

const showCommand = (io: Io) =>
  withTableAction(
    withUser(new Command('show').description('Show one user, without the hash of the password.')).addHelpText(
      'after',
      examples('latchkey user show alice'),
    ),
    io,
    async ({ out, open }, _options, who = '') => {
      const user = await getUser(await open(), who);
      out.result(userView(user), userText(user));
    },
  );

const updateCommand = (io: Io) =>
  withTableAction<ClaimOptions>(
    withClaims(withUser(new Command('update').description('Change the claims that are given.'))).addHelpText(
      'after',
      examples('latchkey user update alice --email alice@example.org --email-verified'),
    ),
    io,
    async ({ out, open }, options, who = '') => {
      if (!hasClaimOptions(options)) throw new UsageProblem('nothing to change: give at least one claim (see --help)');
      const store = await open();
      const user = await changeUser(store, who, (found) => ({
        ...found,
        claims: withClaimChanges(found.claims, options, store.clock()),
      }));
      out.result(userView(user), userText(user));
    },
  );

const resetCommand = (io: Io) =>
  withTableAction<PasswordOptions>(
    withUser(
      withYes(new Command('reset')).description(
        'Set a new password, and sign the user out everywhere. Prints the new password once.',
      ),
    )
      .option('--password-stdin', PASSWORD_STDIN)
      .addHelpText('after', DEPLOYED_SETTINGS_HELP + examples('latchkey user reset alice')),
    io,
    async ({ out, open, confirm }, options, who = '') => {
      const store = await open();
      const deployed = readDeployedSettings(io.env, store.local);
      if (!options.yes) await confirm(await signOutOf(await getUser(store, who), store));
      const { password, isGenerated } = await newPassword(io, options);
      const stored = await hashPassword(password, store.clock());
      const user = await changeUser(store, who, (found) => ({ ...found, password: stored }));
      // A request in flight may have accepted the old password already, so the sign-out covers the next seconds as well.
      const done = `user ${who} has the new password`;
      const { revocation } = await signOutAfter(done, store, user, deployed, IN_FLIGHT_SECONDS);
      const shown = isGenerated ? { password } : {};
      out.result({ ...userView(user), ...shown, revocation }, userText(user, { ...shown, ...refused(revocation) }));
      if (isGenerated) out.note(PASSWORD_SHOWN_ONCE);
      out.note(`The new password works in ${IN_FLIGHT_SECONDS} seconds: sessions that begin before are refused.`);
    },
  );

const signOutCommand = (io: Io) =>
  withTableAction<{ subject?: true; yes?: true }>(
    withYes(new Command('sign-out'))
      .description(
        'Sign a user out everywhere: end all sessions, and revoke all refresh and access tokens. Safe to repeat.',
      )
      .argument('<user>', 'username or sub of the user', parse.knownId)
      .option('--subject', '<user> is the sub of a user who is not in the table but known to the hook authenticateUser')
      .addHelpText('after', DEPLOYED_SETTINGS_HELP + examples('latchkey user sign-out alice --stage prod')),
    io,
    async ({ out, open, confirm }, { subject, yes }, who = '') => {
      const store = await open();
      const deployed = readDeployedSettings(io.env, store.local);
      // With a mistyped name, the command would succeed but sign nobody out.
      const { sub } = subject ? { sub: who } : await getUser(store, who);
      if (!yes) await confirm(await signOutOf({ sub, username: who }, store));
      const { revocation } = await signOutSubject(store, sub, deployed);
      out.result(
        { sub, revocation },
        `${who} is signed out: sessions and tokens issued until ${time(revocation.issued_until ?? 0)} are revoked`,
      );
      out.note(HOW_SOON);
      out.note(RUN_AGAIN);
    },
  );

const disableCommand = (io: Io) =>
  withTableAction<{ yes?: true }>(
    withUser(
      withYes(new Command('disable')).description(
        'Keep a user from signing in, end all sessions, and revoke all tokens. Safe to repeat.',
      ),
    ).addHelpText('after', DEPLOYED_SETTINGS_HELP + examples('latchkey user disable alice --stage prod')),
    io,
    async ({ out, open, confirm }, { yes }, who = '') => {
      const store = await open();
      const deployed = readDeployedSettings(io.env, store.local);
      if (!yes) await confirm(await signOutOf(await getUser(store, who), store));
      // The record changes first: otherwise the user could sign in again in between.
      const user = await changeUser(store, who, (found) => (found.enabled ? { ...found, enabled: false } : found));
      const { revocation } = await signOutAfter(`user ${who} is disabled`, store, user, deployed, IN_FLIGHT_SECONDS);
      out.result({ ...userView(user), revocation }, userText(user, refused(revocation)));
      out.note(HOW_SOON);
    },
  );

const enableCommand = (io: Io) =>
  withTableAction(
    withUser(
      new Command('enable').description('Let a disabled user sign in again. Tokens issued earlier stay revoked.'),
    ).addHelpText('after', examples('latchkey user enable alice')),
    io,
    async ({ out, open }, _options, who = '') => {
      const store = await open();
      const user = await changeUser(store, who, (found) => (found.enabled ? found : { ...found, enabled: true }));
      const refusedTokens = await findRefusedTokens(store, 'subject', user.sub);
      out.result({ ...userView(user), ...refusedTokens }, userText(user, { ...refusedTokens }));
      out.note(whenNewTokensWork(refusedTokens, store.clock()));
    },
  );

/** The sign-out to confirm, as in "This will …". */
const signOutOf = async ({ sub, username }: Pick<User, 'sub' | 'username'>, store: Store): Promise<string> =>
  `end every session of ${printable(username)}, and revoke ${await store.countGrants({ sub })} and all tokens`;

/** @throws Problem that says what was done, when the record was changed but the sign-out failed */
async function signOutAfter(done: string, store: Store, { sub }: User, deployed: DeployedSettings, delay: number) {
  try {
    return await signOutSubject(store, sub, deployed, delay);
  } catch (error) {
    throw new Problem(
      `${done}, but may still be signed in: ${(error as Error).message}; run the same command again, or latchkey user sign-out`,
    );
  }
}

const refused = ({ issued_until = 0 }: Revocation) => ({ tokens_refused_if_issued_until: time(issued_until) });

async function changeUser(store: Store, who: string, edit: (user: User) => User): Promise<User> {
  const { sub } = await getUser(store, who);
  return change(store.users, 'user', sub, edit);
}
