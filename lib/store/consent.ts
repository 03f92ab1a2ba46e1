import { randomId } from '../oauth/handle.ts';
import { ConditionFailed, type Item, isNew, type Key, type Table } from './table.ts';

/** What a subject has allowed a client, remembered so that the subject is not asked again. */
export interface Consent {
  readonly sub: string;
  readonly client_id: string;
  readonly scope: readonly string[];
  readonly resources: readonly string[];
  readonly given_at: number;
  /** Another one at every change. */
  readonly revision?: string;
}

export interface ConsentStore {
  find(sub: string, client_id: string): Promise<Consent | undefined>;
  /**
   * Writes it if it is as it was seen: undefined = there was none. False when it was changed or withdrawn since, so that
   * what was withdrawn does not come back.
   */
  replace(consent: Consent, seen: Consent | undefined): Promise<boolean>;
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
  async replace(consent, seen) {
    const item = { ...keyOf(consent.sub, consent.client_id), ...consent, revision: randomId() };
    const unchanged = { when: ['revision = :seen'], values: { ':seen': seen?.revision } } as const;
    try {
      await table.put(item, seen ? unchanged : { when: [isNew] });
      return true;
    } catch (error) {
      if (error instanceof ConditionFailed) return false;
      throw error;
    }
  },
  remove: (sub, client_id) => table.remove(keyOf(sub, client_id)),
  list: async (sub) => (await table.query(`CONSENT#${sub}`, PREFIX)).map(withoutKey),
});

const withoutKey = ({ pk, sk, ...consent }: Item) => consent as unknown as Consent;
