import { randomId } from '../oauth/handle.ts';
import { items, unchanged } from './items.ts';
import { listOf, number, optional, parser, text } from './shape.ts';
import type { Table } from './table.ts';

/** Stored so that the subject is not asked again. */
export interface Consent {
  readonly sub: string;
  readonly client_id: string;
  readonly scope: readonly string[];
  readonly resources: readonly string[];
  readonly given_at: number;
  /** Random; each change replaces it. */
  readonly revision?: string;
}

export interface ConsentStore {
  find(sub: string, client_id: string): Promise<Consent | undefined>;
  /** Only if the consent is still as it was read (undefined = there was none), so that a withdrawn one does not come back. */
  replace(consent: Consent, seen: Consent | undefined): Promise<boolean>;
  remove(sub: string, client_id: string): Promise<void>;
  list(sub: string): Promise<Consent[]>;
}

const PREFIX = 'CONSENT#';

export function createConsentStore(table: Table): ConsentStore {
  const consents = items(table, {
    kind: 'CONSENT',
    key: (sub: string, client_id: string) => ({ pk: `CONSENT#${sub}`, sk: PREFIX + client_id }),
    parse: parser<Consent>({
      sub: text,
      client_id: text,
      scope: listOf(text),
      resources: listOf(text),
      given_at: number,
      revision: optional(text),
    }),
  });
  return {
    find: consents.find,
    replace(consent, seen) {
      const { sub, client_id } = consent;
      return consents.replace([sub, client_id], { ...consent, revision: randomId() }, unchanged(seen, 'revision'));
    },
    remove: consents.remove,
    list: (sub) => consents.list({ pk: `CONSENT#${sub}`, sk: PREFIX }),
  };
}
