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

const MAX_ENTRIES = 1_000;

/** So that no bearer token stays in memory. */
export const digestOf = (token: string) => hash('sha256', token, 'base64');

/** What is known of tokens, by their digest. */
export function createTokenCache<Entry>() {
  const entries = new Map<string, Entry>();
  return {
    get: (digest: string) => entries.get(digest),
    set(digest: string, entry: Entry) {
      entries.delete(digest);
      const [oldest] = entries.keys();
      if (oldest !== undefined && entries.size >= MAX_ENTRIES) entries.delete(oldest);
      entries.set(digest, entry);
    },
  };
}
