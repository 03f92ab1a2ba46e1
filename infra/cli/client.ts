import { Command } from 'commander';
import { usesSecret } from '../../lib/client-authentication/methods.ts';
import type { Client } from '../../lib/oauth/client.ts';
import { type ClientFinding, judgeClient } from '../../lib/oauth/client-registration.ts';
import { randomId } from '../../lib/oauth/handle.ts';
import { isNewIdentifier } from '../../lib/oauth/identifier.ts';
import type { ResourceServer } from '../../lib/oauth/resource-server.ts';
import { listOfClients } from '../../lib/store/client.ts';
import { demoApis } from '../demo-apis.ts';
import { change, create, get } from './change.ts';
import { hasSettings, type Settings, whyNoSecrets, withChanges, withSettings } from './client-settings.ts';
import { examples, withTableAction, withYes } from './command.ts';
import { DEPLOYED_SETTINGS_HELP, disableClient, HOW_SOON, readDeployedSettings } from './disable-client.ts';
import type { Io } from './io.ts';
import { type PageOptions, printPages, readOptions, withPages } from './list.ts';
import { requireNoResourceServer } from './namesakes.ts';
import { newSecret, SECRET_STDIN, SHORT_SECRET, SHOWN_ONCE } from './new-secret.ts';
import { time } from './output.ts';
import * as parse from './parse.ts';
import { findRefusedTokens, whenNewTokensWork } from './refused-tokens.ts';
import { findDeployment, noteFindings, refuseFindings } from './registration.ts';
import type { Store } from './store.ts';
import { UsageProblem } from './usage-problem.ts';
import { clientText, recordView } from './view.ts';

/** `latchkey client`: the programs that may get tokens. */
export const clientCommand = (io: Io): Command =>
  new Command('client')
    .addCommand(createCommand(io))
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(updateCommand(io))
    .addCommand(disableCommand(io))
    .addCommand(enableCommand(io));

const createCommand = (io: Io) =>
  withTableAction<Settings & { secretStdin?: true; imported?: true }>(
    withSettings(
      new Command('create')
        .description('Register a client. Prints its secret once.')
        .argument('[client_id]', `id of the new client (default: a random id): ${parse.ID_RULES}`, parse.identifier),
    )
      .option('--secret-stdin', SECRET_STDIN)
      .option(
        '--imported',
        'keep an id with spaces or punctuation, or a short secret, of a client that another system has registered',
      )
      .addHelpText(
        'after',
        examples(
          `latchkey client create reports --resource ${demoApis.orders} --scope "orders:read"`,
          `latchkey client create --name "Nightly export" --resource ${demoApis.orders} --format reference --lifetime 600`,
          'latchkey client create shop --redirect-uri https://shop.example.com/callback --scope "openid email offline_access"',
          'latchkey client create app --public --redirect-uri com.example.app:/callback --scope openid',
          `printf %s "$OLD_SECRET" | latchkey client create legacy-app --resource ${demoApis.orders} --secret-stdin`,
          `printf %s secret | latchkey client create "my app" --resource ${demoApis.orders} --secret-stdin --imported`,
        ),
      ),
    io,
    async ({ out, open }, options, client_id = randomId()) => {
      if (!isNewIdentifier(client_id) && !options.imported) throw new UsageProblem(parse.NEW_ID);
      if (!options.resource && !options.scope?.split(' ').includes('openid')) {
        throw new UsageProblem(
          'a client needs a resource server unless its scope includes openid: give --resource ID or --scope openid',
        );
      }
      const draft: Client = {
        client_id,
        grant_types: grantTypesOf(options),
        scope: '',
        resources: [],
        secrets: [],
        enabled: true,
      };
      const client = withChanges(draft, options);
      if (!usesSecret(client) && options.secretStdin) {
        throw new UsageProblem(`a client that ${whyNoSecrets(client)} has no secret: leave out --secret-stdin`);
      }
      const store = await open();
      const resourceServers = await getResourceServers(client, store);
      const findings = await judge(client, resourceServers, store, io);
      refuseFindings(findings);
      await requireNoResourceServer(client_id, store);
      const made = usesSecret(client) ? await newSecret(io, options, store.clock()) : undefined;
      const record = { ...client, resources: identifiersOf(resourceServers), secrets: made ? [made.stored] : [] };
      await create(store.clients, 'client', client_id, record);

      const shown = made?.secret === undefined ? {} : { client_secret: made.secret };
      out.result({ ...recordView(record), ...shown }, clientText(record, shown));
      if (made?.secret !== undefined) out.note(SHOWN_ONCE);
      if (made?.isShort) out.note(SHORT_SECRET);
      if (!isNewIdentifier(client_id)) out.note(ODD_ID);
      noteFindings(findings, out);
    },
  );

const ODD_ID =
  'A new client cannot have such an id, because programs quote and encode it in different ways: change it as soon as the client can.';

const listCommand = (io: Io) =>
  withTableAction<PageOptions>(
    withPages(
      new Command('list').description('List all clients, or a page of them.'),
      'client_id',
      parse.identifier,
    ).addHelpText('after', examples('latchkey client list --json', 'latchkey client list --limit 20 --after reports')),
    io,
    async ({ out, open }, options) => {
      const { lists } = await open();
      await printPages(out, lists.read(listOfClients(), readOptions(options)), {
        limit: options.limit,
        names: ['client_id', 'client_name', 'enabled', 'access_token_format', 'resources', 'scope'],
        show: (client) => ({ json: recordView(client), row: { ...client } }),
        idOf: ({ client_id }) => client_id,
      });
    },
  );

const showCommand = (io: Io) =>
  withTableAction(
    new Command('show')
      .description('Show one client, without the hashes of its secrets.')
      .argument('<client_id>', 'id of the client', parse.identifier)
      .addHelpText('after', examples('latchkey client show reports')),
    io,
    async ({ out, open }, _options, id = '') => {
      const client = await get((await open()).clients, 'client', id);
      out.result(recordView(client), clientText(client));
    },
  );

const updateCommand = (io: Io) =>
  withTableAction<Settings>(
    withSettings(
      new Command('update')
        .description('Change the settings that are given. Tokens already issued stay as they are.')
        .argument('<client_id>', 'id of the client', parse.identifier),
    ).addHelpText(
      'after',
      examples(
        'latchkey client update reports --scope "orders:read orders:write"',
        'latchkey client update reports --format default --lifetime 300',
        'latchkey client update shop --logo-uri https://shop.example.com/logo.png --no-consent',
      ),
    ),
    io,
    async ({ out, open }, options, id = '') => {
      const { cacheNote } = readDeployedSettings(io.env);
      if (!hasSettings(options)) throw new UsageProblem('nothing to change: give at least one setting (see --help)');
      const store = await open();
      let findings: readonly ClientFinding[] = [];
      const client = await change(store.clients, 'client', id, async (found) => {
        const next = withChanges(found, options);
        const resourceServers = await getResourceServers(next, store);
        findings = await judge(next, resourceServers, store, io);
        refuseFindings(findings, await judge(found, await findResourceServers(found, store), store, io));
        return { ...next, resources: identifiersOf(resourceServers) };
      });
      out.result(recordView(client), clientText(client));
      noteFindings(findings, out);
      out.note(cacheNote);
    },
  );

const disableCommand = (io: Io) =>
  withTableAction<{ yes?: true }>(
    withYes(new Command('disable'))
      .description('Disable a client: it gets no new tokens, and the tokens it has are refused. Safe to repeat.')
      .argument('<client_id>', 'id of the client', parse.identifier)
      .addHelpText(
        'after',
        DEPLOYED_SETTINGS_HELP +
          examples('latchkey client disable reports --stage prod', 'latchkey client disable reports --yes'),
      ),
    io,
    async ({ io: { env }, out, open, confirm }, { yes }, id = '') => {
      const store = await open();
      const deployed = readDeployedSettings(env, store.local);
      await get(store.clients, 'client', id);
      if (!yes) {
        const grants = await store.countGrants({ client_id: id });
        await confirm(`disable client ${id}, and revoke its ${grants} and all its tokens`);
      }
      const { client, revocation } = await disableClient(store, id, deployed);
      out.result(
        { ...recordView(client), revocation },
        clientText(client, { tokens_refused_if_issued_until: time(revocation.issued_until ?? 0) }),
      );
      out.note(HOW_SOON);
    },
  );

const enableCommand = (io: Io) =>
  withTableAction(
    new Command('enable')
      .description('Let a disabled client get tokens again. Tokens issued earlier stay revoked.')
      .argument('<client_id>', 'id of the client', parse.identifier)
      .addHelpText('after', examples('latchkey client enable reports')),
    io,
    async ({ out, open }, _options, id = '') => {
      const store = await open();
      const client = await change(store.clients, 'client', id, (found) =>
        found.enabled ? found : { ...found, enabled: true },
      );
      const refusedTokens = await findRefusedTokens(store, 'client', id);
      out.result({ ...recordView(client), ...refusedTokens }, clientText(client, { ...refusedTokens }));
      out.note(whenNewTokensWork(refusedTokens, store.clock()));
    },
  );

/** The grant types of a new client without `--grant-type`. */
function grantTypesOf({ redirectUri, scope }: Settings): string[] {
  if (!redirectUri) return ['client_credentials'];
  return ['authorization_code', ...(scope?.split(' ').includes('offline_access') ? ['refresh_token'] : [])];
}

/** @throws Problem naming the first resource server that does not exist */
const getResourceServers = ({ resources }: Client, { resourceServers }: Store) =>
  Promise.all(resources.map((id) => get(resourceServers, 'resource server', id)));

/** As they are registered, whatever the spelling of the options. */
const identifiersOf = (resourceServers: readonly ResourceServer[]) => [
  ...new Set(resourceServers.map(({ identifier }) => identifier)),
];

const findResourceServers = async ({ resources }: Client, { resourceServers }: Store) =>
  (await Promise.all(resources.map((id) => resourceServers.find(id)))).filter((found) => found !== undefined);

/** What is wrong with a client. */
async function judge(client: Client, resourceServers: readonly ResourceServer[], store: Store, { env }: Io) {
  const { id_token_signed_response_alg: alg, access_token_format: format } = client;
  return judgeClient(client, resourceServers, await findDeployment({ alg, format }, store, env));
}
