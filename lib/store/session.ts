import type { Session, SessionGrant } from '../oauth/session.ts';
import type { Item, Key, Table } from './table.ts';

export interface SessionStore {
  find(sid: string): Promise<Session | undefined>;
  put(session: Session): Promise<void>;
  /** What was given in it stays where it is, and expires. */
  remove(sid: string): Promise<void>;
  /** Keeps in mind what a client was given in it: an item each, so that two windows at once do not forget one of them. */
  addGrant(sid: string, grant: Omit<SessionGrant, 'sid'> & Partial<SessionGrant>): Promise<void>;
  grants(sid: string): Promise<SessionGrant[]>;
}

const KIND = 'SESSION';
const GRANT = 'GRANT#';

const partitionOf = (sid: string) => `SESSION#${sid}`;
const keyOf = (sid: string): Key => ({ pk: partitionOf(sid), sk: KIND });

export const createSessionStore = (table: Table): SessionStore => ({
  async find(sid) {
    const item = await table.get(keyOf(sid));
    return item && withoutKey(item);
  },
  put: (session) => table.put({ ...keyOf(session.sid), ...session }),
  remove: (sid) => table.remove(keyOf(sid)),

  addGrant: (sid, grant) => table.put({ pk: partitionOf(sid), sk: GRANT + grant.grant_id, sid, ...grant }),

  async grants(sid) {
    const items = await table.query(partitionOf(sid), GRANT);
    return items.filter(({ sk }) => sk !== KIND).map(({ pk, sk, ...grant }) => grant as unknown as SessionGrant);
  },
});

const withoutKey = ({ pk, sk, ...session }: Item) => session as unknown as Session;
