import { Unavailable } from '../oauth/errors.ts';
import { items, unchanged } from './items.ts';
import { number, optional, parser } from './shape.ts';
import type { Table } from './table.ts';

/** A client by its id, a subject by its tag, a consent by `consentEpochId`, the issuer by its URL, a session by its `root_sid`. */
export type EpochKind = 'client' | 'subject' | 'consent' | 'issuer' | 'session';

/** Revokes all grants given before it. Grants live for weeks, so it is not in the revocation list. docs/design.md section 4 */
export interface EpochStore {
  /** Grants that were given up to this time are revoked. */
  find(kind: EpochKind, id: string): Promise<number | undefined>;
  /**
   * Never moves an epoch back, nor the time until which it is kept. @param expires_at when the last of the grants has expired; absent =
   * never
   */
  put(kind: EpochKind, id: string, issued_until: number, expires_at?: number): Promise<void>;
}

interface Epoch {
  readonly issued_until: number;
  readonly expires_at?: number;
}

export function createEpochStore(table: Table): EpochStore {
  const epochs = items(table, {
    kind: 'EPOCH',
    key: (kind: EpochKind, id: string) => ({ pk: `EPOCH#${kind}#${id}`, sk: 'EPOCH' }),
    parse: parser<Epoch>({ issued_until: number, expires_at: optional(number) }),
  });
  return {
    find: async (kind, id) => (await epochs.find(kind, id))?.issued_until,
    async put(kind, id, issued_until, expires_at) {
      const epoch: Epoch = { issued_until, ...(expires_at !== undefined && { expires_at }) };
      // Mostly there is none, so the first attempt needs no read.
      let seen: Epoch | undefined;
      for (let tries = 0; tries < MAX_WRITES; tries++) {
        const later = seen ? latest(epoch, seen) : epoch;
        if (later.issued_until === seen?.issued_until && later.expires_at === seen.expires_at) return;
        if (await epochs.replace([kind, id], later, unchanged(seen, 'issued_until', 'expires_at'))) return;
        seen = await epochs.find(kind, id);
      }
      throw new Unavailable('the epoch');
    },
  };
}

/** Others may end the same at the same moment. */
const MAX_WRITES = 5;

function latest(one: Epoch, other: Epoch): Epoch {
  const expires_at = Math.max(one.expires_at ?? NEVER, other.expires_at ?? NEVER);
  const issued_until = Math.max(one.issued_until, other.issued_until);
  return { issued_until, ...(expires_at < NEVER && { expires_at }) };
}

const NEVER = Number.POSITIVE_INFINITY;
