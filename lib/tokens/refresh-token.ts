import type { Lazy } from '../lazy.ts';
import type { Client } from '../oauth/client.ts';
import { InvalidToken } from '../oauth/errors.ts';
import { type Handles, hasHandlePrefix } from '../oauth/handle.ts';
import { type GrantRevocationContext, revokeGrant } from '../revocation/revoke-grant.ts';
import { issuedToAnotherClient } from './format.ts';

const KIND = 'refresh_token';

export const isRefreshToken = (token: string): boolean => hasHandlePrefix(KIND, token);

/** Only the number of the valid generation is stored. docs/design.md section 3 */
export const mintRefreshToken = (handles: Handles, grant_id: string, generation: number): string =>
  handles.mint(KIND, { id: grant_id, generation }).text;

/** Also of an earlier generation. RFC 7009 section 2.1. @throws InvalidToken when there is nothing to revoke; OAuthError */
export async function revokeRefreshToken(
  token: string,
  { client_id }: Client,
  context: GrantRevocationContext & { readonly handles: Lazy<Handles> },
): Promise<void> {
  const handle = (await context.handles()).parse(KIND, token);
  if (!handle) throw new InvalidToken('is not a refresh token of this service');
  const grant = await revokeGrant(handle.id, context, client_id);
  if (!grant) throw new InvalidToken('belongs to a grant that is not in the table');
  if (grant.client_id !== client_id) throw issuedToAnotherClient();
}
