import { randomId } from '../oauth/handle.ts';
import type { LogoutDelivery, Receiver } from '../oauth/logout-delivery.ts';
import { items, unchanged } from './items.ts';
import { number, optional, parser, text } from './shape.ts';
import type { Table } from './table.ts';
import { afterTime, START_OF_TIME, timeKey } from './time-key.ts';

/**
 * A queue for each client, sorted by due time, so that one client's deliveries are read without those of the others. A list names
 * the clients that have a queue.
 */
export interface LogoutDeliveryStore {
  /** Also names the receiver. Safe to repeat. */
  add(delivery: LogoutDelivery): Promise<void>;
  /** The first deliveries of a client that are due, behind another. */
  due(client_id: string, now: number, limit: number, behind?: LogoutDelivery): Promise<LogoutDelivery[]>;
  postpone(delivery: LogoutDelivery, due_at: number): Promise<void>;
  remove(delivery: LogoutDelivery): Promise<void>;
  receivers(): Promise<Receiver[]>;
  /** Keeps how a receiver has answered and when it is due next, or drops it when its queue is empty. */
  settle(receiver: Receiver, answered: Pick<Receiver, 'failures' | 'paused_until'>): Promise<void>;
  /** Whether there are deliveries that version 0.1.0 has queued, which had one queue for all clients. */
  hasOld(): Promise<boolean>;
  /** Moves some of them. */
  adoptOld(limit: number): Promise<void>;
}

const RECEIVERS = 'RECEIVERS';

type Id = Pick<LogoutDelivery, 'sid' | 'client_id' | 'due_at'>;

const partitionOf = (client_id: string) => `LOGOUT#${client_id}`;
const sortKeyOf = ({ due_at, sid }: Pick<Id, 'due_at' | 'sid'>) => `${timeKey(due_at)}#${sid}`;

const parse = parser<LogoutDelivery>({
  sid: text,
  sub: text,
  client_id: text,
  attempts: number,
  due_at: number,
  expires_at: number,
});

export function createLogoutDeliveryStore(table: Table): LogoutDeliveryStore {
  const deliveries = items(table, {
    kind: 'LOGOUT',
    key: (id: Id) => ({ pk: partitionOf(id.client_id), sk: sortKeyOf(id) }),
    parse,
  });
  const receivers = items(table, {
    kind: 'RECEIVER',
    key: (client_id: string) => ({ pk: RECEIVERS, sk: client_id }),
    parse: parser<Receiver>({
      client_id: text,
      due_at: number,
      failures: optional(number),
      paused_until: optional(number),
      revision: text,
    }),
  });
  const old = items(table, {
    kind: 'LOGOUT',
    key: ({ sid, client_id }: Pick<Id, 'sid' | 'client_id'>) => ({ pk: 'LOGOUT', sk: `${sid}#${client_id}` }),
    parse,
  });

  const oldPage = (limit: number) => old.list({ pk: 'LOGOUT', sk: ' ' }, '', { to: '~', limit });

  async function add(delivery: LogoutDelivery): Promise<void> {
    const { client_id } = delivery;
    await deliveries.put([delivery], delivery);
    // Only then, so that whoever finds the receiver finds the delivery. Due at once: `settle` finds out when it is.
    await receivers.changeBlindly([client_id], { client_id, due_at: 0, revision: randomId() }, []);
  }

  return {
    add,
    due(client_id, now, limit, behind) {
      const from = behind ? `${sortKeyOf(behind)}~` : START_OF_TIME;
      return deliveries.list({ pk: partitionOf(client_id), sk: from }, '', { to: afterTime(now), limit });
    },
    async postpone(delivery, due_at) {
      const next = { ...delivery, attempts: delivery.attempts + 1, due_at };
      // In this order, so that a crash in between repeats the delivery and does not lose it.
      await deliveries.put([next], next);
      await deliveries.remove(delivery);
    },
    remove: deliveries.remove,
    receivers: () => receivers.list({ pk: RECEIVERS, sk: ' ' }),
    async settle(receiver, answered) {
      const { client_id } = receiver;
      const [next] = await deliveries.list({ pk: partitionOf(client_id), sk: START_OF_TIME }, '', {
        to: '~',
        limit: 1,
      });
      // A delivery that was added in the meantime has replaced the revision, and the receiver stays as it is.
      const isSame = unchanged(receiver, 'revision');
      if (!next) await receivers.removeIf([client_id], isSame);
      else await receivers.changeBlindly([client_id], { ...answered, due_at: next.due_at }, isSame);
    },
    hasOld: async () => (await oldPage(1)).length > 0,
    async adoptOld(limit) {
      for (const delivery of await oldPage(limit)) {
        await add(delivery);
        await old.remove(delivery);
      }
    },
  };
}
