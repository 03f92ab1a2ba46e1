import { type AccessToken, soleAudience } from '../oauth/access-token.ts';
import { type Client, isPublic } from '../oauth/client.ts';

/**
 * Whose share the entry for a token takes from: its client's. An API can make sealed tokens of a public client and revoke them
 * like the client, so those are counted for the API. A space keeps the audience apart from all ids of clients.
 */
export function shareOf(token: AccessToken, client: Client): string {
  const audience = soleAudience(token);
  return audience !== undefined && isPublic(client) ? ` ${audience}` : client.client_id;
}
