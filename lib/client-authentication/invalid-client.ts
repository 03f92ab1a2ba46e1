import type { Client } from '../oauth/client.ts';
import { type CallerId, OAuthError } from '../oauth/errors.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';

/** The same error, whatever is wrong; only the log shows `reason`, which has nothing from the request. RFC 6749 section 5.2 */
export const invalidClient = (reason: string, client?: Client | ResourceServer) =>
  new OAuthError('invalid_client', 'client authentication failed', {
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="latchkey", charset="UTF-8"' },
    reason,
    ...(client && { caller: callerIdOf(client) }),
  });

export const callerIdOf = (client: Client | ResourceServer): CallerId =>
  'client_id' in client ? { client_id: client.client_id } : { resource_server: client.identifier };
