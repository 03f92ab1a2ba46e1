import { type Command, Option } from 'commander';
import { usesSecret } from '../../lib/client-authentication/methods.ts';
import type { AccessTokenFormatName } from '../../lib/oauth/access-token.ts';
import { type Client, isPublic } from '../../lib/oauth/client.ts';
import { withoutUndefined } from './change.ts';
import * as parse from './parse.ts';
import { hasSignInSettings, withSignInChanges, withSignInSettings } from './sign-in-settings.ts';
import { UsageProblem } from './usage-problem.ts';

/** The settings of a client, as options. */
export interface Settings {
  readonly name?: string;
  readonly scope?: string;
  readonly resource?: string[];
  readonly grantType?: string[];
  readonly authMethod?: string;
  readonly public?: true;
  readonly format?: AccessTokenFormatName | typeof parse.DEFAULT;
  readonly lifetime?: number | typeof parse.DEFAULT;
  readonly group?: readonly string[] | typeof parse.DEFAULT;
  readonly role?: readonly string[] | typeof parse.DEFAULT;
  /** One of the settings in `sign-in-settings.ts`. */
  readonly redirectUri?: unknown;
}

/** The options that `create` and `update` share. */
export const withSettings = (command: Command): Command => withSignInSettings(withTokenSettings(command));

const withTokenSettings = (command: Command): Command =>
  command
    .option('--name <text>', 'display name, such as "Nightly export"', parse.name)
    .option('--scope <scopes>', 'scopes that it may be granted, separated by spaces', parse.scope)
    .option(
      '--resource <id>',
      'resource server that it may request tokens for; repeatable, the first one is its default',
      parse.identifiers,
    )
    .option(
      '--grant-type <type>',
      'grant type that it may use; repeatable (default: client_credentials, or authorization_code with --redirect-uri)',
      parse.grantTypeNames,
    )
    .option(
      '--auth-method <method>',
      `how it authenticates: ${parse.authMethods.join(', ')}, or default (any method that presents a secret); none makes it public`,
      parse.orDefault(parse.authMethod),
    )
    .addOption(
      new Option(
        '--public',
        'same as --auth-method none, for a client that cannot keep a secret: a single-page or native app',
      ).conflicts('authMethod'),
    )
    .option(
      '--format <format>',
      `format of its access tokens: ${parse.formatNames}, or default (the format of the resource server)`,
      parse.orDefault(parse.format),
    )
    .option(
      '--lifetime <seconds>',
      `lifetime of its access tokens in seconds, 1 to ${parse.MAX_LIFETIME}, or default (the lifetime of the resource server)`,
      parse.orDefault(parse.lifetime),
    )
    .option(
      '--group <name>',
      'group that it belongs to when it acts for itself, for the scope groups; repeatable, or default (none)',
      parse.listOf(parse.membership),
    )
    .option(
      '--role <name>',
      'role that it has when it acts for itself, for the scope roles; repeatable, or default (none)',
      parse.listOf(parse.membership),
    )
    .addHelpText('after', parse.formatHelp);

/** Whether any setting is given. */
export const hasSettings = (settings: Settings): boolean =>
  SETTINGS.some((name) => settings[name] !== undefined) || hasSignInSettings({ ...settings });

const SETTINGS = [
  'name',
  'scope',
  'resource',
  'grantType',
  'authMethod',
  'public',
  'format',
  'lifetime',
  'group',
  'role',
] as const;

/** Why a client has no secrets, as a predicate of "a client that". */
export const whyNoSecrets = (client: Client): string =>
  isPublic(client) ? 'is public' : `authenticates by ${client.token_endpoint_auth_method}`;

/** The authentication method that `--public` or `--auth-method` asks for. */
const authMethodOf = (settings: Settings) => (settings.public ? 'none' : settings.authMethod);

/** The client with the settings applied. @throws UsageProblem for a client that has secrets and would use none */
export function withChanges(client: Client, settings: Settings): Client {
  const { name, scope, resource, grantType, format, lifetime, group, role } = settings;
  const authMethod = authMethodOf(settings);
  const next = withoutUndefined<Client>({
    ...withSignInChanges(client, { ...settings }),
    client_name: name ?? client.client_name,
    scope: scope ?? client.scope,
    resources: resource ?? client.resources,
    grant_types: grantType ?? (authMethod === 'none' ? forPublic(client.grant_types) : client.grant_types),
    token_endpoint_auth_method: parse.chosen(authMethod, client.token_endpoint_auth_method),
    access_token_format: parse.chosen(format, client.access_token_format),
    access_token_lifetime: parse.chosen(lifetime, client.access_token_lifetime),
    groups: parse.chosen(group, client.groups),
    roles: parse.chosen(role, client.roles),
  });
  if (!usesSecret(next) && next.secrets.length > 0) {
    throw new UsageProblem(
      `a client that ${whyNoSecrets(next)} has no secrets: first retire the secrets of this client with latchkey secret retire`,
    );
  }
  return next;
}

/** RFC 6749 section 4.4: client_credentials is for clients that can keep a secret. */
const forPublic = (types: readonly string[]) => types.filter((type) => type !== 'client_credentials');
