import type { Session } from '../oauth/session.ts';
import type { UserClaims } from '../oauth/user.ts';
import type { EpochStore } from '../store/epoch.ts';
import { findUserClaims, type UserClaimsContext } from '../users/claims.ts';
import { isSessionValid } from './browser-session.ts';
import type { ConsentContext } from './consent.ts';
import type { Continuation } from './continuation.ts';

export interface PersonContext extends ConsentContext, UserClaimsContext {
  readonly issuer: string;
  readonly epochs: Pick<EpochStore, 'find'>;
}

/** Somebody who is signed in. */
export interface Person {
  readonly session: Session;
  readonly claims: UserClaims;
  /** Whether the person has given the consent before; undefined when the continuation needs none. */
  readonly hasConsented: boolean | undefined;
}

/**
 * Finds the person of a session, with all reads side by side.
 * @returns undefined when the session has ended, or the user is disabled or gone
 */
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

/** The same for a session that has just begun, and which therefore cannot have ended. */
export async function findPersonOfNewSession(
  session: Session,
  { consent }: Continuation,
  context: PersonContext,
): Promise<Person | undefined> {
  const [claims, remembered] = await Promise.all([
    findUserClaims(session.sub, context),
    consent && context.consents.find(session.sub, consent.client_id),
  ]);
  return claims && { session, claims, hasConsented: consent?.isCovered(remembered) };
}
