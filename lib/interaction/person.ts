import type { Session } from '../oauth/session.ts';
import type { UserClaims } from '../oauth/user.ts';
import type { EpochStore } from '../store/epoch.ts';
import { findUserClaims, type UserClaimsContext } from '../users/claims.ts';
import { isInForce } from './browser-session.ts';
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
  /** Whether the person has allowed before what the continuation needs; undefined when it needs nothing. */
  readonly hasConsented: boolean | undefined;
}

/** The person of a session, found with all reads side by side; undefined when the session has ended or the user is gone. */
export async function findPerson(
  session: Session,
  continuation: Continuation,
  context: PersonContext,
): Promise<Person | undefined> {
  const [inForce, person] = await Promise.all([
    isInForce(session, context),
    findPersonOfNewSession(session, continuation, context),
  ]);
  return inForce ? person : undefined;
}

/** The same for a session that has just begun, and which nothing can have ended. */
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
