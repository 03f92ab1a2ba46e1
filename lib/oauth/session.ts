import type { Authentication } from './user.ts';

/** Somebody is signed in with a browser. The browser's cookie is a handle of the session's id. */
export interface Session extends Authentication {
  readonly sid: string;
  readonly expires_at: number;
}

/** A grant that a client was given in a session. Its client is told when the session ends. */
export interface SessionGrant {
  readonly grant_id: string;
  readonly client_id: string;
  /** The session's id in ID tokens of the grant: an earlier one when the person has signed in again since. */
  readonly sid: string;
  /** When the session expires. */
  readonly expires_at: number;
}
