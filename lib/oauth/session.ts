import type { Authentication } from './user.ts';

/** That somebody is signed in with one browser. Its cookie is a handle of its id. */
export interface Session extends Authentication {
  readonly sid: string;
  /** Clients that were given something in it: those that are told when it ends. */
  readonly clients: readonly string[];
  readonly expires_at: number;
}
