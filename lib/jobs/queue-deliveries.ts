import { inParallel } from '../in-parallel.ts';
import { describeFault, type LogContext } from '../log.ts';
import type { Client } from '../oauth/client.ts';
import { createDelivery, type SignOut } from '../oauth/logout-delivery.ts';
import type { LogoutDeliveryStore } from '../store/logout-delivery.ts';
import type { SessionStore } from '../store/session.ts';
import type { SignOutStore } from '../store/sign-out.ts';

export interface QueueingContext extends LogContext {
  readonly signOuts: SignOutStore;
  readonly sessions: Pick<SessionStore, 'clients' | 'removeClient'>;
  readonly deliveries: LogoutDeliveryStore;
  findClient(client_id: string): Promise<Client | undefined>;
}

/** Sign-outs that are read at a time. */
export const SIGN_OUT_PAGE = 100;

/** Clients of one session that are read at a time. */
export const CLIENT_PAGE = 100;

/** Sign-outs that are looked at at the same time, and clients of each. */
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
    queueFor(signOut, context, hasTime).catch((error: unknown) => {
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

/** A crash, or the end of the time, leaves the clients that have no delivery yet for the next run. */
async function queueFor(signOut: SignOut, context: QueueingContext, hasTime: () => boolean): Promise<void> {
  const { signOuts, sessions, deliveries, findClient } = context;
  const { sid: root_sid } = signOut;
  for (let isOver = false; !isOver; ) {
    if (!hasTime()) return;
    const clients = await sessions.clients(root_sid, CLIENT_PAGE);
    await inParallel(clients, CONCURRENCY, async (known) => {
      const { client_id, sid, expires_at } = known;
      const client = expires_at > signOut.ended_at ? await findClient(client_id) : undefined;
      if (client?.backchannel_logout_uri !== undefined) await deliveries.add(createDelivery(signOut, sid, client_id));
      await sessions.removeClient(root_sid, known);
    });
    isOver = clients.length < CLIENT_PAGE;
  }
  await signOuts.remove(signOut);
}
