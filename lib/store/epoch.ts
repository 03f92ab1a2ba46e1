import { items } from './items.ts';
import { number, optional, parser } from './shape.ts';
import type { Table } from './table.ts';

/** A client by its id, a subject by its tag, a consent by `consentEpochId`, the issuer by its URL, a session by its `root_sid`. */
export type EpochKind = 'client' | 'subject' | 'consent' | 'issuer' | 'session';

/** Revokes all grants given before it. Grants live for weeks, so it is not in the revocation list. docs/design.md section 4 */
export interface EpochStore {
  /** Grants that were given up to this time are revoked. */
  find(kind: EpochKind, id: string): Promise<number | undefined>;
  /** Never moves an epoch back. @param expires_at when the last of the grants has expired; absent = never */
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
      const isLater = { attribute: 'issued_until', test: 'below', value: issued_until } as const;
      const epoch = { issued_until, ...(expires_at !== undefined && { expires_at }) };
      await epochs.replace([kind, id], epoch, [isLater]);
    },
  };
}
