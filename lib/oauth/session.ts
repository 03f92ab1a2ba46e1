import type { Authentication } from './user.ts';

/** That somebody is signed in with one browser. Its cookie is a handle of its id. */
export interface Session extends Authentication {
  readonly sid: string;
  readonly expires_at: number;
}

/** That a client was given a grant in a session. Whoever was is told when it ends. */
export interface SessionGrant {
  readonly grant_id: string;
  readonly client_id: string;
  /** What its ID tokens call the session: another name than it has by now, if the person has signed in again since. */
  readonly sid: string;
  /** That of the session. */
  readonly expires_at: number;
}
