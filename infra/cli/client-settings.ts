import type { Command } from 'commander';
import type { AccessTokenFormatName } from '../../lib/oauth/access-token.ts';
import { type Client, isPublic } from '../../lib/oauth/client.ts';
import { compact } from './change.ts';
import * as parse from './parse.ts';
import { UsageProblem } from './problem.ts';

/** What can be set of a client, as options. */
export interface Settings {
  readonly name?: string;
  readonly scope?: string;
  readonly resource?: string[];
  readonly grantType?: string[];
  readonly authMethod?: (typeof parse.authMethods)[number] | typeof parse.DEFAULT;
  readonly format?: AccessTokenFormatName | typeof parse.DEFAULT;
  readonly lifetime?: number | typeof parse.DEFAULT;
}

/** The options that `create` and `update` share. */
export const withSettings = (command: Command): Command =>
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
      'a grant type it may use; repeatable (a new client has client_credentials)',
      parse.grantTypeNames,
    )
    .option(
      '--auth-method <method>',
      `${parse.authMethods.join(', ')}, or default: a secret in either way. none makes it public`,
      parse.orDefault(parse.authMethod),
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
export const hasSettings = (settings: Settings): boolean => SETTINGS.some((name) => settings[name] !== undefined);

const SETTINGS = ['name', 'scope', 'resource', 'grantType', 'authMethod', 'format', 'lifetime'] as const;

/** The client with what the options change. @throws UsageProblem when the settings do not go together */
export function withChanges(
  client: Client,
  { name, scope, resource, grantType, authMethod, format, lifetime }: Settings,
): Client {
  const next = compact<Client>({
    ...client,
    client_name: name ?? client.client_name,
    scope: scope ?? client.scope,
    resources: resource ?? client.resources,
    grant_types: grantType ?? (authMethod === 'none' ? forPublic(client.grant_types) : client.grant_types),
    token_endpoint_auth_method: parse.chosen(authMethod, client.token_endpoint_auth_method),
    access_token_format: parse.chosen(format, client.access_token_format),
    access_token_lifetime: parse.chosen(lifetime, client.access_token_lifetime),
  });
  if (isPublic(next) && next.grant_types.includes('client_credentials')) {
    throw new UsageProblem('a public client (--auth-method none) may not use client_credentials');
  }
  if (isPublic(next) && next.secrets.length > 0) {
    throw new UsageProblem('a public client has no secrets: retire those of this one first');
  }
  return next;
}

/** RFC 6749 section 4.4: client_credentials is for clients that can keep a secret. */
const forPublic = (types: readonly string[]) => types.filter((type) => type !== 'client_credentials');
