import type { AccessTokenClaims } from '../oauth/access-token.ts';
import { items } from './items.ts';
import { either, listOf, number, object, optional, parser, text } from './shape.ts';
import type { Table } from './table.ts';

/** The id is not a credential, because the MAC is not stored. */
export interface StoredReferenceToken {
  readonly claims: AccessTokenClaims;
  /** Seconds since the epoch; absent = not revoked. */
  readonly revoked_at?: number;
  readonly expires_at: number;
}

export interface ReferenceTokenStore {
  find(id: string): Promise<StoredReferenceToken | undefined>;
  put(claims: AccessTokenClaims): Promise<void>;
  /** False unless this client's token expires after `expiresAfter` and is not revoked yet. */
  revoke(id: string, client_id: string, now: number, expiresAfter: number): Promise<boolean>;
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
  }),
  revoked_at: optional(number),
  expires_at: number,
});

export function createReferenceTokenStore(table: Table): ReferenceTokenStore {
  const tokens = items(table, { kind: 'TOKEN', key: (id: string) => ({ pk: `TOKEN#${id}`, sk: 'TOKEN' }), parse });
  return {
    find: tokens.find,
    // No condition is needed, because the id is random and a retry writes the same item.
    put: (claims) => tokens.put([claims.jti], { claims, expires_at: claims.exp }),
    async revoke(id, client_id, now, expiresAfter) {
      const revoked = await tokens.change([id], { revoked_at: now }, [
        { attribute: 'claims.client_id', test: 'equals', value: client_id },
        { attribute: 'expires_at', test: 'exceeds', value: expiresAfter },
        { attribute: 'revoked_at', test: 'absent' },
      ]);
      return revoked !== undefined;
    },
  };
}
