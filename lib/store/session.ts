import type { OldSessionGrant, Session, SessionClient } from '../oauth/session.ts';
import { type Batch, items, unchanged } from './items.ts';
import type { List } from './lists.ts';
import { boolean, listOf, number, optional, parser, text } from './shape.ts';
import { listedForSubject, subjectList } from './subject-list.ts';
import type { Table } from './table.ts';

export interface SessionStore {
  find(sid: string): Promise<Session | undefined>;
  put(session: Session): Promise<void>;
  /** Never shortens the time. False when the session has ended. */
  noteGrant(sid: string, grants_until: number, now: number): Promise<boolean>;
  /** False when the session has ended. */
  noteListener(sid: string, now: number): Promise<boolean>;
  /** False when something was noted since the session was read, or when it has ended. */
  remove(seen: Session): Promise<boolean>;
  /** As `remove`, but leaves the session until the table deletes it. */
  expire(seen: Session, now: number): Promise<boolean>;
  /** What is left of a session that has expired, while there are grants that end with it. */
  findRest(sid: string): Promise<Session | undefined>;
  /** Never shortens the time. */
  keepRest(session: Session, grants_until: number): Promise<void>;
  removeRest(sid: string): Promise<void>;
  /** As an item of its own, so that two windows do not overwrite each other's. */
  addClient(root_sid: string, client: SessionClient): Promise<void>;
  /** The first ones, or the next ones, also of grants of version 0.1.0. */
  clients(root_sid: string, limit: number, behind?: string): Promise<Batch<SessionClient>>;
  removeClient(root_sid: string, client: SessionClient): Promise<void>;
  oldGrants(root_sid: string): Promise<OldSessionGrant[]>;
  putOldGrant(root_sid: string, grant: OldSessionGrant): Promise<void>;
}

const KIND = 'SESSION';
const REST = 'GRANTS';
const CLIENT = 'CLIENT#';
const OLD_GRANT = 'GRANT#';

const parse = parser<Session>({
  sid: text,
  sub: text,
  auth_time: number,
  amr: listOf(text),
  expires_at: number,
  root_sid: optional(text),
  grants_until: optional(number),
  has_listeners: optional(boolean),
});

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
  const rests = items(table, {
    kind: 'SESSION REST',
    key: (sid: string) => ({ pk: partitionOf(sid), sk: REST }),
    parse,
  });
  const clients = items(table, {
    kind: 'SESSION CLIENT',
    key: (root_sid: string, client: SessionClient & Partial<OldSessionGrant>) => ({
      pk: partitionOf(root_sid),
      sk: client.grant_id === undefined ? `${CLIENT}${client.client_id}#${client.sid}` : OLD_GRANT + client.grant_id,
    }),
    parse: parser<SessionClient & Partial<OldSessionGrant>>({
      client_id: text,
      sid: text,
      expires_at: number,
      grant_id: optional(text),
    }),
  });
  const oldGrants = items(table, {
    kind: 'SESSION GRANT',
    key: (root_sid: string, grant_id: string) => ({ pk: partitionOf(root_sid), sk: OLD_GRANT + grant_id }),
    parse: parser<OldSessionGrant>({ grant_id: text, client_id: text, sid: text, expires_at: number }),
  });
  const isAlive = (now: number) => ({ attribute: 'expires_at', test: 'exceeds', value: now }) as const;
  const isSame = (seen: Session) => unchanged(seen, 'grants_until', 'has_listeners', 'expires_at');

  return {
    find: sessions.find,
    put: (session) => sessions.put([session.sid], session),
    async noteGrant(sid, grants_until, now) {
      const isLater = { attribute: 'grants_until', test: 'below', value: grants_until } as const;
      if (await sessions.changeBlindly([sid], { grants_until }, [isAlive(now), isLater])) return true;
      const { expires_at = 0 } = (await sessions.find(sid)) ?? {};
      return expires_at > now;
    },
    noteListener: (sid, now) => sessions.changeBlindly([sid], { has_listeners: true }, [isAlive(now)]),
    remove: (seen) => sessions.removeIf([seen.sid], isSame(seen)),
    expire: (seen, now) => sessions.changeBlindly([seen.sid], { expires_at: now }, isSame(seen)),
    findRest: rests.find,
    async keepRest(session, grants_until) {
      const isLater = { attribute: 'grants_until', test: 'below', value: grants_until } as const;
      // With listeners, because nobody notes them here.
      const rest: Session = { ...session, grants_until, has_listeners: true, expires_at: grants_until };
      await rests.replace([session.sid], rest, [isLater]);
    },
    removeRest: rests.remove,
    addClient: (root_sid, client) => clients.put([root_sid, client], client),
    clients: (root_sid, limit, behind) =>
      clients.batch(partitionOf(root_sid), { from: CLIENT, to: `${OLD_GRANT}~`, behind, limit }),
    removeClient: clients.remove,
    oldGrants: (root_sid) => oldGrants.list({ pk: partitionOf(root_sid), sk: OLD_GRANT }, OLD_GRANT),
    putOldGrant: (root_sid, grant) => oldGrants.put([root_sid, grant.grant_id], grant),
  };
}
