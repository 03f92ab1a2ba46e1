import type { LogoutDelivery } from '../oauth/logout-delivery.ts';
import { items, unchanged } from './items.ts';
import { number, parser, text } from './shape.ts';
import type { Table } from './table.ts';

/** One partition, with one item for each client of a session. */
export interface LogoutDeliveryStore {
  /** If the delivery is queued already, it starts over. */
  add(delivery: LogoutDelivery): Promise<void>;
  list(): Promise<LogoutDelivery[]>;
  /** Reserves an attempt; `due_at` is the next, if this one fails. False when another run has reserved it. */
  startAttempt(delivery: LogoutDelivery, due_at: number): Promise<boolean>;
  remove(delivery: LogoutDelivery): Promise<void>;
}

const PARTITION = 'LOGOUT';

type Id = Pick<LogoutDelivery, 'sid' | 'client_id'>;

export function createLogoutDeliveryStore(table: Table): LogoutDeliveryStore {
  const deliveries = items(table, {
    kind: 'LOGOUT',
    key: ({ sid, client_id }: Id) => ({ pk: PARTITION, sk: `${sid}#${client_id}` }),
    parse: parser<LogoutDelivery>({
      sid: text,
      sub: text,
      client_id: text,
      attempts: number,
      due_at: number,
      expires_at: number,
    }),
  });
  return {
    add: (delivery) => deliveries.put([delivery], delivery),
    list: () => deliveries.list({ pk: PARTITION, sk: ' ' }),
    async startAttempt(delivery, due_at) {
      const next = { attempts: delivery.attempts + 1, due_at };
      const taken = await deliveries.change([delivery], next, unchanged(delivery, 'attempts', 'due_at'));
      return taken !== undefined;
    },
    remove: deliveries.remove,
  };
}
