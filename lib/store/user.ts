import { normalizeUsername, type User } from '../oauth/user.ts';
import { createRecordStore, type RecordStore } from './record.ts';
import { ConditionFailed, isNew, type Table } from './table.ts';

/** The users that are kept here: each by its subject, and a name that leads to it. */
export interface UserStore extends RecordStore<User> {
  findByName(username: string): Promise<User | undefined>;
  /** The subject a name leads to: this one, unless it was taken. */
  takeName(username: string, sub: string): Promise<string>;
}

const KIND = 'USER';
const NOBODY = '-';

const nameKey = (username: string) => ({ pk: `USERNAME#${normalizeUsername(username)}`, sk: 'USERNAME' });

export function createUserStore(table: Table): UserStore {
  const records = createRecordStore<User>(
    table,
    KIND,
    (sub) => ({ pk: `USER#${sub}`, sk: KIND }),
    ({ sub }) => sub,
  );
  const findName = async (username: string) => (await table.get(nameKey(username)))?.['sub'] as string | undefined;

  return {
    ...records,

    // As many reads for a name that nobody has, so that the time does not tell.
    findByName: async (username) => records.find((await findName(username)) ?? NOBODY),

    // Before the record itself, so that two who want a name are told apart by one write. A name whose user was never made
    // (that start ended in between) goes to whoever asks for it next, as the subject it leads to.
    async takeName(username, sub) {
      try {
        await table.put({ ...nameKey(username), sub }, { when: [isNew] });
        return sub;
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
        return (await findName(username)) ?? sub;
      }
    },
  };
}
