import { randomId } from '../oauth/handle.ts';
import type { LogoutDelivery, Receiver } from '../oauth/logout-delivery.ts';
import { type Batch, items, unchanged } from './items.ts';
import { number, optional, parser, text } from './shape.ts';
import type { Table } from './table.ts';
import { afterTime, END_OF_KEYS, START_OF_TIME, timeKey } from './time-key.ts';

/**
 * A queue for each client, sorted by due time, so that one client's deliveries are read without those of the others. A list names
 * the clients that have a queue.
 */
export interface LogoutDeliveryStore {
  /** Also names the receiver. Safe to repeat. */
  add(delivery: LogoutDelivery): Promise<void>;
  /** The first deliveries of a client that are due, or the next ones. */
  due(client_id: string, now: number, limit: number, behind?: string): Promise<Batch<LogoutDelivery>>;
  postpone(delivery: LogoutDelivery, due_at: number): Promise<void>;
  remove(delivery: LogoutDelivery): Promise<void>;
  receivers(limit: number, behind?: string): Promise<Batch<Receiver>>;
  /** Keeps how a receiver has answered and when it is due next, or drops it when its queue is empty. */
  settle(receiver: Receiver, answered: Pick<Receiver, 'failures' | 'paused_until'>): Promise<void>;
  /** The first deliveries that version 0.1.0 has queued, which had one queue for all clients, or the next ones. */
  old(limit: number, behind?: string): Promise<Batch<LogoutDelivery>>;
  /** Moves one of them. */
  adopt(old: LogoutDelivery): Promise<void>;
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

  async function add(delivery: LogoutDelivery): Promise<void> {
    const { client_id } = delivery;
    await deliveries.put([delivery], delivery);
    // Only then, so that whoever finds the receiver finds the delivery. Due at once: `settle` finds out when it is.
    await receivers.changeBlindly([client_id], { client_id, due_at: 0, revision: randomId() }, []);
  }

  return {
    add,
    due: (client_id, now, limit, behind) =>
      deliveries.batch(partitionOf(client_id), { from: START_OF_TIME, to: afterTime(now), behind, limit }),
    async postpone(delivery, due_at) {
      const next = { ...delivery, attempts: delivery.attempts + 1, due_at };
      // In this order, so that a crash in between repeats the delivery and does not lose it.
      await deliveries.put([next], next);
      await deliveries.remove(delivery);
    },
    remove: deliveries.remove,
    receivers: (limit, behind) => receivers.batch(RECEIVERS, { from: ' ', to: END_OF_KEYS, behind, limit }),
    async settle(receiver, answered) {
      const { client_id } = receiver;
      const range = { from: START_OF_TIME, to: END_OF_KEYS, behind: undefined, limit: 1 };
      const { values, malformed } = await deliveries.batch(partitionOf(client_id), range);
      // A delivery that was added in the meantime has replaced the revision, and the receiver stays as it is.
      const isSame = unchanged(receiver, 'revision');
      if (values.length + malformed.length === 0) await receivers.removeIf([client_id], isSame);
      else await receivers.changeBlindly([client_id], { ...answered, due_at: values[0]?.due_at ?? 0 }, isSame);
    },
    old: (limit, behind) => old.batch('LOGOUT', { from: ' ', to: END_OF_KEYS, behind, limit }),
    async adopt(delivery) {
      await add(delivery);
      await old.remove(delivery);
    },
  };
}
