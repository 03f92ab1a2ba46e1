import type { AccessTokenClaims } from '../oauth/access-token.ts';
import { ConditionFailed, type Key, type Table } from './table.ts';

/** A reference token as stored under its id, which without the handle key's MAC is not a credential. */
export interface StoredReferenceToken {
  readonly claims: AccessTokenClaims;
  /** Seconds since the epoch; absent = not revoked. */
  readonly revoked_at?: number;
}

export interface ReferenceTokenStore {
  find(id: string): Promise<StoredReferenceToken | undefined>;
  put(claims: AccessTokenClaims): Promise<void>;
  /** Revokes it if it was issued to this client, expires after `alive` and was not revoked before; whether that was so. */
  revoke(id: string, client_id: string, now: number, alive: number): Promise<boolean>;
}

const keyOf = (id: string): Key => ({ pk: `TOKEN#${id}`, sk: 'TOKEN' });

export const createReferenceTokenStore = (table: Table): ReferenceTokenStore => ({
  async find(id) {
    const item = await table.get(keyOf(id));
    return item && (item as unknown as StoredReferenceToken);
  },

  // Needs no condition: the id is 128 random bits, and a retry writes the same item.
  put: (claims) => table.put({ ...keyOf(claims.jti), claims, expires_at: claims.exp }),

  async revoke(id, client_id, now, alive) {
    try {
      await table.set(keyOf(id), { revoked_at: now }, [
        { attribute: 'claims.client_id', test: 'equals', value: client_id },
        { attribute: 'expires_at', test: 'exceeds', value: alive },
        { attribute: 'revoked_at', test: 'absent' },
      ]);
      return true;
    } catch (error) {
      if (error instanceof ConditionFailed) return false;
      throw error;
    }
  },
});
