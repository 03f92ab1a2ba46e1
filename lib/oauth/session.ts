import type { Authentication } from './user.ts';

export interface Session extends Authentication {
  readonly sid: string;
  readonly expires_at: number;
}

/** Its client is notified when the session ends. */
export interface SessionGrant {
  readonly grant_id: string;
  readonly client_id: string;
  /** As in ID tokens: that of an earlier session if the person has signed in again since. */
  readonly sid: string;
  readonly expires_at: number;
}
