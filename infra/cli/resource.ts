import { Command } from 'commander';
import { type AlgorithmName, algorithmNames } from '../../lib/keys/algorithm.ts';
import {
  ACCESS_TOKEN_TYP,
  type AccessTokenFormatName,
  type AccessTokenTyp,
  DEFAULT_FORMAT,
} from '../../lib/oauth/access-token.ts';
import type { EncryptionJwk, ResourceServer } from '../../lib/oauth/resource-server.ts';
import { judgeResourceServer, type ResourceServerFinding } from '../../lib/oauth/resource-server-registration.ts';
import { listOfResourceServers } from '../../lib/store/resource-server.ts';
import { demoApis } from '../demo-apis.ts';
import { change, create, get, withoutUndefined } from './change.ts';
import { claimChanges, hasClaimSettings, withClaimSettings } from './claim-settings.ts';
import { examples, withTableAction } from './command.ts';
import { readDeployedSettings } from './disable-client.ts';
import type { Io } from './io.ts';
import { type PageOptions, printPages, readOptions, withPages } from './list.ts';
import { requireNoClient, requireOwnAudience } from './namesakes.ts';
import { newSecret, SECRET_STDIN, SHOWN_ONCE } from './new-secret.ts';
import { openingKeysCommand } from './opening-keys.ts';
import * as parse from './parse.ts';
import { findDeployment, noteFindings, refuseFindings } from './registration.ts';
import type { Store } from './store.ts';
import { UsageProblem } from './usage-problem.ts';
import { recordView, resourceText } from './view.ts';

interface Settings {
  readonly audience?: string;
  readonly scope?: string;
  readonly format?: AccessTokenFormatName | typeof parse.DEFAULT;
  readonly encryptionKey?: EncryptionJwk | typeof parse.DEFAULT;
  readonly signingAlg?: AlgorithmName | typeof parse.DEFAULT;
  readonly typ?: AccessTokenTyp | typeof parse.DEFAULT;
  readonly lifetime?: number | typeof parse.DEFAULT;
}

/** `latchkey resource`: the APIs that tokens are for. */
export const resourceCommand = (io: Io): Command =>
  new Command('resource')
    .addCommand(createCommand(io))
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(updateCommand(io))
    .addCommand(switchCommand(io, 'disable'))
    .addCommand(switchCommand(io, 'enable'))
    .addCommand(openingKeysCommand(io));

const withSettings = (command: Command): Command => withClaimSettings(withTokenSettings(command));

const withTokenSettings = (command: Command): Command =>
  command
    .option('--audience <aud>', 'aud claim of its tokens (default: the identifier)', parse.newAudience)
    .option('--scope <scopes>', 'scopes that it understands, separated by spaces', parse.scope)
    .option(
      '--format <format>',
      `format of its access tokens: ${parse.formatNames}, or default (${DEFAULT_FORMAT})`,
      parse.orDefault(parse.format),
    )
    .option(
      '--encryption-key <file>',
      'JWK file with the public key that encrypted_jwt tokens are encrypted to, or default (none)',
      parse.orDefault(parse.encryptionKey),
    )
    .option(
      '--signing-alg <alg>',
      `algorithm that signs its JWTs: ${algorithmNames.join(', ')}, or default (that of the first key); a signing key of this algorithm must exist`,
      parse.orDefault(parse.signingAlg),
    )
    .option(
      '--typ <typ>',
      `typ in the header of its tokens: ${parse.typNames}, or default (${ACCESS_TOKEN_TYP}); JWT for verifiers that know no other, such as Spring Security`,
      parse.orDefault(parse.typ),
    )
    .option(
      '--lifetime <seconds>',
      `lifetime of its access tokens in seconds, 1 to ${parse.MAX_LIFETIME}, or default (the lifetime of the service, 3600)`,
      parse.orDefault(parse.lifetime),
    )
    .addHelpText('after', parse.formatHelp);

const createCommand = (io: Io) =>
  withTableAction<Settings & { secretStdin?: true }>(
    withSettings(
      new Command('create')
        .description('Register a resource server. Prints its secret for introspection once.')
        .argument(
          '<identifier>',
          `URL or plain name that clients send as resource: ${parse.ID_RULES}`,
          parse.newIdentifier,
        ),
    )
      .option('--secret-stdin', SECRET_STDIN)
      .addHelpText(
        'after',
        examples(
          `latchkey resource create ${demoApis.orders} --scope "orders:read orders:write"`,
          'latchkey resource create https://api.example.com/billing --scope billing:read --format reference --lifetime 600',
        ),
      ),
    io,
    async ({ out, open }, options, identifier = '') => {
      const store = await open();
      await requireNoClient(identifier, store);
      const made = await newSecret(io, options, store.clock());
      const draft = { identifier, audience: identifier, scope: '', secrets: [made.stored], enabled: true };
      const resource = withChanges(draft, options);
      const findings = await judge(resource, store, io);
      refuseFindings(findings);
      await requireOwnAudience(resource, store);
      await create(store.resourceServers, 'resource server', identifier, resource);

      const shown = made.secret === undefined ? {} : { secret: made.secret };
      out.result({ ...recordView(resource), ...shown }, resourceText(resource, shown));
      if (made.secret !== undefined) out.note(SHOWN_ONCE);
      noteFindings(findings, out);
    },
  );

const listCommand = (io: Io) =>
  withTableAction<PageOptions>(
    withPages(
      new Command('list').description('List all resource servers, or a page of them.'),
      'identifier',
      parse.identifier,
    ).addHelpText('after', examples('latchkey resource list')),
    io,
    async ({ out, open }, options) => {
      const { lists } = await open();
      await printPages(out, lists.read(listOfResourceServers(), readOptions(options)), {
        limit: options.limit,
        names: [
          'identifier',
          'audience',
          'enabled',
          'access_token_format',
          'access_token_signing_alg',
          'access_token_lifetime',
          'scope',
        ],
        show: (resource) => ({ json: recordView(resource), row: { ...resource } }),
        idOf: ({ identifier }) => identifier,
      });
    },
  );

const showCommand = (io: Io) =>
  withTableAction(
    new Command('show')
      .description('Show one resource server, without the hashes of its secrets.')
      .argument('<identifier>', 'identifier of the resource server', parse.identifier)
      .addHelpText('after', examples(`latchkey resource show ${demoApis.orders}`)),
    io,
    async ({ out, open }, _options, id = '') => {
      const resource = await get((await open()).resourceServers, 'resource server', id);
      out.result(recordView(resource), resourceText(resource));
    },
  );

const updateCommand = (io: Io) =>
  withTableAction<Settings>(
    withSettings(
      new Command('update')
        .description('Change the settings that are given. Tokens already issued stay as they are.')
        .argument('<identifier>', 'identifier of the resource server', parse.identifier),
    ).addHelpText('after', examples(`latchkey resource update ${demoApis.orders} --format reference --lifetime 300`)),
    io,
    async ({ out, open }, options, id = '') => {
      const { cacheNote } = readDeployedSettings(io.env);
      if (!SETTINGS.some((setting) => options[setting] !== undefined) && !hasClaimSettings({ ...options })) {
        throw new UsageProblem('nothing to change: give at least one setting (see --help)');
      }
      const store = await open();
      let findings: readonly ResourceServerFinding[] = [];
      const resource = await change(store.resourceServers, 'resource server', id, async (found) => {
        const next = withChanges(found, options);
        findings = await judge(next, store, io);
        refuseFindings(findings, await judge(found, store, io));
        await requireOwnAudience(next, store);
        return next;
      });
      out.result(recordView(resource), resourceText(resource));
      noteFindings(findings, out);
      if (options.encryptionKey === parse.DEFAULT) {
        out.note('Clients with the format encrypted_jwt get no more tokens for it.');
      }
      out.note(cacheNote);
    },
  );

/** `disable` and `enable`. */
const switchCommand = (io: Io, verb: 'disable' | 'enable') =>
  withTableAction(
    new Command(verb)
      .description(
        verb === 'disable'
          ? 'Disable a resource server: no new tokens are issued for it, and it may not introspect. Tokens already issued stay valid.'
          : 'Let tokens be issued for a disabled resource server again, and let it introspect.',
      )
      .argument('<identifier>', 'identifier of the resource server', parse.identifier)
      .addHelpText('after', examples(`latchkey resource ${verb} ${demoApis.orders}`)),
    io,
    async ({ out, open }, _options, id = '') => {
      const { cacheNote } = readDeployedSettings(io.env);
      const enabled = verb === 'enable';
      const { resourceServers } = await open();
      const resource = await change(resourceServers, 'resource server', id, (found) =>
        found.enabled === enabled ? found : { ...found, enabled },
      );
      out.result(recordView(resource), resourceText(resource));
      out.note(cacheNote);
      if (!enabled)
        out.note('Tokens already issued for it stay valid until they expire or are revoked: latchkey token revoke.');
    },
  );

/** What is wrong with a resource server. */
async function judge(resource: ResourceServer, store: Store, { env }: Io) {
  const { access_token_signing_alg: alg, access_token_format: format } = resource;
  return judgeResourceServer(resource, await findDeployment({ alg, format }, store, env));
}

const SETTINGS = ['audience', 'scope', 'format', 'encryptionKey', 'signingAlg', 'typ', 'lifetime'] as const;

const withChanges = (resource: ResourceServer, options: Settings): ResourceServer => {
  const { audience, scope, format, encryptionKey, signingAlg, typ, lifetime } = options;
  return withoutUndefined<ResourceServer>({
    ...resource,
    ...claimChanges({ ...options }),
    audience: audience ?? resource.audience,
    scope: scope ?? resource.scope,
    access_token_format: parse.chosen(format, resource.access_token_format),
    access_token_encryption_jwk: parse.chosen(encryptionKey, resource.access_token_encryption_jwk),
    access_token_signing_alg: parse.chosen<string>(signingAlg, resource.access_token_signing_alg),
    access_token_typ: parse.chosen(typ, resource.access_token_typ),
    access_token_lifetime: parse.chosen(lifetime, resource.access_token_lifetime),
  });
};
