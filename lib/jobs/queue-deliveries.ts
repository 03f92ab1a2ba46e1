import { inParallel } from '../in-parallel.ts';
import { describeFault, type LogContext } from '../log.ts';
import type { Client } from '../oauth/client.ts';
import { createDelivery, type SignOut } from '../oauth/logout-delivery.ts';
import type { LogoutDeliveryStore } from '../store/logout-delivery.ts';
import type { SessionStore } from '../store/session.ts';
import type { SignOutStore } from '../store/sign-out.ts';

export interface QueueingContext extends LogContext {
  readonly signOuts: SignOutStore;
  readonly sessions: Pick<SessionStore, 'grants'>;
  readonly deliveries: LogoutDeliveryStore;
  findClient(client_id: string): Promise<Client | undefined>;
}

/** Sign-outs that are read at a time. */
export const SIGN_OUT_PAGE = 100;

/** Sign-outs whose clients are looked for at the same time. */
const CONCURRENCY = 20;

/**
 * Queues a delivery for each client of each session that has ended. A sign-out that fails stays for the next run, and does not
 * stop the others.
 * @returns the first fault
 */
export async function queueDeliveries(context: QueueingContext, hasTime: () => boolean): Promise<unknown> {
  const { signOuts, log } = context;
  let fault: unknown;
  const queue = (signOut: SignOut) =>
    queueFor(signOut, context).catch((error: unknown) => {
      log.error('logout deliveries not queued', describeFault(error));
      fault ??= error;
    });
  let page = await signOuts.page(SIGN_OUT_PAGE);
  while (page.length > 0 && hasTime()) {
    await inParallel(page, CONCURRENCY, queue);
    page = await signOuts.page(SIGN_OUT_PAGE, page.at(-1));
  }
  return fault;
}

/** Repeating it after a crash queues the same deliveries. */
async function queueFor(signOut: SignOut, context: QueueingContext): Promise<void> {
  const { signOuts, sessions, deliveries, findClient } = context;
  const grants = await sessions.grants(signOut.sid);
  // A client can know several sids, if the person has signed in again.
  const known = new Map(grants.map((grant) => [`${grant.client_id}#${grant.sid}`, grant]));
  for (const { client_id, sid } of known.values()) {
    const client = await findClient(client_id);
    if (client?.backchannel_logout_uri !== undefined) await deliveries.add(createDelivery(signOut, sid, client_id));
  }
  await signOuts.remove(signOut);
}
