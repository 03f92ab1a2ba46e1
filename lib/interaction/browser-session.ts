import type { Clock } from '../clock.ts';
import { browserCookie } from '../http/cookie.ts';
import type { HttpRequest } from '../http/message.ts';
import { Unavailable } from '../oauth/errors.ts';
import { subjectTag } from '../oauth/grant-id.ts';
import { createHandleSecret, type Handles, type HandlesByKind } from '../oauth/handle.ts';
import { hasGrants, rootOf, type Session } from '../oauth/session.ts';
import type { Authentication } from '../oauth/user.ts';
import { END_SESSION_ATTEMPTS, type EndSessionContext, endSession } from '../revocation/end-session.ts';
import { keepOldGrants } from '../revocation/old-session-grants.ts';
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
  /** Seconds for which a browser keeps the cookie of a person who stays signed in. */
  readonly cookieLifetime?: number;
  /** Not expired. `isSessionValid` shows whether it was ended by a sign-out elsewhere. */
  readonly session?: Session;
  /** The same, or an expired one, as long as it is stored or there are grants that end with it. */
  readonly earlier?: Session;
}

export type BrowserWithSession = Browser & Required<Pick<Browser, 'session' | 'earlier'>>;

/** A new browser when there is no valid cookie. */
export async function readBrowser(request: HttpRequest, context: BrowserContext): Promise<Browser> {
  const cookie = browserCookie(context.issuer).read(request);
  const handle = cookie === undefined ? undefined : (await context.handles.session()).parse(cookie);
  if (!handle) return newBrowser();
  const { id: sid, secret } = handle;
  const session = await context.sessions.find(sid);
  const now = context.clock();
  if (session && now < session.expires_at) return { sid, secret, isNew: false, earlier: session, session };
  const rest = await context.sessions.findRest(sid);
  const earlier = rest && hasGrants(rest, now) ? rest : session;
  return { sid, secret, isNew: false, ...(earlier && { earlier }) };
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

export const sessionCookie = ({ secret, cookieLifetime }: Browser, issuer: string, handles: Handles): string =>
  browserCookie(issuer, cookieLifetime).write(handles.mint({ secret }).text);

/**
 * Ends the old session, and begins one with a new id, against session fixation. If the same person signs in again, what was given in
 * the old session goes on, and ends with the new one. Another person's session ends as by a sign-out, also when only its grants are
 * left: with the old cookie, the browser loses the way to them. @param lifetime seconds
 */
export async function beginSession(
  browser: Browser,
  authentication: Authentication,
  lifetime: number,
  context: EndSessionContext,
): Promise<BrowserWithSession> {
  const { sessions, clock } = context;
  const next = newBrowser();
  const fresh: Session = { ...authentication, sid: next.sid, expires_at: clock() + lifetime, root_sid: next.sid };
  const { earlier } = browser;
  const session = earlier?.sub === fresh.sub ? await replaceSession(earlier, fresh, context) : fresh;
  if (session === fresh) {
    await sessions.put(fresh);
    if (earlier && (browser.session || hasGrants(earlier, clock()))) await endSession(earlier, context);
  }
  return { ...next, session, earlier: session };
}

/**
 * The old one is changed last, so that nothing is lost in between, and expires. If the answer to that is lost, what was given in it
 * is still found: by the next attempt, which expires it once more, or when the person has to sign in again. A new session that was
 * left by an earlier request is one whose cookie nobody has.
 */
async function replaceSession(old: Session, fresh: Session, context: EndSessionContext): Promise<Session> {
  const { sessions, clock } = context;
  await keepOldGrants(old, fresh.expires_at, sessions);
  let seen: Session | undefined = old;
  for (let attempt = 1; attempt <= END_SESSION_ATTEMPTS; attempt++) {
    const session: Session = { ...fresh, ...inherited(seen ?? old) };
    await sessions.put(session);
    if (session.grants_until !== undefined) await sessions.keepRest(session, session.grants_until);
    if (!seen || (await sessions.expire(seen, Math.min(clock(), seen.expires_at)))) {
      if (session.grants_until !== undefined) await sessions.removeRest(old.sid);
      return session;
    }
    seen = await sessions.find(old.sid);
  }
  throw new Unavailable('the session');
}

const inherited = ({ grants_until, has_listeners, ...old }: Session): Partial<Session> => ({
  root_sid: rootOf(old),
  ...(grants_until !== undefined && { grants_until }),
  ...(has_listeners !== undefined && { has_listeners }),
});
