import type { Clock } from '../clock.ts';
import { browserCookie } from '../http/cookie.ts';
import type { HttpRequest } from '../http/message.ts';
import { subjectTag, subjectTagOf } from '../oauth/grant-id.ts';
import { createHandleSecret, type Handles, type HandlesByKind } from '../oauth/handle.ts';
import type { Session } from '../oauth/session.ts';
import type { Authentication } from '../oauth/user.ts';
import { type EndSessionContext, endSession } from '../revocation/end-session.ts';
import type { EpochStore } from '../store/epoch.ts';
import type { SessionStore } from '../store/session.ts';

export interface BrowserContext {
  readonly issuer: string;
  readonly clock: Clock;
  readonly handles: HandlesByKind<'session'>;
  readonly sessions: SessionStore;
}

export interface Browser {
  /** Exists from the first page on, even before anybody signs in. */
  readonly sid: string;
  /** In its cookie. Page tokens are bound to it, as ID tokens show the `sid` to clients. */
  readonly secret: string;
  /** It has no cookie with this `sid` yet. */
  readonly isNew: boolean;
  /** Not expired. `isSessionValid` shows whether it was ended by a sign-out elsewhere. */
  readonly session?: Session;
}

/** A new browser when there is no valid cookie. */
export async function readBrowser(request: HttpRequest, context: BrowserContext): Promise<Browser> {
  const cookie = browserCookie(context.issuer).read(request);
  const handle = cookie === undefined ? undefined : (await context.handles.session()).parse(cookie);
  if (!handle) return newBrowser();
  const { id: sid, secret } = handle;
  const session = await context.sessions.find(sid);
  const isAlive = session !== undefined && context.clock() < session.expires_at;
  return { sid, secret, isNew: false, ...(isAlive && { session }) };
}

function newBrowser() {
  const { id: sid, secret } = createHandleSecret('session');
  return { sid, secret, isNew: true };
}

/** False after a sign-out of the subject or the whole issuer. */
export async function isSessionValid(
  { sub, auth_time }: Session,
  { issuer, epochs }: { readonly issuer: string; readonly epochs: Pick<EpochStore, 'find'> },
): Promise<boolean> {
  const found = await Promise.all([epochs.find('subject', subjectTag(sub)), epochs.find('issuer', issuer)]);
  return found.every((epoch) => epoch === undefined || epoch < auth_time);
}

export const sessionCookie = ({ secret }: Browser, issuer: string, handles: Handles): string =>
  browserCookie(issuer).write(handles.mint({ secret }).text);

/**
 * Ends the old session, and begins one with a new id, against session fixation. The grants move if the same person signs in
 * again, also when an earlier attempt failed half-way: the tags in their ids show whose they are. Clients of another person's
 * session are notified. @param lifetime seconds
 */
export async function beginSession(
  browser: Browser,
  authentication: Authentication,
  lifetime: number,
  context: EndSessionContext,
): Promise<Required<Browser>> {
  const { sessions, clock } = context;
  const next = newBrowser();
  const session: Session = { ...authentication, sid: next.sid, expires_at: clock() + lifetime };
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
  return { ...next, session };
}
