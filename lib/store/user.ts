import { normalizeUsername, type User } from '../oauth/user.ts';
import { items } from './items.ts';
import { createRecordStore, type RecordStore } from './record.ts';
import { hashedSecret } from './secret.ts';
import { anything, boolean, map, number, parser, text } from './shape.ts';
import type { Table } from './table.ts';

/** The users that are kept here: each by its subject, and a name that leads to it. */
export interface UserStore extends RecordStore<User> {
  findByName(username: string): Promise<User | undefined>;
  /** The subject a name leads to: this one, unless it was taken. */
  takeName(username: string, sub: string): Promise<string>;
}

const KIND = 'USER';
const NOBODY = '-';

const parse = parser<User>({
  sub: text,
  username: text,
  password: hashedSecret,
  claims: map(anything),
  enabled: boolean,
  created_at: number,
});

export function createUserStore(table: Table): UserStore {
  const records = createRecordStore(table, {
    kind: KIND,
    key: (sub) => ({ pk: `USER#${sub}`, sk: KIND }),
    idOf: ({ sub }) => sub,
    parse,
  });
  const names = items(table, {
    kind: 'USERNAME',
    key: (username: string) => ({ pk: `USERNAME#${normalizeUsername(username)}`, sk: 'USERNAME' }),
    parse: parser<{ readonly sub: string }>({ sub: text }),
  });
  const findSub = async (username: string) => (await names.find(username))?.sub;

  return {
    ...records,

    // As many reads for a name that nobody has, so that the time does not tell.
    findByName: async (username) => records.find((await findSub(username)) ?? NOBODY),

    // Before the record itself, so that two who want a name are told apart by one write. A name whose user was never made
    // (that start ended in between) goes to whoever asks for it next, as the subject it leads to.
    takeName: async (username, sub) =>
      (await names.create([username], { sub })) ? sub : ((await findSub(username)) ?? sub),
  };
}
