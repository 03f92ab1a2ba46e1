import type { Client } from '../oauth/client.ts';
import { type CallerId, OAuthError } from '../oauth/errors.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';

/**
 * The caller gets the same error whether it is unknown or disabled, or its secret is wrong; only the log shows which. RFC 6749
 * section 5.2, RFC 7617 section 2.1
 * @param reason for the log; contains nothing from the request
 */
export const invalidClient = (reason: string, client?: Client | ResourceServer) =>
  new OAuthError('invalid_client', 'client authentication failed', {
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="latchkey", charset="UTF-8"' },
    reason,
    ...(client && { caller: callerIdOf(client) }),
  });

/** The id of a client or resource server, for the log. */
export const callerIdOf = (client: Client | ResourceServer): CallerId =>
  'client_id' in client ? { client_id: client.client_id } : { resource_server: client.identifier };
