import { Command, Option } from 'commander';
import { usesSecret } from '../../lib/client-authentication/methods.ts';
import type { HashedSecret } from '../../lib/oauth/hashed-secret.ts';
import type { RecordStore } from '../../lib/store/record.ts';
import { demoApis } from '../demo-apis.ts';
import { Problem } from '../problem.ts';
import { change, get } from './change.ts';
import { whyNoSecrets } from './client-settings.ts';
import { examples, withTableAction } from './command.ts';
import { readDeployedSettings } from './disable-client.ts';
import type { Io } from './io.ts';
import { newSecret, SECRET_STDIN, SHOWN_ONCE } from './new-secret.ts';
import { columns, fields, printable } from './output.ts';
import * as parse from './parse.ts';
import type { Store } from './store.ts';
import { UsageProblem } from './usage-problem.ts';
import { secretView } from './view.ts';

interface OwnerOptions {
  readonly client?: string;
  readonly resource?: string;
}

/** `latchkey secret`: a record may have several secrets, so that one can be replaced without an outage. */
export const secretCommand = (io: Io): Command =>
  new Command('secret').addCommand(addCommand(io)).addCommand(listCommand(io)).addCommand(retireCommand(io));

const withOwner = (command: Command): Command =>
  command
    .addOption(new Option('--client <id>', 'client that the secret belongs to').argParser(parse.identifier))
    .addOption(
      new Option('--resource <id>', 'resource server that the secret belongs to')
        .argParser(parse.identifier)
        .conflicts('client'),
    );

/** Authentication tries all of them, and chosen secrets take long to check. */
const MAX_SECRETS = 10;

const addCommand = (io: Io) =>
  withTableAction<OwnerOptions & { expiresIn?: number; secretStdin?: true }>(
    withOwner(new Command('add').description('Add a secret to the existing ones. Prints it once.'))
      .option(
        '--expires-in <span>',
        'lifetime of the secret, such as 90s, 45m, 12h or 30d (default: no limit)',
        parse.span,
      )
      .option('--secret-stdin', SECRET_STDIN)
      .addHelpText(
        'after',
        examples(
          'latchkey secret add --client reports --expires-in 90d',
          `latchkey secret add --resource ${demoApis.orders}`,
        ),
      ),
    io,
    async ({ out, open }, options) => {
      const { cacheNote } = readDeployedSettings(io.env);
      requireOwner(options);
      const store = await open();
      const owner = ownerOf(options, store);
      const now = store.clock();
      await owner.check();
      const expires_at = options.expiresIn === undefined ? undefined : now + options.expiresIn;
      const { stored, secret } = await newSecret(io, options, now, expires_at);
      await owner.changeSecrets((secrets) => {
        // The first attempt may have succeeded although its answer was lost.
        if (secrets.some(({ secret_id }) => secret_id === stored.secret_id)) return secrets;
        const live = secrets.filter((other) => other.expires_at === undefined || other.expires_at > now);
        if (live.length >= MAX_SECRETS) {
          throw new Problem(`the limit of ${MAX_SECRETS} secrets is reached: retire one with latchkey secret retire`);
        }
        return [...live, stored];
      });
      const view = { ...secretView(stored), ...(secret !== undefined && { secret }) };
      out.result(view, fields({ ...view }));
      if (secret !== undefined) out.note(SHOWN_ONCE);
      out.note(cacheNote);
    },
  );

const listCommand = (io: Io) =>
  withTableAction<OwnerOptions>(
    withOwner(new Command('list').description('List the ids of secrets, but not the secrets.')).addHelpText(
      'after',
      examples('latchkey secret list --client reports'),
    ),
    io,
    async ({ out, open }, options) => {
      requireOwner(options);
      const store = await open();
      const now = store.clock();
      const views = (await ownerOf(options, store).secrets()).map((secret) => ({
        ...secretView(secret),
        expired: secret.expires_at !== undefined && secret.expires_at <= now,
      }));
      out.result(views, columns(views, ['secret_id', 'kind', 'created_at', 'expires_at', 'expired']));
    },
  );

const retireCommand = (io: Io) =>
  withTableAction<OwnerOptions & { in?: number }>(
    withOwner(
      new Command('retire')
        .description('Remove a secret now or after a while. Tokens issued to its owner stay valid.')
        .argument('<secret_id>', 'id of the secret, from latchkey secret list', parse.knownId),
    )
      .option(
        '--in <span>',
        'time until it expires, such as 90s, 45m, 12h or 30d (default: at once); never postpones its expiry',
        parse.span,
      )
      .addHelpText(
        'after',
        examples(
          'latchkey secret retire 1f2e3d4c --client reports',
          'latchkey secret retire 1f2e3d4c --client reports --in 1d',
        ),
      ),
    io,
    async ({ out, open }, options, secret_id = '') => {
      const { cacheNote } = readDeployedSettings(io.env);
      requireOwner(options);
      const store = await open();
      const expires_at = options.in === undefined ? undefined : store.clock() + options.in;
      const left = await ownerOf(options, store).changeSecrets((secrets) => {
        if (!secrets.some((secret) => secret.secret_id === secret_id)) {
          throw new Problem(`there is no secret ${printable(secret_id)}: see latchkey secret list`);
        }
        if (expires_at === undefined) return secrets.filter((secret) => secret.secret_id !== secret_id);
        return secrets.map((secret) => (secret.secret_id === secret_id ? expiring(secret, expires_at) : secret));
      });
      const views = left.map((secret) => ({ ...secretView(secret) }));
      out.result(views, columns(views, ['secret_id', 'kind', 'created_at', 'expires_at']));
      if (left.length === 0) {
        out.note('Without a secret, it cannot authenticate: add one with latchkey secret add.');
      }
      out.note(cacheNote);
    },
  );

const expiring = (secret: HashedSecret, at: number): HashedSecret => ({
  ...secret,
  expires_at: Math.min(at, secret.expires_at ?? at),
});

function requireOwner({ client, resource }: OwnerOptions): void {
  if (client === undefined && resource === undefined) {
    throw new UsageProblem('whose secrets? Give --client ID or --resource ID');
  }
}

type EditSecrets = (secrets: readonly HashedSecret[]) => readonly HashedSecret[];

/** Clients and resource servers keep their secrets in the same way. */
function ownerOf({ client, resource = '' }: OwnerOptions, { clients, resourceServers }: Store) {
  if (client === undefined) return owner(resourceServers, 'resource server', resource);
  return owner(clients, 'client', client, (found) => {
    if (!usesSecret(found)) {
      throw new Problem(
        `client ${client} ${whyNoSecrets(found)} and has no secrets: see latchkey client update --auth-method`,
      );
    }
  });
}

function owner<Value extends { readonly secrets: readonly HashedSecret[] }>(
  records: RecordStore<Value>,
  kind: string,
  id: string,
  requireMayHave: (value: Value) => void = () => {},
) {
  return {
    secrets: async () => (await get(records, kind, id)).secrets,
    check: async () => requireMayHave(await get(records, kind, id)),
    changeSecrets: async (edit: EditSecrets) => {
      const changed = await change(records, kind, id, (found) => {
        const secrets = edit(found.secrets);
        return secrets === found.secrets ? found : { ...found, secrets };
      });
      return changed.secrets;
    },
  };
}
