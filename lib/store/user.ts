import { normalizeUsername, type User } from '../oauth/user.ts';
import { items } from './items.ts';
import type { List } from './lists.ts';
import { createRecordStore, type ListedRecordKind, listOfRecords, type RecordStore } from './record.ts';
import { hashedSecret } from './secret.ts';
import { anything, boolean, type Members, map, number, parser, text } from './shape.ts';
import type { Table } from './table.ts';

/** A record for each subject, and an item for each name, which names the subject. */
export interface UserStore extends RecordStore<User> {
  findByName(username: string): Promise<User | undefined>;
  /** @returns the subject that has the name: this one, unless the name was taken before */
  reserveName(username: string, sub: string): Promise<string>;
}

const KIND = 'USER';
const NOBODY = '-';

const ofUserClaims: Members<Pick<User, 'claims' | 'enabled'>> = { claims: map(anything), enabled: boolean };
export const userClaimsAttributes = Object.keys(ofUserClaims);

const keyOf = (sub: string) => ({ pk: `USER#${sub}`, sk: KIND });

const USER: ListedRecordKind<User> = {
  kind: KIND,
  key: keyOf,
  idOf: ({ sub }) => sub,
  parse: parser({ ...ofUserClaims, sub: text, username: text, password: hashedSecret, created_at: number }),
  listedAs: ({ username }) => normalizeUsername(username),
};

export const listOfUsers = (): List<User> => listOfRecords(USER);

/** For functions that check no passwords, and so may not read their hashes. */
export const createUserClaimsFinder = (table: Table) =>
  items(table, { kind: KIND, key: keyOf, parse: parser(ofUserClaims), attributes: userClaimsAttributes }).find;

export function createUserStore(table: Table): UserStore {
  const records = createRecordStore(table, USER);
  const names = items(table, {
    kind: 'USERNAME',
    key: (username: string) => ({ pk: `USERNAME#${normalizeUsername(username)}`, sk: 'USERNAME' }),
    parse: parser<{ readonly sub: string }>({ sub: text }),
  });
  const findSub = async (username: string) => (await names.find(username))?.sub;

  return {
    ...records,

    // A name that does not exist takes the same reads, so that the time does not reveal it.
    findByName: async (username) => records.find((await findSub(username)) ?? NOBODY),

    // Before the record, so that one write decides between two requests for a name. If no record follows, the next request for
    // the name gets its subject and can create the user.
    reserveName: async (username, sub) =>
      (await names.create([username], { sub })) ? sub : ((await findSub(username)) ?? sub),
  };
}
