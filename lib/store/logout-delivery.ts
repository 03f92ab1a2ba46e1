import type { LogoutDelivery } from '../oauth/logout-delivery.ts';
import { items, unchanged } from './items.ts';
import { number, parser, text } from './shape.ts';
import type { Table } from './table.ts';

/** Logout tokens that are to be delivered: one partition, in which each client of a session has one item. */
export interface LogoutDeliveryStore {
  /** Adding it again changes nothing but that it begins anew. */
  add(delivery: LogoutDelivery): Promise<void>;
  list(): Promise<LogoutDelivery[]>;
  /**
   * Takes it up for an attempt, and sets the time of the next one, should this one fail or be cut short. False when
   * somebody else did.
   */
  take(delivery: LogoutDelivery, due_at: number): Promise<boolean>;
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
    async take(delivery, due_at) {
      const next = { attempts: delivery.attempts + 1, due_at };
      const taken = await deliveries.change([delivery], next, unchanged(delivery, 'attempts', 'due_at'));
      return taken !== undefined;
    },
    remove: deliveries.remove,
  };
}
