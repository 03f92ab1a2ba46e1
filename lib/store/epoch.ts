import { items } from './items.ts';
import { number, parser } from './shape.ts';
import type { Table } from './table.ts';

/** A client by its id, a subject by its tag, the issuer by its URL. */
export type EpochKind = 'client' | 'subject' | 'issuer';

/** Revokes all grants given before it. Grants live for weeks, so it is not in the revocation list. docs/design.md section 4 */
export interface EpochStore {
  /** Grants that were given up to this time are revoked. */
  find(kind: EpochKind, id: string): Promise<number | undefined>;
  /** Never moves an epoch back. */
  put(kind: EpochKind, id: string, issued_until: number): Promise<void>;
}

export function createEpochStore(table: Table): EpochStore {
  const epochs = items(table, {
    kind: 'EPOCH',
    key: (kind: EpochKind, id: string) => ({ pk: `EPOCH#${kind}#${id}`, sk: 'EPOCH' }),
    parse: parser<{ readonly issued_until: number }>({ issued_until: number }),
  });
  return {
    find: async (kind, id) => (await epochs.find(kind, id))?.issued_until,
    async put(kind, id, issued_until) {
      const isLater = { attribute: 'issued_until', test: 'below', value: issued_until } as const;
      await epochs.replace([kind, id], { issued_until }, [isLater]);
    },
  };
}
