import { ConditionFailed, type Item, isNew, type Key, type Table } from './table.ts';

/** How often a thing was tried in vain that must not be tried too often. Times are seconds since the epoch. */
export interface Attempts {
  readonly attempts: number;
  /** No further one before this time. */
  readonly not_before: number;
  /** From when on they are forgotten. */
  readonly expires_at: number;
}

export interface AttemptStore {
  find(id: string): Promise<Attempts | undefined>;
  /** Writes them if they are as they were seen: undefined = there were none. False when somebody was faster. */
  replace(id: string, seen: Attempts | undefined, next: Attempts): Promise<boolean>;
  remove(id: string): Promise<void>;
}

const keyOf = (id: string): Key => ({ pk: `ATTEMPTS#${id}`, sk: 'ATTEMPTS' });

export const createAttemptStore = (table: Table): AttemptStore => ({
  async find(id) {
    const item = await table.get(keyOf(id));
    return item && withoutKey(item);
  },

  async replace(id, seen, next) {
    const values = { ':attempts': seen?.attempts, ':not_before': seen?.not_before } as const;
    const condition = seen ? { when: [sameCount, sameTime], values } : { when: [isNew] };
    try {
      await table.put({ ...keyOf(id), ...next }, condition);
      return true;
    } catch (error) {
      if (error instanceof ConditionFailed) return false;
      throw error;
    }
  },

  remove: (id) => table.remove(keyOf(id)),
});

const sameCount = 'attempts = :attempts';
const sameTime = 'not_before = :not_before';

const withoutKey = ({ pk, sk, ...attempts }: Item) => attempts as unknown as Attempts;
