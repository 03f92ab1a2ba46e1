import { isBackchannelUri } from './backchannel-uri.ts';
import { type Client, isPublic } from './client.ts';
import { canAnyAppPoseAs } from './consent.ts';
import { whyNotMemberships } from './membership.ts';
import { postLogoutRedirectUriFault, type RedirectUriFault, redirectUriFault } from './redirect-uri.ts';
import {
  type Deployment,
  doubtful,
  findingsOf,
  refused,
  sealingKeyFinding,
  signingKeyFinding,
} from './registration.ts';
import type { ResourceServer } from './resource-server.ts';
import { identityScopes } from './scope.ts';

export const judgeClient = (client: Client, resourceServers: readonly ResourceServer[], deployment: Deployment) =>
  findingsOf(
    ...grantTypeFindings(client),
    ...redirectUriFindings(client),
    ...responseTypeFindings(client),
    pkceFinding(client),
    consentFinding(client),
    backchannelFinding(client, deployment),
    scopeFinding(client, resourceServers),
    membershipFinding(client),
    encryptionKeyFinding(client, resourceServers),
    signingKeyFinding(client.id_token_signed_response_alg, deployment),
    sealingKeyFinding(client.access_token_format, deployment),
  );

export type ClientFinding = ReturnType<typeof judgeClient>[number];

const scopesOf = ({ scope }: { readonly scope: string }) => scope.split(' ').filter((token) => token !== '');

function grantTypeFindings(client: Client) {
  const { grant_types, response_types } = client;
  const uses = (type: string) => grant_types.includes(type);
  return [
    // RFC 6749 section 4.4
    isPublic(client) && uses('client_credentials')
      ? refused('public_machine', 'a public client may not use the grant type client_credentials, as it has no secret')
      : undefined,
    grant_types.length === 0 && response_types === undefined
      ? doubtful('no_grant_type', 'this client may not use any grant type yet')
      : undefined,
    uses('password')
      ? doubtful('password', 'with the grant type password, the client sees passwords (RFC 9700 section 2.4)')
      : undefined,
    uses('refresh_token') && !scopesOf(client).includes('offline_access')
      ? doubtful('no_refresh_token', 'this client gets no refresh token without the scope offline_access')
      : undefined,
  ];
}

const redirectUriFaults = {
  form: 'must be an absolute URI of visible ASCII, without a fragment and with its scheme in lower case (RFC 6749 section 3.1.2)',
  user: 'must not have a user name or password',
  http: 'must be https, as http is for loopback only: 127.0.0.1, [::1] or localhost (RFC 8252 section 7.3)',
  scheme:
    'has a private-use scheme without a dot, which any app may claim: use a reversed domain name, as in com.example.app:/cb (RFC 8252 section 7.1), or allow the scheme by --allow-scheme',
  reserved: 'has a scheme that browsers open themselves, so no app can have it',
  wildcard: 'has a wildcard, but redirect URIs are compared character by character',
  parameter: 'has a parameter in its query that the service adds itself',
} as const satisfies Record<RedirectUriFault, string>;

export const whyNotRedirectUri = (uri: string, schemes?: readonly string[]): string | undefined =>
  reasonOf(redirectUriFault(uri, schemes));

export const whyNotPostLogoutRedirectUri = (uri: string, schemes?: readonly string[]): string | undefined =>
  reasonOf(postLogoutRedirectUriFault(uri, schemes));

const reasonOf = (fault: RedirectUriFault | undefined) => fault && redirectUriFaults[fault];

function redirectUriFindings(client: Client) {
  const { grant_types, response_types, redirect_uris = [], private_use_schemes: schemes = [] } = client;
  const isSignedInTo = grant_types.includes('authorization_code') || response_types !== undefined;
  const unusable = (uri: string, reason: string | undefined) =>
    reason === undefined ? undefined : refused('unusable_redirect_uri', `the redirect URI ${uri} ${reason}`);
  return [
    isSignedInTo && redirect_uris.length === 0
      ? refused('no_redirect_uri', 'a client that people sign in to needs a redirect URI')
      : undefined,
    ...redirect_uris.map((uri) => unusable(uri, whyNotRedirectUri(uri, schemes))),
    ...(client.post_logout_redirect_uris ?? []).map((uri) => unusable(uri, whyNotPostLogoutRedirectUri(uri, schemes))),
    ...schemes.map(claimableFinding(client)),
  ];
}

/** RFC 8252 section 8.6 */
const claimableFinding =
  ({ require_pkce }: Client) =>
  (scheme: string) =>
    require_pkce === false
      ? refused(
          'claimable_without_pkce',
          `PKCE is required, because any app can claim the scheme ${scheme} and get the codes`,
        )
      : doubtful(
          'claimable_scheme',
          `any app on a device can claim the scheme ${scheme}, ask people to sign in in the name of this client, and get the answer`,
        );

function responseTypeFindings({ response_types = [], grant_types, scope }: Client) {
  const withMember = (member: string) => response_types.find((type) => type.split(' ').includes(member));
  const [code, idToken] = [withMember('code'), withMember('id_token')];
  return [
    code !== undefined && !grant_types.includes('authorization_code')
      ? refused('no_code_grant', `the response type "${code}" needs the grant type authorization_code`)
      : undefined,
    idToken !== undefined && !scope.split(' ').includes('openid')
      ? refused('no_openid_scope', `the response type "${idToken}" needs the scope openid`)
      : undefined,
    withMember('token') === undefined
      ? undefined
      : doubtful(
          'tokens_in_url',
          'access tokens in a URL leak: prefer the response type code (RFC 9700 section 2.1.2)',
        ),
  ];
}

/** RFC 9700 section 2.1.1 */
function pkceFinding(client: Client) {
  if (client.require_pkce !== false) return undefined;
  return isPublic(client)
    ? refused(
        'public_without_pkce',
        'a public client must use PKCE, as it has nothing else to prove that a code is its own',
      )
    : doubtful(
        'without_pkce',
        'without PKCE, whoever steals an authorization code can sign in with it at this client as somebody else (RFC 9700 section 4.5)',
      );
}

function consentFinding(client: Client) {
  if (client.require_consent !== false) return undefined;
  const uri = client.redirect_uris?.find((candidate) => canAnyAppPoseAs(client, candidate));
  if (uri === undefined) return undefined;
  return refused(
    'claimable_without_consent',
    `users must be asked for consent, because any app on their device can claim the redirect URI ${uri}${consequence(client)}`,
  );
}

const consequence = (client: Client) =>
  isPublic(client) ? ' and pose as this public client' : ' and get the tokens of its response types';

function backchannelFinding({ backchannel_logout_uri: uri }: Client, { issuer }: Deployment) {
  if (uri === undefined || isBackchannelUri(uri, issuer ?? 'https:')) return undefined;
  return issuer === undefined && isBackchannelUri(uri, 'http:')
    ? doubtful('insecure_backchannel', `logout tokens are sent to ${uri} only if the issuer is on loopback, too`)
    : refused('unusable_backchannel', `logout tokens are not sent to ${uri}, because it is not https`);
}

function membershipFinding(client: Client) {
  const problem = whyNotMemberships({ ...client });
  return problem === undefined ? undefined : refused('too_many_memberships', `groups and roles ${problem}`);
}

function scopeFinding(client: Client, resourceServers: readonly ResourceServer[]) {
  const known = new Set<string>([...identityScopes, ...resourceServers.flatMap(scopesOf)]);
  const unknown = scopesOf(client).filter((token) => !known.has(token));
  if (unknown.length === 0) return undefined;
  return doubtful(
    'unknown_scope',
    `no resource server of this client knows the scope ${unknown.join(' ')}, so it will not be granted`,
  );
}

function encryptionKeyFinding(
  { access_token_format }: Pick<Client, 'access_token_format'>,
  resourceServers: readonly ResourceServer[],
) {
  if (access_token_format !== 'encrypted_jwt') return undefined;
  if (resourceServers.length === 0) {
    return refused('no_api_to_encrypt_for', 'tokens for the userinfo endpoint alone cannot be encrypted');
  }
  const lacking = resourceServers.find((resource) => !resource.access_token_encryption_jwk);
  if (!lacking) return undefined;
  return refused('no_encryption_key', `the resource server ${lacking.identifier} has no key to encrypt tokens to`);
}
