import type { GrantState, Transition } from '../oauth/grant-state.ts';
import { ConditionFailed, type Item, isNew, type Key, type Table } from './table.ts';

/** Grants as stored, one item each. docs/design.md section 4. */
export interface GrantStore {
  find(grant_id: string): Promise<GrantState | undefined>;
  put(grant: GrantState): Promise<void>;
  /** Changes it by one conditional write; undefined when a clause did not hold, and nothing has changed. */
  change(grant_id: string, transition: Transition): Promise<GrantState | undefined>;
  /** All of them, for administration: reads the whole table. */
  list(): Promise<GrantState[]>;
}

const KIND = 'GRANT';

const keyOf = (grant_id: string): Key => ({ pk: `GRANT#${grant_id}`, sk: KIND });

export const createGrantStore = (table: Table): GrantStore => ({
  async find(grant_id) {
    const item = await table.get(keyOf(grant_id));
    return item && withoutKey(item);
  },

  async put(grant) {
    try {
      await table.put({ ...keyOf(grant.grant_id), ...grant }, { when: [isNew] });
    } catch (error) {
      // The id is random: what is there is what an attempt of ours put there, whose answer was lost.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  },

  async change(grant_id, { when, set }) {
    try {
      return withoutKey(await table.set(keyOf(grant_id), set, when));
    } catch (error) {
      if (error instanceof ConditionFailed) return undefined;
      throw error;
    }
  },

  list: async () => (await table.scan(KIND)).map(withoutKey),
});

const withoutKey = ({ pk, sk, ...grant }: Item) => grant as unknown as GrantState;
