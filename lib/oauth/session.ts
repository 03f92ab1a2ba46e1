import type { Authentication } from './user.ts';

/** A person is signed in with a browser. The browser's cookie is a handle of `sid`. */
export interface Session extends Authentication {
  readonly sid: string;
  readonly expires_at: number;
}

/** A grant that was given in a session. Its client is notified when the session ends. */
export interface SessionGrant {
  readonly grant_id: string;
  readonly client_id: string;
  /** The `sid` in ID tokens of the grant: that of an earlier session if the person has signed in again since. */
  readonly sid: string;
  /** When the session expires. */
  readonly expires_at: number;
}
