import { type Command, Option } from 'commander';
import { usesSecret } from '../../lib/client-authentication/methods.ts';
import type { AccessTokenFormatName } from '../../lib/oauth/access-token.ts';
import { type Client, isPublic } from '../../lib/oauth/client.ts';
import { compact } from './change.ts';
import * as parse from './parse.ts';
import { UsageProblem } from './problem.ts';
import { checkSignIn, hasSignInSettings, withSignInChanges, withSignInSettings } from './sign-in-settings.ts';

/** What can be set of a client, as options. */
export interface Settings {
  readonly name?: string;
  readonly scope?: string;
  readonly resource?: string[];
  readonly grantType?: string[];
  readonly authMethod?: string;
  readonly public?: true;
  readonly format?: AccessTokenFormatName | typeof parse.DEFAULT;
  readonly lifetime?: number | typeof parse.DEFAULT;
  /** One of those for people who sign in, which go by a table. */
  readonly redirectUri?: unknown;
}

/** The options that `create` and `update` share. */
export const withSettings = (command: Command): Command => withSignInSettings(withTokenSettings(command));

const withTokenSettings = (command: Command): Command =>
  command
    .option('--name <text>', 'a name for people', parse.name)
    .option('--scope <scopes>', 'all it may ever be granted, separated by spaces', parse.scope)
    .option(
      '--resource <id>',
      'a resource server it may ask for; repeatable, the first is its default',
      parse.identifiers,
    )
    .option(
      '--grant-type <type>',
      'a grant type it may use; repeatable (a new client has client_credentials, or with --redirect-uri authorization_code)',
      parse.grantTypeNames,
    )
    .option(
      '--auth-method <method>',
      `${parse.authMethods.join(', ')}, or default: any that presents a secret. none makes it public`,
      parse.orDefault(parse.authMethod),
    )
    .addOption(
      new Option(
        '--public',
        'it cannot keep a secret: a single-page or native app. The same as --auth-method none',
      ).conflicts('authMethod'),
    )
    .option(
      '--format <format>',
      `${parse.formatNames}, or default: as the resource server says`,
      parse.orDefault(parse.format),
    )
    .option(
      '--lifetime <seconds>',
      `of its access tokens, 1 to ${parse.MAX_LIFETIME}, or default: as the resource server says`,
      parse.orDefault(parse.lifetime),
    );

/** Whether any option asks for a change. */
export const hasSettings = (settings: Settings): boolean =>
  SETTINGS.some((name) => settings[name] !== undefined) || hasSignInSettings({ ...settings });

const SETTINGS = ['name', 'scope', 'resource', 'grantType', 'authMethod', 'public', 'format', 'lifetime'] as const;

/** Why a client has no secrets, to be read after "a client that". */
export const whyNoSecrets = (client: Client): string =>
  isPublic(client) ? 'is public' : `authenticates by ${client.token_endpoint_auth_method}`;

/** The method that is asked for, by either option. */
const authMethodOf = (settings: Settings) => (settings.public ? 'none' : settings.authMethod);

/** The client with what the options change. @throws UsageProblem when the settings do not go together */
export function withChanges(client: Client, settings: Settings): Client {
  const { name, scope, resource, grantType, format, lifetime } = settings;
  const authMethod = authMethodOf(settings);
  const next = compact<Client>({
    ...withSignInChanges(client, { ...settings }),
    client_name: name ?? client.client_name,
    scope: scope ?? client.scope,
    resources: resource ?? client.resources,
    grant_types: grantType ?? (authMethod === 'none' ? forPublic(client.grant_types) : client.grant_types),
    token_endpoint_auth_method: parse.chosen(authMethod, client.token_endpoint_auth_method),
    access_token_format: parse.chosen(format, client.access_token_format),
    access_token_lifetime: parse.chosen(lifetime, client.access_token_lifetime),
  });
  checkSignIn(next);
  if (isPublic(next) && next.grant_types.includes('client_credentials')) {
    throw new UsageProblem('a public client (--auth-method none) may not use client_credentials');
  }
  if (!usesSecret(next) && next.secrets.length > 0) {
    throw new UsageProblem(`a client that ${whyNoSecrets(next)} has no secrets: retire those of this one first`);
  }
  return next;
}

/** RFC 6749 section 4.4: client_credentials is for clients that can keep a secret. */
const forPublic = (types: readonly string[]) => types.filter((type) => type !== 'client_credentials');
