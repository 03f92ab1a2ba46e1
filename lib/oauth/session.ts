import type { Authentication } from './user.ts';

export interface Session extends Authentication {
  readonly sid: string;
  readonly expires_at: number;
  /**
   * The `sid` of the first session: one that replaces it, because the same person has signed in again, keeps it. Grants and access tokens
   * that end with the session name it. Absent in sessions of version 0.1.0.
   */
  readonly root_sid?: string;
  /** When the last grant that ends with the session has expired; absent = there is none. */
  readonly grants_until?: number;
  /** Whether a client wants to be notified. */
  readonly has_listeners?: boolean;
}

export const rootOf = ({ root_sid, sid }: Pick<Session, 'root_sid' | 'sid'>): string => root_sid ?? sid;

/** Whether a grant that ends with the session may still be in force. */
export const hasGrants = ({ grants_until = 0 }: Session, now: number): boolean => grants_until > now;

/** It or one that it has replaced can be of version 0.1.0. */
export const mayBeOld = ({ root_sid, sid }: Session): boolean => root_sid !== sid;

/** A client that is notified when the session ends. */
export interface SessionClient {
  readonly client_id: string;
  /** As in ID tokens: that of an earlier session if the person has signed in again since. */
  readonly sid: string;
  readonly expires_at: number;
}

/** What version 0.1.0 has stored for each grant, of any client. */
export interface OldSessionGrant extends SessionClient {
  readonly grant_id: string;
}
