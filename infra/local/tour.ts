import { isSameResource } from '../../lib/oauth/resource-indicator.ts';
import type { Demo } from './seed.ts';
import type { UpstreamRoute } from './upstream.ts';

export interface Tour {
  issuer: string;
  /** The origin of the demo app. */
  app: string;
  /** The API that the authorizer accepts tokens for. */
  audience: string;
  /** Servers behind the authorizer. */
  routes: readonly UpstreamRoute[];
  demo: Demo;
}

/** Commands to paste, from getting a JWT and a reference token to their refusal after revocation, and how to sign in. */
export function tour({ issuer, app, audience, routes, demo: { clients, resources, users } }: Tour): string {
  const user = (id = '', secret = '') => `-u '${id}:${secret}'`;
  const jwt = user(clients['machine-jwt']?.client_id, clients['machine-jwt']?.client_secret);
  const reference = user(clients['machine-reference']?.client_id, clients['machine-reference']?.client_secret);
  const token = (client: string) =>
    `$(curl -s ${client} -d grant_type=client_credentials ${issuer}/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`;
  const api = Object.values(resources).find(({ identifier }) => isSameResource(identifier, audience));
  const status = `-o /dev/null -w '%{http_code}\\n'`;
  return `
# get a JWT and a reference token
JWT=${token(jwt)}
REF=${token(reference)}

# call a protected route with each token
curl -s -H "Authorization: Bearer $JWT" ${issuer}/whoami; echo
curl -s -H "Authorization: Bearer $REF" ${issuer}/whoami; echo
${ownApi(issuer, routes)}${introspection(issuer, api)}
# revoke both tokens: now the same calls are refused with 403
curl -s ${jwt} -d token=$JWT ${issuer}/revoke; echo
curl -s ${reference} -d token=$REF ${issuer}/revoke; echo
curl -s ${status} -H "Authorization: Bearer $JWT" ${issuer}/whoami
curl -s ${status} -H "Authorization: Bearer $REF" ${issuer}/whoami

# sign in to the demo app ${app} as ${users['alice']?.username} with ${users['alice']?.password}
# see what is running, and what else to try: ${issuer}/
`;
}

/** Empty for an API that was registered by hand, as its secret is unknown here. */
function introspection(issuer: string, api: Demo['resources'][string] | undefined): string {
  if (!api) return '';
  // The identifier may be a URL with a colon, which would end the user name of `curl -u`, so it is encoded (RFC 6749 section 2.3.1).
  const user = `-u '${encodeURIComponent(api.identifier)}:${api.secret}'`;
  return `
# let the API ${api.identifier} introspect both tokens
curl -s ${user} -d token=$JWT ${issuer}/introspect; echo
curl -s ${user} -d token=$REF ${issuer}/introspect; echo
`;
}

function ownApi(issuer: string, routes: readonly UpstreamRoute[]): string {
  if (routes.length === 0) return '';
  const calls = routes.map(({ key }) => {
    const [method = '', path = ''] = key.split(' ');
    const target = path.replaceAll(/\{\w+\+?\}/g, '1');
    return `curl -s${method === 'ANY' || method === 'GET' ? '' : ` -X ${method}`} -H "Authorization: Bearer $JWT" '${issuer}${target}'; echo`;
  });
  return `\n# call your own API\n${calls.join('\n')}\n`;
}
