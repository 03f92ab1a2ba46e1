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
  /** Leaves what was given after `given_until`, if there is such a time. */
  remove(sub: string, client_id: string, given_until?: number): Promise<void>;
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
    async remove(sub, client_id, given_until) {
      const isOld = { attribute: 'given_at', test: 'below', value: (given_until ?? 0) + 1 } as const;
      await consents.removeIf([sub, client_id], given_until === undefined ? [] : [isOld]);
    },
    list: (sub) => consents.list({ pk: `CONSENT#${sub}`, sk: PREFIX }),
  };
}
