import type { LogContext } from '../log.ts';
import type { Client } from '../oauth/client.ts';
import { OAuthError, Unavailable } from '../oauth/errors.ts';
import { createSignOut } from '../oauth/logout-delivery.ts';
import { createRevocation } from '../oauth/revocation.ts';
import { hasGrants, mayBeOld, rootOf, type Session, type SessionGrant } from '../oauth/session.ts';
import type { EpochStore } from '../store/epoch.ts';
import type { SessionStore } from '../store/session.ts';
import type { SignOutStore } from '../store/sign-out.ts';
import { endOldGrants } from './old-session-grants.ts';
import { type GrantRevocationContext, IN_FLIGHT_SECONDS } from './revoke-grant.ts';

export interface EndSessionContext extends GrantRevocationContext, LogContext {
  readonly sessions: SessionStore;
  readonly signOuts: SignOutStore;
  readonly epochs: Pick<EpochStore, 'put'>;
  findClient(client_id: string): Promise<Client | undefined>;
}

/** Of ending a session, while other windows use it. */
export const END_SESSION_ATTEMPTS = 3;

/** Seconds for which clients are remembered, also when the session ends later because the person has signed in again. */
const CLIENT_MEMORY = 2_592_000;

/**
 * Seconds. Requests that are in flight while the session ends can have read it until then, and can issue tokens as long after.
 */
const DELAY = 2 * IN_FLIGHT_SECONDS;

/** Seconds, so that few grants of a session change the note of when the last one has expired. */
const ROUNDED_TO = 86_400;

/**
 * Notes what has to happen to a client and to a grant when the session ends.
 * @param grant if it ends with the session
 * @throws OAuthError `login_required` when the session has ended in the meantime
 */
export async function joinSession(
  session: Session,
  { client_id, backchannel_logout_uri }: Client,
  grant: SessionGrant | undefined,
  { sessions, clock }: Pick<EndSessionContext, 'sessions' | 'clock'>,
): Promise<void> {
  const { sid, has_listeners } = session;
  const isListener = backchannel_logout_uri !== undefined;
  if (isListener) {
    await sessions.addClient(rootOf(session), { client_id, sid, expires_at: clock() + CLIENT_MEMORY });
  }
  const noteGrant = async ({ grants_until: until, access_token_lifetime: lifetime }: SessionGrant) => {
    const { grants_until = 0, access_token_lifetime = 0 } = session;
    const longest: SessionGrant = {
      grants_until: Math.max(grants_until, Math.ceil(until / ROUNDED_TO) * ROUNDED_TO),
      access_token_lifetime: Math.max(access_token_lifetime, lifetime),
    };
    if (longest.grants_until === grants_until && longest.access_token_lifetime === access_token_lifetime) return true;
    // First, because the note keeps them from being written again.
    await Promise.all([
      sessions.keepRest(session, longest.grants_until),
      sessions.noteLifetime(rootOf(session), longest),
    ]);
    return sessions.noteGrant(sid, longest, clock());
  };
  const [isListenerNoted, isGrantNoted] = await Promise.all([
    !isListener || has_listeners || sessions.noteListener(sid, clock()),
    grant === undefined || noteGrant(grant),
  ]);
  if (!isListenerNoted || !isGrantNoted)
    throw new OAuthError('login_required', 'the session has ended in the meantime');
}

/**
 * Whatever was given in the session, it takes one entry for its grants, one for their access tokens, and a note for a job that
 * notifies clients. It can have expired, with grants that are still in force. The session is removed last, so that after a fault the person can sign out again and everything is repeated.
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

/** The epoch comes first: what another window notes after the lifetime was read gives no token any more. */
async function endGrants(session: Session, { clock, epochs, sessions, revocations, maxLifetime }: EndSessionContext) {
  const { grants_until } = session;
  const root = rootOf(session);
  const now = clock();
  if (!hasGrants(session, now)) return;
  await epochs.put('session', root, now + DELAY, grants_until);
  const lifetime = (await sessions.findLifetime(root)) ?? maxLifetime;
  await revocations.add(createRevocation('session', root, { now, lifetime, delay: DELAY }));
}

async function notifyClients(session: Session, { clock, signOuts }: EndSessionContext) {
  if (!session.has_listeners && !mayBeOld(session)) return;
  await signOuts.add(createSignOut(rootOf(session), session.sub, clock()));
}
