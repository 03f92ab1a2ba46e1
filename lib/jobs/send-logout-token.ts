import { postForm } from '../http/post-form.ts';
import { describeFault, type LogContext } from '../log.ts';
import { isBackchannelUri } from '../oauth/backchannel-uri.ts';
import type { Client } from '../oauth/client.ts';
import type { LogoutDelivery } from '../oauth/logout-delivery.ts';
import type { LogoutDeliveryStore } from '../store/logout-delivery.ts';
import { issueLogoutToken, type LogoutTokenContext } from '../tokens/logout-token.ts';

export interface SendingContext extends LogContext, LogoutTokenContext {
  readonly deliveries: LogoutDeliveryStore;
  findClient(client_id: string): Promise<Client | undefined>;
}

/** Seconds after the first attempt that failed, twice as many after each further one. */
const FIRST_PAUSE = 60;

/** Seconds between two attempts at most. */
const MAX_PAUSE = 3_600;

/** @param failures before this pause, from 1 */
export const pauseAfter = (failures: number): number => Math.min(FIRST_PAUSE * 2 ** (failures - 1), MAX_PAUSE);

/**
 * One attempt. Errors are logged and not thrown, so that a delivery that fails does not stop the others.
 * @returns undefined when nothing was sent
 */
export async function deliver(
  delivery: LogoutDelivery,
  context: SendingContext,
): Promise<'accepted' | 'failed' | undefined> {
  const { deliveries, log, clock } = context;
  const { client_id } = delivery;
  const now = clock();
  try {
    if (delivery.expires_at <= now) {
      log.error('logout token given up', { client_id });
      await deliveries.remove(delivery);
      return undefined;
    }
    const outcome = await send(delivery, context).catch((error) => {
      log.warn('logout token not delivered', { client_id, ...describeFault(error) });
      return 'failed' as const;
    });
    if (outcome === 'failed') await deliveries.postpone(delivery, now + pauseAfter(delivery.attempts + 1));
    else await deliveries.remove(delivery);
    return outcome;
  } catch (error) {
    log.warn('logout delivery not recorded', { client_id, ...describeFault(error) });
    return 'failed';
  }
}

/** @returns undefined when the client does not want it any more. OpenID Connect Back-Channel Logout 1.0 section 2.8 */
async function send(delivery: LogoutDelivery, context: SendingContext): Promise<'accepted' | 'failed' | undefined> {
  const { log, issuer } = context;
  const client = await context.findClient(delivery.client_id);
  const uri = client?.backchannel_logout_uri;
  if (!client?.enabled || uri === undefined) return undefined;
  const { client_id } = client;
  if (!isBackchannelUri(uri, issuer)) {
    log.error('logout token not delivered', { client_id, reason: 'backchannel_logout_uri is not https' });
    return undefined;
  }
  const status = await postForm(uri, { logout_token: await issueLogoutToken(delivery, client, context) });
  const isAccepted = status >= 200 && status < 300;
  if (isAccepted) log.info('logout token delivered', { client_id });
  else log.warn('logout token not delivered', { client_id, status });
  return isAccepted ? 'accepted' : 'failed';
}
