import type { LogContext } from '../log.ts';
import type { Client } from '../oauth/client.ts';
import { OAuthError, Unavailable } from '../oauth/errors.ts';
import { createSignOut } from '../oauth/logout-delivery.ts';
import { createRevocation } from '../oauth/revocation.ts';
import { hasGrants, mayBeOld, rootOf, type Session } from '../oauth/session.ts';
import type { EpochStore } from '../store/epoch.ts';
import type { SessionStore } from '../store/session.ts';
import type { SignOutStore } from '../store/sign-out.ts';
import { endOldGrants } from './old-session-grants.ts';
import { CLOCK_LEAD_SECONDS, type GrantRevocationContext, IN_FLIGHT_SECONDS } from './revoke-grant.ts';

export interface EndSessionContext extends GrantRevocationContext, LogContext {
  readonly sessions: SessionStore;
  readonly signOuts: SignOutStore;
  readonly epochs: Pick<EpochStore, 'put'>;
  findClient(client_id: string): Promise<Client | undefined>;
}

/** Of ending a session, while other windows use it. */
export const END_SESSION_ATTEMPTS = 3;

/** Seconds for which clients are remembered at least, also when the session ends later because the person has signed in again. */
const CLIENT_MEMORY = 2_592_000;

/**
 * Seconds. Requests that are in flight while the session ends can have read it until then, and can issue tokens as long after, in a
 * function whose clock is ahead. It affects nobody who signs in again: that session has another `root_sid`.
 */
const DELAY = 2 * IN_FLIGHT_SECONDS + CLOCK_LEAD_SECONDS;

/** Seconds, so that few grants of a session change the note of when the last one has expired. */
const ROUNDED_TO = 86_400;

/**
 * Notes what has to happen to a client and to a grant when the session ends.
 * @param grants_until when the grant has expired, if it ends with the session
 * @throws OAuthError `login_required` when the session has ended in the meantime
 */
export async function joinSession(
  session: Session,
  { client_id, backchannel_logout_uri }: Client,
  grants_until: number | undefined,
  { sessions, clock }: Pick<EndSessionContext, 'sessions' | 'clock'>,
): Promise<void> {
  const { sid, has_listeners, grants_until: noted_until = 0 } = session;
  const until = Math.ceil((grants_until ?? 0) / ROUNDED_TO) * ROUNDED_TO;
  const isListener = backchannel_logout_uri !== undefined;
  if (isListener) {
    const remembered_until = Math.max(clock() + CLIENT_MEMORY, session.expires_at);
    await sessions.addClient(rootOf(session), { client_id, sid, expires_at: remembered_until });
  }
  const noteGrant = async () => {
    // First, because the note keeps it from being written again.
    await sessions.keepRest(session, until);
    return sessions.noteGrant(sid, until, clock());
  };
  const [isListenerNoted, isGrantNoted] = await Promise.all([
    !isListener || has_listeners || sessions.noteListener(sid, clock()),
    noted_until >= until || noteGrant(),
  ]);
  if (!isListenerNoted || !isGrantNoted)
    throw new OAuthError('login_required', 'the session has ended in the meantime');
}

/**
 * Whatever was given in the session, it takes one epoch for its grants, one entry for their access tokens, and a note for a job that
 * notifies clients. It can have expired, with grants that are still in force. The session is removed last, so that after a fault
 * the person can sign out again and everything is repeated.
 */
export async function endSession(session: Session, context: EndSessionContext): Promise<void> {
  const { sessions } = context;
  let seen: Session | undefined = session;
  let hasRest = false;
  for (let attempt = 1; seen && attempt <= END_SESSION_ATTEMPTS; attempt++) {
    if (mayBeOld(seen)) await endOldGrants(rootOf(seen), context);
    await Promise.all([endGrants(seen, context), notifyClients(seen, context)]);
    hasRest ||= seen.grants_until !== undefined;
    seen = (await sessions.remove(seen)) ? undefined : await sessions.find(session.sid);
  }
  if (seen) throw new Unavailable('the session');
  if (hasRest) await sessions.removeRest(session.sid);
}

/**
 * The entry lives for the longest lifetime of all, because other windows can give access tokens with any lifetime at the same moment.
 * docs/decisions/ending-sessions.md
 */
async function endGrants(session: Session, { clock, epochs, revocations, maxLifetime }: EndSessionContext) {
  const { grants_until } = session;
  const root = rootOf(session);
  const now = clock();
  if (!hasGrants(session, now)) return;
  const entry = createRevocation('session', root, { now, lifetime: maxLifetime, delay: DELAY });
  await Promise.all([epochs.put('session', root, now + DELAY, grants_until), revocations.add(entry)]);
}

async function notifyClients(session: Session, { clock, signOuts }: EndSessionContext) {
  if (!session.has_listeners && !mayBeOld(session)) return;
  await signOuts.add(createSignOut(rootOf(session), session.sub, clock()));
}
