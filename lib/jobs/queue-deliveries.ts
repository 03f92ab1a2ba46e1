import type { LogContext } from '../log.ts';
import type { Client } from '../oauth/client.ts';
import { createDelivery, type SignOut } from '../oauth/logout-delivery.ts';
import type { LogoutDeliveryStore } from '../store/logout-delivery.ts';
import type { SessionStore } from '../store/session.ts';
import type { SignOutStore } from '../store/sign-out.ts';
import { workThrough } from './work-through.ts';

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

/** How a run continues after a fault. */
export interface Course {
  hasTime(): boolean;
  onFault(error: unknown): void;
}

/** Queues a delivery for each client of each session that has ended. */
export async function queueDeliveries(context: QueueingContext, course: Course): Promise<void> {
  const { signOuts } = context;
  await workThrough({
    ...course,
    read: (behind) => signOuts.page(SIGN_OUT_PAGE, behind),
    work: (signOut) => queueFor(signOut, context, course),
  });
}

/** A crash, a fault or the end of the time leaves the clients that have no delivery yet for the next run. */
async function queueFor(signOut: SignOut, context: QueueingContext, course: Course): Promise<void> {
  const { signOuts, sessions, deliveries, findClient } = context;
  const { sid: root_sid } = signOut;
  const isDone = await workThrough({
    ...course,
    read: (behind) => sessions.clients(root_sid, CLIENT_PAGE, behind),
    async work(known) {
      const { client_id, sid, expires_at } = known;
      const client = expires_at > signOut.ended_at ? await findClient(client_id) : undefined;
      if (client?.backchannel_logout_uri !== undefined) await deliveries.add(createDelivery(signOut, sid, client_id));
      await sessions.removeClient(root_sid, known);
    },
  });
  if (isDone) await signOuts.remove(signOut);
}
