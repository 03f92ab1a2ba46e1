import { type Revocation, revocationKinds } from '../oauth/revocation.ts';
import { items } from './items.ts';
import { number, oneOf, optional, parser, text } from './shape.ts';
import type { Table } from './table.ts';

/** One partition, sorted by time. */
export interface RevocationStore {
  /** All with `revoked_at` at or after this time. Some may have expired. */
  since(time: number): Promise<Revocation[]>;
  put(revocation: Revocation): Promise<void>;
  remove(revocation: Revocation): Promise<void>;
}

const PARTITION = 'REVOKED#0';

/** Ten digits, so that texts sort by time until the year 2286. */
const timeKey = (time: number) => String(Math.max(0, time)).padStart(10, '0');

const parse = parser<Revocation>({
  kind: oneOf(...revocationKinds),
  id: text,
  revoked_at: number,
  issued_until: optional(number),
  expires_at: number,
});

export function createRevocationStore(table: Table): RevocationStore {
  const revocations = items(table, {
    kind: 'REVOKED',
    key: ({ revoked_at, kind, id }: Revocation) => ({ pk: PARTITION, sk: `${timeKey(revoked_at)}#${kind}#${id}` }),
    parse,
  });
  return {
    since: (time) => revocations.list({ pk: PARTITION, sk: timeKey(time) }),
    put: (revocation) => revocations.put([revocation], revocation),
    remove: revocations.remove,
  };
}
