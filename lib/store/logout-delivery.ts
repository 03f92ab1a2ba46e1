import type { LogoutDelivery } from '../oauth/logout-delivery.ts';
import { ConditionFailed, type Key, type Table } from './table.ts';

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

const keyOf = ({ sid, client_id }: LogoutDelivery): Key => ({ pk: PARTITION, sk: `${sid}#${client_id}` });

export const createLogoutDeliveryStore = (table: Table): LogoutDeliveryStore => ({
  add: (delivery) => table.put({ ...keyOf(delivery), ...delivery }),

  list: async () =>
    (await table.query(PARTITION, ' ')).map(({ pk, sk, ...delivery }) => delivery as unknown as LogoutDelivery),

  async take(delivery, due_at) {
    const { attempts } = delivery;
    try {
      await table.set(keyOf(delivery), { attempts: attempts + 1, due_at }, [
        { attribute: 'attempts', test: 'equals', value: attempts },
        { attribute: 'due_at', test: 'equals', value: delivery.due_at },
      ]);
      return true;
    } catch (error) {
      if (error instanceof ConditionFailed) return false;
      throw error;
    }
  },

  remove: (delivery) => table.remove(keyOf(delivery)),
});
