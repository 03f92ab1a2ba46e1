import type { Session } from '../oauth/session.ts';
import type { UserClaims } from '../oauth/user.ts';
import { findUserClaims, type UserClaimsContext } from '../users/claims.ts';
import { isSessionValid } from './browser-session.ts';
import { type ConsentContext, findConsent } from './consent.ts';
import type { Continuation } from './continuation.ts';

export interface PersonContext extends ConsentContext, UserClaimsContext {
  readonly issuer: string;
}

export interface Person {
  readonly session: Session;
  readonly claims: UserClaims;
  /** Undefined when the continuation needs none. */
  readonly hasConsented: boolean | undefined;
  /** When the person allowed this client something, in seconds since the epoch. */
  readonly consented_at: number | undefined;
}

/** Undefined when the session has ended, or the user is disabled or gone. All reads run side by side. */
export async function findPerson(
  session: Session,
  continuation: Continuation,
  context: PersonContext,
): Promise<Person | undefined> {
  const [isValid, person] = await Promise.all([
    isSessionValid(session, context),
    findPersonOfNewSession(session, continuation, context),
  ]);
  return isValid ? person : undefined;
}

/** It has just begun, so it cannot have ended. */
export async function findPersonOfNewSession(
  session: Session,
  { consent }: Continuation,
  context: PersonContext,
): Promise<Person | undefined> {
  const [claims, remembered] = await Promise.all([
    findUserClaims(session.sub, context),
    consent && findConsent(session.sub, consent.client_id, context),
  ]);
  const hasConsented = consent?.isCovered(remembered);
  return claims && { session, claims, hasConsented, consented_at: remembered?.given_at };
}
