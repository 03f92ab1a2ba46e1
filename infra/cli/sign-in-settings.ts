import type { Command } from 'commander';
import { algorithmNames } from '../../lib/keys/algorithm.ts';
import type { Client } from '../../lib/oauth/client.ts';
import { defaultResponseModes } from '../../lib/oauth/response-type.ts';
import { withoutUndefined } from './change.ts';
import * as parse from './parse.ts';
import {
  hasRows,
  optionName,
  type RowOptions,
  rowChanges,
  type Setting,
  type Switch,
  single,
  withRows,
} from './setting-rows.ts';
import { origin, postLogoutRedirectUri, redirectUri, scheme, webUri } from './uri.ts';

// The settings of a client that people sign in to: one row for each member of its metadata.

const settings: readonly Setting<Client>[] = [
  {
    member: 'redirect_uris',
    flags: '--redirect-uri <uri>',
    description: 'redirect URI, which must match exactly except for a loopback port; repeatable',
    parse: parse.listOf(redirectUri),
  },
  {
    member: 'private_use_schemes',
    flags: '--allow-scheme <scheme>',
    description:
      'scheme without a dot for its redirect URIs, such as cursor: any app on a device can claim it, so PKCE is required; repeatable',
    parse: parse.listOf(scheme),
  },
  {
    member: 'post_logout_redirect_uris',
    flags: '--post-logout-redirect-uri <uri>',
    description: 'URI that users may be sent to after they have signed out; repeatable',
    parse: parse.listOf(postLogoutRedirectUri),
  },
  {
    member: 'response_types',
    flags: '--response-type <type>',
    description: `response type that it may request: ${parse.responseTypeNames}; repeatable (default: code)`,
    parse: parse.listOf(parse.responseType),
  },
  {
    member: 'response_modes',
    flags: '--response-mode <mode>',
    description: `how it may receive codes: ${parse.responseModeNames}; repeatable (default for a new client: query and form_post)`,
    parse: parse.listOf(parse.responseMode),
  },
  {
    member: 'allowed_origins',
    flags: '--allowed-origin <origin>',
    description: 'origin whose pages may call the token, userinfo and revocation endpoints (CORS); repeatable',
    parse: parse.listOf(origin),
  },
  { member: 'logo_uri', flags: '--logo-uri <url>', description: 'its logo, shown at sign-in', parse: single(webUri) },
  { member: 'client_uri', flags: '--client-uri <url>', description: 'its home page', parse: single(webUri) },
  { member: 'policy_uri', flags: '--policy-uri <url>', description: 'its privacy policy', parse: single(webUri) },
  { member: 'tos_uri', flags: '--tos-uri <url>', description: 'its terms of service', parse: single(webUri) },
  {
    member: 'id_token_signed_response_alg',
    flags: '--id-token-alg <alg>',
    description: `algorithm that signs its ID tokens: ${algorithmNames.join(', ')}; a signing key of this algorithm must exist`,
    parse: single(parse.signingAlg),
  },
  {
    member: 'default_max_age',
    flags: '--max-age <span>',
    description: 'time after which users must sign in again, such as 90s, 45m, 12h or 30d',
    parse: single(parse.span),
  },
  {
    member: 'refresh_token_lifetime',
    flags: '--refresh-lifetime <span>',
    description: 'time after which a grant can no longer be refreshed, such as 90d',
    parse: single(parse.span),
  },
  {
    member: 'refresh_token_idle_lifetime',
    flags: '--refresh-idle-lifetime <span>',
    description: 'time without a refresh after which a grant can no longer be refreshed, such as 14d',
    parse: single(parse.span),
  },
  {
    member: 'refresh_reuse_interval',
    flags: '--reuse-interval <seconds>',
    description: `seconds for which a refresh token may be used again, 0 (strict) to ${parse.MAX_REUSE_INTERVAL}`,
    parse: single(parse.reuseInterval),
  },
  {
    member: 'backchannel_logout_uri',
    flags: '--backchannel-logout-uri <url>',
    description: 'URL that is notified when a session ends (OpenID Connect Back-Channel Logout)',
    parse: single(webUri),
  },
];

const switches: readonly Switch<Client>[] = [
  {
    member: 'require_pkce',
    flags: '--no-pkce',
    description:
      'do not require PKCE, for an old confidential client that cannot use it: whoever steals one of its codes can use it',
    opposite: '--pkce',
  },
  {
    member: 'require_consent',
    flags: '--no-consent',
    description: 'do not ask users for consent, for an application of your own',
    opposite: '--consent',
  },
  {
    member: 'end_grants_on_logout',
    flags: '--end-grants-on-logout',
    description: 'revoke its refresh tokens when the session that they were issued in ends',
    opposite: '--no-end-grants-on-logout',
  },
  {
    member: 'user_claims_in_id_token',
    flags: '--claims-in-id-token',
    description:
      'put the claims of the scopes profile, email, address and phone into its ID tokens, not only into /userinfo',
    opposite: '--no-claims-in-id-token',
  },
];

const rows = { settings, switches };

export const withSignInSettings = (command: Command): Command =>
  withRows(command, 'Settings for sign-in (the value "default" removes a setting):', rows);

export const hasSignInSettings = (options: RowOptions): boolean => hasRows(rows, options);

/** The client with these settings applied. */
export function withSignInChanges(client: Client, options: RowOptions): Client {
  // Not for a client that had a redirect URI before: version 0.1.0 allowed every mode.
  const isNew = client.redirect_uris === undefined && options[optionName('--redirect-uri')] !== undefined;
  const defaults = isNew ? { response_modes: defaultResponseModes } : {};
  return withoutUndefined<Client>({ ...client, ...defaults, ...rowChanges(rows, options) });
}
