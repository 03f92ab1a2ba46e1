import { type Command, Option } from 'commander';
import { algorithmNames } from '../../lib/keys/algorithm.ts';
import { type Client, isPublic } from '../../lib/oauth/client.ts';
import { compact } from './change.ts';
import * as parse from './parse.ts';
import { UsageProblem } from './problem.ts';
import { origin, redirectUri, webUri } from './uri.ts';

// What can be set of a client that people sign in to: one row for each member of its metadata.

interface Setting {
  readonly member: keyof Client;
  readonly flags: string;
  readonly description: string;
  readonly parse: (text: string, before?: never) => unknown;
}

/** A member that is true or false; `flags` departs from what it is where nothing is said. */
interface Switch {
  readonly member: keyof Client;
  readonly flags: string;
  readonly description: string;
  readonly back: string;
}

const settings: readonly Setting[] = [
  {
    member: 'redirect_uris',
    flags: '--redirect-uri <uri>',
    description: 'where users come back to, to the character; repeatable. On loopback the port may be any',
    parse: parse.listOf(redirectUri),
  },
  {
    member: 'post_logout_redirect_uris',
    flags: '--post-logout-redirect-uri <uri>',
    description: 'where they may be sent when they have signed out; repeatable',
    parse: parse.listOf(redirectUri),
  },
  {
    member: 'response_types',
    flags: '--response-type <type>',
    description: `what it may ask for (default: code): ${parse.responseTypeNames}; repeatable`,
    parse: parse.listOf(parse.responseType),
  },
  {
    member: 'allowed_origins',
    flags: '--allowed-origin <origin>',
    description: 'whose pages may call the token endpoint, userinfo and revocation from a browser; repeatable',
    parse: parse.listOf(origin),
  },
  { member: 'logo_uri', flags: '--logo-uri <url>', description: 'its logo, shown at sign-in', parse: one(webUri) },
  { member: 'client_uri', flags: '--client-uri <url>', description: 'its home page', parse: one(webUri) },
  { member: 'policy_uri', flags: '--policy-uri <url>', description: 'what it does with data', parse: one(webUri) },
  { member: 'tos_uri', flags: '--tos-uri <url>', description: 'its terms of service', parse: one(webUri) },
  {
    member: 'id_token_signed_response_alg',
    flags: '--id-token-alg <alg>',
    description: `what its ID tokens are signed with, if there is a key for it: ${algorithmNames.join(', ')}`,
    parse: one(parse.signingAlg),
  },
  {
    member: 'default_max_age',
    flags: '--max-age <span>',
    description: 'sign in again after this long, like 90s, 45m, 12h or 30d',
    parse: one(parse.span),
  },
  {
    member: 'refresh_token_lifetime',
    flags: '--refresh-lifetime <span>',
    description: 'no refresh after this long, however often there was one',
    parse: one(parse.span),
  },
  {
    member: 'refresh_token_idle_lifetime',
    flags: '--refresh-idle-lifetime <span>',
    description: 'nor after this long without one',
    parse: one(parse.span),
  },
  {
    member: 'refresh_reuse_interval',
    flags: '--reuse-interval <seconds>',
    description: `for which a refresh token may be presented again, 0 (strict) to ${parse.MAX_REUSE_INTERVAL}`,
    parse: one(parse.reuseInterval),
  },
  {
    member: 'backchannel_logout_uri',
    flags: '--backchannel-logout-uri <url>',
    description: 'what is told when a session ends (OpenID Connect Back-Channel Logout)',
    parse: one(webUri),
  },
];

const switches: readonly Switch[] = [
  {
    member: 'require_pkce',
    flags: '--no-pkce',
    description: 'let it do without PKCE: for a confidential client that is too old for it',
    back: '--pkce',
  },
  {
    member: 'require_consent',
    flags: '--no-consent',
    description: 'do not ask its users for their consent: for an application of your own',
    back: '--consent',
  },
  {
    member: 'end_grants_on_logout',
    flags: '--end-grants-on-logout',
    description: 'its refresh tokens end with the session that they were got in',
    back: '--no-end-grants-on-logout',
  },
];

/** For one value, or the word that takes it away. */
function one<T>(parser: (text: string) => T) {
  return (text: string) => parse.orDefault(parser)(text);
}

const nameOf = (flags: string) => new Option(flags).attributeName();

const NAMES = [...settings, ...switches].map(({ flags }) => nameOf(flags));

/** Options by the names that the parser gives them. */
export type SignInSettings = Readonly<Record<string, unknown>>;

export function withSignInSettings(command: Command): Command {
  command.optionsGroup('For people who sign in (default takes a setting away):');
  for (const { flags, description, parse: parser } of settings) command.option(flags, description, parser as never);
  for (const { flags, description, back } of switches) {
    const options = [new Option(flags, description), new Option(back, `the opposite of ${flags}`)];
    // The negation second: where it stands alone, it would make the other one the default.
    for (const option of options.sort((option) => (option.negate ? 1 : -1))) command.addOption(option);
  }
  return command.optionsGroup('Options:');
}

export const hasSignInSettings = (options: SignInSettings): boolean =>
  NAMES.some((name) => options[name] !== undefined);

/** The client with what the options change of these. */
export function withSignInChanges(client: Client, options: SignInSettings): Client {
  const given = settings.flatMap(({ member, flags }) => {
    const value = options[nameOf(flags)];
    return value === undefined ? [] : [[member, value === parse.DEFAULT ? undefined : value] as const];
  });
  const switched = switches.flatMap(({ member, flags }) => {
    const value = options[nameOf(flags)];
    const departs = value === !flags.startsWith('--no-');
    return value === undefined ? [] : [[member, departs ? value : undefined] as const];
  });
  return compact<Client>({ ...client, ...Object.fromEntries([...given, ...switched]) });
}

/** @throws UsageProblem when the settings do not go together */
export function checkSignIn(client: Client): void {
  const usesCode = client.grant_types.includes('authorization_code') || client.response_types !== undefined;
  if (usesCode && !client.redirect_uris?.length) {
    throw new UsageProblem('a client that people sign in to needs to know where they come back to: --redirect-uri URI');
  }
  if (isPublic(client) && client.require_pkce === false) {
    throw new UsageProblem(
      'a public client cannot do without PKCE: it has nothing else to prove that a code is its own',
    );
  }
}
