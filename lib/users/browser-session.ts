import type { Clock } from '../clock.ts';
import { browserCookie } from '../http/cookie.ts';
import type { Request } from '../http/message.ts';
import type { Lazy } from '../lazy.ts';
import { subjectTag, subjectTagOf } from '../oauth/grant-id.ts';
import { type Handles, randomId } from '../oauth/handle.ts';
import type { Session } from '../oauth/session.ts';
import type { Authentication } from '../oauth/user.ts';
import { type EndingSessionContext, endSession } from '../revocation/end-session.ts';
import type { EpochStore } from '../store/epoch.ts';
import type { SessionStore } from '../store/session.ts';

export interface BrowserContext {
  readonly issuer: string;
  readonly clock: Clock;
  readonly handles: Lazy<Handles>;
  readonly sessions: SessionStore;
  readonly epochs: Pick<EpochStore, 'find'>;
}

/** A browser, by its cookie. */
export interface Browser {
  /** Known from its first page on, whether somebody is signed in or not: what page tokens are bound to. */
  readonly sid: string;
  /** Whether it has to be given a cookie. */
  readonly isNew: boolean;
  /** Has not expired; whether it was ended for other reasons is told by `isInForce`. */
  readonly session?: Session;
}

/** Who the cookie of a request stands for; a new browser where there is none of ours. */
export async function readBrowser(request: Request, context: Omit<BrowserContext, 'epochs'>): Promise<Browser> {
  const cookie = browserCookie(context.issuer).read(request);
  const handle = cookie === undefined ? undefined : (await context.handles()).parse('session', cookie);
  if (!handle) return { sid: randomId(), isNew: true };
  const session = await context.sessions.find(handle.id);
  const isAlive = session !== undefined && context.clock() < session.expires_at;
  return { sid: handle.id, isNew: false, ...(isAlive && { session }) };
}

/** Whether the subject was not signed out everywhere since, nor everybody was. */
export async function isInForce({ sub, auth_time }: Session, { issuer, epochs }: BrowserContext): Promise<boolean> {
  const found = await Promise.all([epochs.find('subject', subjectTag(sub)), epochs.find('issuer', issuer)]);
  return found.every((epoch) => epoch === undefined || epoch < auth_time);
}

/** The value of `Set-Cookie` that makes a browser known. */
export async function sessionCookie(sid: string, { issuer, handles }: BrowserContext): Promise<string> {
  return browserCookie(issuer).write((await handles()).mint('session', { id: sid }).text);
}

/**
 * Begins a session, under an id that nobody can have known before. The one that the browser had ends. What clients were given
 * in it belongs to the new one, unless somebody else has signed in: then they are told. So it does when that session is gone
 * already, because an earlier attempt ended half way: whose it was is told by the ids of the grants.
 * @param lifetime seconds
 */
export async function beginSession(
  browser: Browser,
  authentication: Authentication,
  lifetime: number,
  context: BrowserContext & EndingSessionContext,
): Promise<Session> {
  const { sessions, clock } = context;
  const session: Session = { ...authentication, sid: randomId(), expires_at: clock() + lifetime };
  const old = browser.session;
  const known = browser.isNew ? [] : await sessions.grants(browser.sid);
  const given = known.filter(
    ({ grant_id, expires_at }) => subjectTagOf(grant_id) === subjectTag(session.sub) && expires_at > clock(),
  );
  await Promise.all([
    sessions.put(session),
    ...given.map((grant) => sessions.addGrant(session.sid, { ...grant, expires_at: session.expires_at })),
  ]);
  if (old?.sub === session.sub) await sessions.remove(old.sid);
  else if (old) await endSession(old, context);
  return session;
}
