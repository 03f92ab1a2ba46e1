import { hash } from 'node:crypto';
import type { AccessToken } from '../oauth/access-token.ts';
import type { ResponseContext } from './response.ts';

export interface VerifiedToken {
  readonly accessToken: AccessToken;
  readonly context: ResponseContext;
  /** Seconds since the epoch. */
  readonly since: number;
  /** Its revocation is checked at every use. */
  readonly until: number;
}

/** Of each kind, in one container. */
export const MAX_TOKENS = 1_000;

/** So that no bearer token stays in memory. */
export const digestOf = (token: string) => hash('sha256', token, 'base64');
