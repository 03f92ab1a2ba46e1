import { ConditionFailed, type Key, type Table } from './table.ts';

/** Of what there are epochs: a client by its id, a subject by its tag, the issuer by its URL. */
export type EpochKind = 'client' | 'subject' | 'issuer';

/** Grants live for weeks, so what ends all of a client, a subject or the issuer stands by itself. docs/design.md section 4. */
export interface EpochStore {
  /** Grants that were given at this time or before are dead; absent = none is. */
  find(kind: EpochKind, id: string): Promise<number | undefined>;
  /** Never moves an epoch back. */
  put(kind: EpochKind, id: string, issued_until: number): Promise<void>;
}

const keyOf = (kind: EpochKind, id: string): Key => ({ pk: `EPOCH#${kind}#${id}`, sk: 'EPOCH' });

export const createEpochStore = (table: Table): EpochStore => ({
  async find(kind, id) {
    const item = await table.get(keyOf(kind, id));
    return item && Number(item['issued_until']);
  },

  async put(kind, id, issued_until) {
    try {
      const values = { ':issued_until': issued_until };
      await table.put({ ...keyOf(kind, id), issued_until }, { when: [isLater], values });
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  },
});

const isLater = '(attribute_not_exists(pk) OR issued_until < :issued_until)';
