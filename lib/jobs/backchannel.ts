import { postForm } from '../http/post-form.ts';
import { describeFault, type LogContext } from '../log.ts';
import { isBackchannelUri } from '../oauth/backchannel-uri.ts';
import type { Client } from '../oauth/client.ts';
import type { LogoutDelivery } from '../oauth/logout-delivery.ts';
import type { LogoutDeliveryStore } from '../store/logout-delivery.ts';
import { issueLogoutToken, type LogoutTokenContext } from '../tokens/logout-token.ts';
import type { Job } from './job.ts';

// OpenID Connect Back-Channel Logout 1.0. The logout endpoint queues deliveries, because Lambda may freeze it once it has
// responded.

export interface BackchannelContext extends LogContext, LogoutTokenContext {
  readonly deliveries: LogoutDeliveryStore;
  findClient(client_id: string): Promise<Client | undefined>;
}

const CONCURRENCY = 20;

/** Seconds after which no further delivery is begun: each takes at most five, and the function times out after a minute. */
const WORKING_TIME = 45;

/** Seconds between two attempts at most. */
const MAX_PAUSE = 3_600;

/** After one, two, four minutes and so on, up to an hour. */
const nextAttemptAt = ({ attempts }: LogoutDelivery, now: number): number =>
  now + Math.min(60 * 2 ** attempts, MAX_PAUSE);

export const backchannel: Job<BackchannelContext> = {
  failure: 'the logout tokens could not be delivered',
  run: deliverDue,
};

async function deliverDue(context: BackchannelContext): Promise<void> {
  const startedAt = context.clock();
  const due = (await context.deliveries.list()).filter(({ due_at }) => due_at <= startedAt);
  const work = async () => {
    for (let next = due.shift(); next; next = due.shift()) {
      if (context.clock() - startedAt >= WORKING_TIME) return;
      await deliver(next, context);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

/** Errors are logged and not thrown, so that a delivery that fails does not stop the others. */
async function deliver(delivery: LogoutDelivery, context: BackchannelContext): Promise<void> {
  const { client_id } = delivery;
  try {
    const now = context.clock();
    if (!(await context.deliveries.startAttempt(delivery, nextAttemptAt(delivery, now)))) return;
    if (delivery.expires_at <= now) context.log.error('logout token given up', { client_id });
    else if (!(await send(delivery, context))) return;
    await context.deliveries.remove(delivery);
  } catch (error) {
    context.log.warn('logout token not delivered', { client_id, ...describeFault(error) });
  }
}

/** @returns whether the delivery is finished: the client has accepted it, or does not want it any more. Section 2.8 */
async function send(delivery: LogoutDelivery, context: BackchannelContext): Promise<boolean> {
  const client = await context.findClient(delivery.client_id);
  const uri = client?.backchannel_logout_uri;
  if (!client?.enabled || uri === undefined) return true;
  const { client_id } = client;
  if (!isBackchannelUri(uri, context.issuer)) {
    context.log.error('logout token not delivered', { client_id, reason: 'backchannel_logout_uri is not https' });
    return true;
  }
  const status = await postForm(uri, { logout_token: await issueLogoutToken(delivery, client, context) });
  const isDone = status >= 200 && status < 300;
  if (isDone) context.log.info('logout token delivered', { client_id });
  else context.log.warn('logout token not delivered', { client_id, status });
  return isDone;
}
