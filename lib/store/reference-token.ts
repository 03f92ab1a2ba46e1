import type { AccessTokenClaims } from '../oauth/access-token.ts';
import { items } from './items.ts';
import { either, listOf, number, object, optional, parser, text } from './shape.ts';
import type { Table } from './table.ts';

/** The id is not a credential, because the MAC is not stored. */
export interface StoredReferenceToken {
  readonly claims: AccessTokenClaims;
  /** Repeats the claim, so that whoever revokes tokens need not have access to claims. Absent in version 0.1.0. */
  readonly client_id?: string;
  /** Seconds since the epoch; absent = not revoked. */
  readonly revoked_at?: number;
  readonly expires_at: number;
}

export interface ReferenceTokenStore {
  find(id: string): Promise<StoredReferenceToken | undefined>;
  put(claims: AccessTokenClaims): Promise<void>;
  /**
   * False unless this client's token expires after `expiresAfter` and is not revoked yet. @param client_id undefined for a token of
   * version 0.1.0
   */
  revoke(id: string, client_id: string | undefined, now: number, expiresAfter: number): Promise<boolean>;
}

const parse = parser<StoredReferenceToken>({
  claims: object<AccessTokenClaims>({
    iss: text,
    sub: text,
    aud: either(text, listOf(text)),
    client_id: text,
    scope: optional(text),
    iat: number,
    exp: number,
    jti: text,
    grant_id: text,
    root_sid: optional(text),
  }),
  client_id: optional(text),
  revoked_at: optional(number),
  expires_at: number,
});

export function createReferenceTokenStore(table: Table): ReferenceTokenStore {
  const tokens = items(table, { kind: 'TOKEN', key: (id: string) => ({ pk: `TOKEN#${id}`, sk: 'TOKEN' }), parse });
  return {
    find: tokens.find,
    // No condition is needed, because the id is random and a retry writes the same item.
    put: (claims) => tokens.put([claims.jti], { claims, client_id: claims.client_id, expires_at: claims.exp }),
    revoke: (id, client_id, now, expiresAfter) =>
      tokens.changeBlindly([id], { revoked_at: now }, [
        client_id === undefined
          ? { attribute: 'client_id', test: 'absent' }
          : { attribute: 'client_id', test: 'equals', value: client_id },
        { attribute: 'expires_at', test: 'exceeds', value: expiresAfter },
        { attribute: 'revoked_at', test: 'absent' },
      ]),
  };
}
