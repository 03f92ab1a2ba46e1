import type { Session, SessionGrant } from '../oauth/session.ts';
import { items } from './items.ts';
import type { List } from './lists.ts';
import { listOf, number, parser, text } from './shape.ts';
import { listedForSubject, subjectList } from './subject-list.ts';
import type { Table } from './table.ts';

export interface SessionStore {
  find(sid: string): Promise<Session | undefined>;
  put(session: Session): Promise<void>;
  /** The items of the session's grants stay until they expire. */
  remove(sid: string): Promise<void>;
  /** As an item of its own, so that two windows do not overwrite each other's. */
  addGrant(sid: string, grant: Omit<SessionGrant, 'sid'> & Partial<SessionGrant>): Promise<void>;
  grants(sid: string): Promise<SessionGrant[]>;
}

const KIND = 'SESSION';
const GRANT = 'GRANT#';

const parse = parser<Session>({ sid: text, sub: text, auth_time: number, amr: listOf(text), expires_at: number });

const listed = ({ sub, auth_time, sid }: Session) => listedForSubject(KIND, sub, auth_time, sid);

export const listOfSessions = (sub: string): List<Session> => ({
  kind: KIND,
  listed_in: subjectList(KIND, sub),
  parse,
  listed,
  holds: (session) => session.sub === sub,
});

const partitionOf = (sid: string) => `SESSION#${sid}`;

export function createSessionStore(table: Table): SessionStore {
  const sessions = items(table, {
    kind: KIND,
    key: (sid: string) => ({ pk: partitionOf(sid), sk: KIND }),
    parse,
    listed,
  });
  const grants = items(table, {
    kind: 'SESSION GRANT',
    key: (sid: string, grant_id: string) => ({ pk: partitionOf(sid), sk: GRANT + grant_id }),
    parse: parser<SessionGrant>({ grant_id: text, client_id: text, sid: text, expires_at: number }),
  });
  return {
    find: sessions.find,
    put: (session) => sessions.put([session.sid], session),
    remove: sessions.remove,
    addGrant: (sid, grant) => grants.put([sid, grant.grant_id], { sid, ...grant }),
    grants: (sid) => grants.list({ pk: partitionOf(sid), sk: GRANT }, GRANT),
  };
}
