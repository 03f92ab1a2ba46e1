import type { Client } from '../oauth/client.ts';
import { InvalidToken } from '../oauth/errors.ts';
import { type HandlesByKind, hasHandlePrefix } from '../oauth/handle.ts';
import { type GrantRevocationContext, revokeGrant } from '../revocation/revoke-grant.ts';
import { issuedToAnotherClient } from './format.ts';

export const isRefreshToken = (token: string): boolean => hasHandlePrefix('refresh_token', token);

/** Also of an earlier generation. RFC 7009 section 2.1. @throws InvalidToken when there is nothing to revoke; OAuthError */
export async function revokeRefreshToken(
  token: string,
  { client_id }: Client,
  context: GrantRevocationContext & { readonly handles: HandlesByKind<'refresh_token'> },
): Promise<void> {
  const handle = (await context.handles.refresh_token()).parse(token);
  if (!handle) throw new InvalidToken('is not a refresh token of this service');
  await context.revocations.requireShareForGrant(client_id, handle.id);
  const outcome = await revokeGrant(handle.id, context, client_id);
  if (outcome === 'unknown') throw new InvalidToken('belongs to a grant that is not in the table');
  if (outcome === 'refused') throw issuedToAnotherClient();
}
