import { Command } from 'commander';
import type { User } from '../../lib/oauth/user.ts';
import { createUser } from '../../lib/users/create-user.ts';
import { hashPassword } from '../../lib/users/password.ts';
import { change } from './change.ts';
import { examples, onTable, withYes } from './command.ts';
import { type Deployed, deployedFrom, IN_FLIGHT_SECONDS } from './disable-client.ts';
import { endSubject } from './end-subject.ts';
import { getUser } from './find-user.ts';
import { findRefusal, fromWhenTokensWork } from './from-when.ts';
import type { Io } from './io.ts';
import { newPassword, PASSWORD_STDIN } from './new-password.ts';
import { columns, printable, time } from './output.ts';
import * as parse from './parse.ts';
import { Problem, UsageProblem } from './problem.ts';
import type { Store } from './store.ts';
import { type ClaimOptions, hasClaims, withClaimChanges, withClaims } from './user-claims.ts';
import { userText, userView } from './view.ts';

/** `latchkey user`: who can sign in, where users are kept in the table. */
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
  onTable<ClaimOptions & PasswordOptions>(
    withClaims(
      new Command('create')
        .description('Add a user. Prints a password, once.')
        .argument(
          '<username>',
          'what the person types to sign in: 1 to 255 characters, not from - = @ nor to punctuation; in any case',
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
      const { password, isOurs } = await newPassword(io, options);
      const { users, clock } = await open();
      const claims = withClaimChanges({ preferred_username: username }, options, clock());
      const user = await createUser({ username, password, claims }, { users, clock });
      if (!user) throw new Problem(`there is a user ${username} already`);
      const shown = isOurs ? { password } : {};
      out.result({ ...userView(user), ...shown }, userText(user, shown));
      if (isOurs) out.note(PASSWORD_SHOWN_ONCE);
    },
  );

const PASSWORD_SHOWN_ONCE = 'This password is shown only now: the table has but a slow hash of it.';

const listCommand = (io: Io) =>
  onTable(
    new Command('list')
      .description('All users. Reads the whole table.')
      .addHelpText('after', examples('latchkey user list --json')),
    io,
    async ({ out, open }) => {
      const { users } = await open();
      const all = (await users.list()).sort((a, b) => (a.username < b.username ? -1 : 1));
      const rows = all.map(({ claims, ...user }) => ({ ...user, name: claims['name'], email: claims['email'] }));
      out.result(all.map(userView), columns(rows, ['username', 'sub', 'enabled', 'name', 'email', 'created_at']));
    },
  );

const withUser = (command: Command) => command.argument('<user>', 'a username, or a sub', parse.knownUser);

const showCommand = (io: Io) =>
  onTable(
    withUser(new Command('show').description('One user, without the hash of the password.')).addHelpText(
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
  onTable<ClaimOptions>(
    withClaims(
      withUser(new Command('update').description('Change the claims that are given and leave the rest.')),
    ).addHelpText('after', examples('latchkey user update alice --email alice@example.org --email-verified')),
    io,
    async ({ out, open }, options, who = '') => {
      if (!hasClaims(options)) throw new UsageProblem('there is nothing to change');
      const store = await open();
      const user = await changeUser(store, who, (found) => ({
        ...found,
        claims: withClaimChanges(found.claims, options, store.clock()),
      }));
      out.result(userView(user), userText(user));
    },
  );

const resetCommand = (io: Io) =>
  onTable<PasswordOptions>(
    withUser(
      withYes(new Command('reset')).description(
        'Set a new password, and sign the user out everywhere. Prints it, once.',
      ),
    )
      .option('--password-stdin', PASSWORD_STDIN)
      .addHelpText('after', DEPLOYED_HELP + examples('latchkey user reset alice')),
    io,
    async ({ out, open, confirm }, options, who = '') => {
      const deployed = deployedFrom(io.env);
      const store = await open();
      if (!options.yes) await confirm(await allOf(await getUser(store, who), store));
      const { password, isOurs } = await newPassword(io, options);
      const stored = await hashPassword(password, store.clock());
      const user = await changeUser(store, who, (found) => ({ ...found, password: stored }));
      // A request under way may have found the old password right.
      const done = `user ${who} has the new password`;
      const { revocation } = await endAfter(done, store, user, deployed, IN_FLIGHT_SECONDS);
      const shown = isOurs ? { password } : {};
      out.result({ ...userView(user), ...shown, revocation }, userText(user, { ...shown, ...refused(revocation) }));
      if (isOurs) out.note(PASSWORD_SHOWN_ONCE);
      out.note(`It can be used in ${IN_FLIGHT_SECONDS} seconds: what begins before is refused.`);
    },
  );

const DEPLOYED_HELP =
  '\nSet CLIENT_CACHE_SECONDS and ACCESS_TOKEN_MAX_LIFETIME_SECONDS as they are deployed, if that is not the default.\n';

const signOutCommand = (io: Io) =>
  onTable<{ subject?: true; yes?: true }>(
    withYes(new Command('sign-out'))
      .description('End every session, refresh token and access token of a user, everywhere. Can be repeated.')
      .argument('<user>', 'a username, or a sub', parse.knownId)
      .option('--subject', 'it is a sub of a user who is not kept here: the hook authenticateUser knows them')
      .addHelpText('after', DEPLOYED_HELP + examples('latchkey user sign-out alice --stage prod')),
    io,
    async ({ out, open, confirm }, { subject, yes }, who = '') => {
      const deployed = deployedFrom(io.env);
      const store = await open();
      // A mistyped name would be an entry that ends nothing, with an answer that all is well.
      const { sub } = subject ? { sub: who } : await getUser(store, who);
      if (!yes) await confirm(await allOf({ sub, username: who }, store));
      const { revocation } = await endSubject(store, sub, deployed);
      out.result({ sub, revocation }, `${who} is signed out: ${until(revocation)}`);
      out.note(HOW_SOON);
    },
  );

const HOW_SOON = 'How soon an API asks is set by its REVOCATION_MAX_AGE_SECONDS and the cache of its gateway.';

const disableCommand = (io: Io) =>
  onTable<{ yes?: true }>(
    withUser(
      withYes(new Command('disable')).description(
        'Let a user sign in no more, and end all that there is. Can be repeated.',
      ),
    ).addHelpText('after', DEPLOYED_HELP + examples('latchkey user disable alice --stage prod')),
    io,
    async ({ out, open, confirm }, { yes }, who = '') => {
      const deployed = deployedFrom(io.env);
      const store = await open();
      if (!yes) await confirm(await allOf(await getUser(store, who), store));
      // First the record: the other way round somebody could sign in between the two.
      const user = await changeUser(store, who, (found) => (found.enabled ? { ...found, enabled: false } : found));
      const { revocation } = await endAfter(`user ${who} is disabled`, store, user, deployed, IN_FLIGHT_SECONDS);
      out.result({ ...userView(user), revocation }, userText(user, refused(revocation)));
      out.note(HOW_SOON);
    },
  );

const enableCommand = (io: Io) =>
  onTable(
    withUser(
      new Command('enable').description('Let a disabled user sign in again. Tokens from before stay refused.'),
    ).addHelpText('after', examples('latchkey user enable alice')),
    io,
    async ({ out, open }, _options, who = '') => {
      const store = await open();
      const user = await changeUser(store, who, (found) => (found.enabled ? found : { ...found, enabled: true }));
      const refusal = await findRefusal(store, 'subject', user.sub);
      out.result({ ...userView(user), ...refusal }, userText(user, { ...refusal }));
      out.note(fromWhenTokensWork(refusal, store.clock()));
    },
  );

/** What ends with a sign-out, in words. */
const allOf = async ({ sub, username }: Pick<User, 'sub' | 'username'>, store: Store): Promise<string> =>
  `every session of ${printable(username)}, ${await store.countGrants({ sub })} and all tokens`;

/** @throws Problem that says what happened, when only what came before succeeded */
async function endAfter(done: string, store: Store, { sub }: User, deployed: Deployed, delay: number) {
  try {
    return await endSubject(store, sub, deployed, delay);
  } catch (error) {
    throw new Problem(
      `${done}, but may still be signed in: ${(error as Error).message}; run the same command again, or user sign-out`,
    );
  }
}

type Ended = { readonly issued_until?: number };

const refused = ({ issued_until = 0 }: Ended) => ({ tokens_refused_if_issued_until: time(issued_until) });

const until = ({ issued_until = 0 }: Ended) => `what was given until ${time(issued_until)} is refused`;

async function changeUser(store: Store, who: string, edit: (user: User) => User): Promise<User> {
  const { sub } = await getUser(store, who);
  return change(store.users, 'user', sub, edit);
}
