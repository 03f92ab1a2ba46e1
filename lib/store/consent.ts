import type { Item, Key, Table } from './table.ts';

/** What a subject allowed a client, remembered so that it is not asked again. */
export interface Consent {
  readonly sub: string;
  readonly client_id: string;
  readonly scope: readonly string[];
  readonly resources: readonly string[];
  readonly given_at: number;
}

export interface ConsentStore {
  find(sub: string, client_id: string): Promise<Consent | undefined>;
  put(consent: Consent): Promise<void>;
  remove(sub: string, client_id: string): Promise<void>;
  /** Those of a subject. */
  list(sub: string): Promise<Consent[]>;
}

const PREFIX = 'CONSENT#';

const keyOf = (sub: string, client_id: string): Key => ({ pk: `CONSENT#${sub}`, sk: PREFIX + client_id });

export const createConsentStore = (table: Table): ConsentStore => ({
  async find(sub, client_id) {
    const item = await table.get(keyOf(sub, client_id));
    return item && withoutKey(item);
  },
  put: (consent) => table.put({ ...keyOf(consent.sub, consent.client_id), ...consent }),
  remove: (sub, client_id) => table.remove(keyOf(sub, client_id)),
  list: async (sub) => (await table.query(`CONSENT#${sub}`, PREFIX)).map(withoutKey),
});

const withoutKey = ({ pk, sk, ...consent }: Item) => consent as unknown as Consent;
