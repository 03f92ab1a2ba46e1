import type { Clock } from '../clock.ts';
import type { Signers } from '../keys/signer.ts';
import type { Client } from '../oauth/client.ts';
import { randomId } from '../oauth/handle.ts';
import type { LogoutDelivery } from '../oauth/logout-delivery.ts';
import { idTokenSigner } from './id-token-signer.ts';
import { signJwt } from './jws.ts';
import { LOGOUT_TOKEN_TYP } from './jwt-kind.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Seconds. At most two minutes are recommended. Section 2.4 */
const LIFETIME = 120;

export interface LogoutTokenContext {
  readonly issuer: string;
  readonly clock: Clock;
  readonly signers: Signers;
}

/** Issued for each attempt. It must not have a `nonce`. Section 2.4 */
export async function issueLogoutToken(
  { sid, sub }: LogoutDelivery,
  client: Client,
  { issuer, clock, signers }: LogoutTokenContext,
): Promise<string> {
  const iat = clock();
  const claims = {
    iss: issuer,
    sub,
    aud: client.client_id,
    iat,
    exp: iat + LIFETIME,
    jti: randomId(),
    events: { [EVENT]: {} },
    sid,
  };
  return signJwt(LOGOUT_TOKEN_TYP, claims, await idTokenSigner(client, signers));
}
