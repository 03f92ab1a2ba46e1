import type { Clock } from '../clock.ts';
import { browserCookie } from '../http/cookie.ts';
import type { HttpRequest } from '../http/message.ts';
import type { Lazy } from '../lazy.ts';
import { subjectTag, subjectTagOf } from '../oauth/grant-id.ts';
import { type Handles, randomId } from '../oauth/handle.ts';
import type { Session } from '../oauth/session.ts';
import type { Authentication } from '../oauth/user.ts';
import { type EndSessionContext, endSession } from '../revocation/end-session.ts';
import type { EpochStore } from '../store/epoch.ts';
import type { SessionStore } from '../store/session.ts';

export interface BrowserContext {
  readonly issuer: string;
  readonly clock: Clock;
  readonly handles: Lazy<Handles>;
  readonly sessions: SessionStore;
}

/** A browser, as its cookie identifies it. */
export interface Browser {
  /** Identifies the browser from its first page on, even before anybody signs in. Page tokens are bound to it. */
  readonly sid: string;
  /** Whether the browser has no cookie with this `sid` yet. */
  readonly isNew: boolean;
  /** A session that has not expired. `isSessionValid` tells whether it was ended by a sign-out elsewhere. */
  readonly session?: Session;
}

/** The browser that the cookie of a request identifies; a new one when there is no valid cookie. */
export async function readBrowser(request: HttpRequest, context: BrowserContext): Promise<Browser> {
  const cookie = browserCookie(context.issuer).read(request);
  const handle = cookie === undefined ? undefined : (await context.handles()).parse('session', cookie);
  if (!handle) return { sid: randomId(), isNew: true };
  const session = await context.sessions.find(handle.id);
  const isAlive = session !== undefined && context.clock() < session.expires_at;
  return { sid: handle.id, isNew: false, ...(isAlive && { session }) };
}

/** Whether a session is still valid: neither its subject nor the whole issuer has been signed out since it began. */
export async function isSessionValid(
  { sub, auth_time }: Session,
  { issuer, epochs }: { readonly issuer: string; readonly epochs: Pick<EpochStore, 'find'> },
): Promise<boolean> {
  const found = await Promise.all([epochs.find('subject', subjectTag(sub)), epochs.find('issuer', issuer)]);
  return found.every((epoch) => epoch === undefined || epoch < auth_time);
}

/** The value of `Set-Cookie` that identifies a browser. */
export const sessionCookie = (sid: string, issuer: string, handles: Handles): string =>
  browserCookie(issuer).write(handles.mint('session', { id: sid }).text);

/**
 * Begins a session with a new id, against session fixation, and ends the browser's old session. When the same person signs in
 * again, the grants of the old session move to the new one. When another person signs in, the clients of the old session are
 * notified that it ended. The grants also move when an earlier attempt failed after it had removed the old session, because the
 * tags in their ids show whose they are.
 * @param lifetime seconds
 * @throws Unavailable
 */
export async function beginSession(
  browser: Browser,
  authentication: Authentication,
  lifetime: number,
  context: EndSessionContext,
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
