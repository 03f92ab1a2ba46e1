import type { Clock } from '../clock.ts';
import type { Client } from '../oauth/client.ts';
import { InvalidToken } from '../oauth/errors.ts';
import type { GrantState } from '../oauth/grant-state.ts';
import type { HandlesByKind } from '../oauth/handle.ts';
import { readEpochs } from '../revocation/epochs.ts';
import type { EpochStore } from '../store/epoch.ts';
import type { GrantStore } from '../store/grant.ts';

export interface LiveRefreshTokenContext {
  readonly clock: Clock;
  readonly issuer: string;
  readonly handles: HandlesByKind<'refresh_token'>;
  readonly findGrant: GrantStore['find'];
  readonly epochs: EpochStore;
}

/**
 * The grant of a refresh token that its client could use now. One that was replaced is not live, although the client may repeat
 * its refresh for some seconds. @throws InvalidToken; Unavailable
 */
export async function getLiveGrant(
  token: string,
  { client_id, grant_types }: Client,
  { clock, issuer, handles, findGrant, epochs }: LiveRefreshTokenContext,
): Promise<GrantState> {
  const handle = (await handles.refresh_token()).parse(token);
  if (!handle) throw new InvalidToken('is not a refresh token of this service');
  if (!grant_types.includes('refresh_token'))
    throw new InvalidToken('is a refresh token, which its client may not use');
  const [grant, isEnded] = await Promise.all([
    findGrant(handle.id),
    readEpochs(handle.id, client_id, { epochs, issuer }),
  ]);
  if (!grant) throw new InvalidToken('belongs to a grant that is not in the table');
  if (grant.client_id !== client_id) throw new InvalidToken('is a refresh token of another client');
  const now = clock();
  const isLive = grant.state === 'active' && grant.offline && now < grant.ends_at && now < grant.idle_until;
  if (!isLive) throw new InvalidToken('belongs to a grant that is revoked or has expired');
  if (grant.generation !== handle.generation) throw new InvalidToken('has been replaced');
  if (await isEnded(grant)) throw new InvalidToken('belongs to a grant that was revoked with others');
  return grant;
}
