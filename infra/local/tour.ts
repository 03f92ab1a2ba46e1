import type { Demo } from './seed.ts';

/** Commands to paste, from a token of each format to its refusal after revocation; and where to sign in, and as whom. */
export function tour(issuer: string, app: string, { clients, resources, users }: Demo): string {
  const user = (id = '', secret = '') => `-u ${id}:${secret}`;
  const jwt = user(clients['machine-jwt']?.client_id, clients['machine-jwt']?.client_secret);
  const reference = user(clients['machine-reference']?.client_id, clients['machine-reference']?.client_secret);
  const orders = user(resources['orders']?.identifier, resources['orders']?.secret);
  const token = (client: string) =>
    `$(curl -s ${client} -d grant_type=client_credentials ${issuer}/token | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`;
  const status = `-o /dev/null -w '%{http_code}\\n'`;
  return `
# get a JWT and a reference token
JWT=${token(jwt)}
REF=${token(reference)}

# call a protected route with each
curl -s -H "Authorization: Bearer $JWT" ${issuer}/whoami; echo
curl -s -H "Authorization: Bearer $REF" ${issuer}/whoami; echo

# let the orders API ask what they are
curl -s ${orders} -d token=$JWT ${issuer}/introspect; echo
curl -s ${orders} -d token=$REF ${issuer}/introspect; echo

# revoke both; the same calls are refused from now on: 403
curl -s ${jwt} -d token=$JWT ${issuer}/revoke
curl -s ${reference} -d token=$REF ${issuer}/revoke
curl -s ${status} -H "Authorization: Bearer $JWT" ${issuer}/whoami
curl -s ${status} -H "Authorization: Bearer $REF" ${issuer}/whoami

# people sign in to the demo app ${app} as ${users['alice']?.username} with ${users['alice']?.password}
`;
}
