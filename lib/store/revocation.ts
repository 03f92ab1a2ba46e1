import type { Revocation } from '../oauth/revocation.ts';
import type { Item, Key, Table } from './table.ts';

/** The revocation list as stored: one partition, sorted by time. */
export interface RevocationStore {
  /** Every entry written at or after this time, and some that are older or have expired. */
  since(time: number): Promise<Revocation[]>;
  put(revocation: Revocation): Promise<void>;
  remove(revocation: Revocation): Promise<void>;
}

const PARTITION = 'REVOKED#0';

/** Ten digits, so that the order of the text is the order of time until the year 2286. */
const timeKey = (time: number) => String(Math.max(0, time)).padStart(10, '0');

const keyOf = ({ revoked_at, kind, id }: Revocation): Key => ({
  pk: PARTITION,
  sk: `${timeKey(revoked_at)}#${kind}#${id}`,
});

export const createRevocationStore = (table: Table): RevocationStore => ({
  since: async (time) => (await table.query(PARTITION, timeKey(time))).map(withoutKey),
  put: (revocation) => table.put({ ...keyOf(revocation), ...revocation }),
  remove: (revocation) => table.remove(keyOf(revocation)),
});

const withoutKey = ({ pk, sk, ...revocation }: Item) => revocation as unknown as Revocation;
