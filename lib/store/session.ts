import type { Session } from '../oauth/session.ts';
import type { Item, Key, Table } from './table.ts';

export interface SessionStore {
  find(sid: string): Promise<Session | undefined>;
  /** Begins a session, or replaces it: signing in again, another client. */
  put(session: Session): Promise<void>;
  remove(sid: string): Promise<void>;
}

const keyOf = (sid: string): Key => ({ pk: `SESSION#${sid}`, sk: 'SESSION' });

export const createSessionStore = (table: Table): SessionStore => ({
  async find(sid) {
    const item = await table.get(keyOf(sid));
    return item && withoutKey(item);
  },
  put: (session) => table.put({ ...keyOf(session.sid), ...session }),
  remove: (sid) => table.remove(keyOf(sid)),
});

const withoutKey = ({ pk, sk, ...session }: Item) => session as unknown as Session;
