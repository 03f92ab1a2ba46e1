import { createHash } from 'node:crypto';
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

/** The API of an audience can choose the ids of its tokens, and must not replace the entries of others by them. */
const nameOf = ({ id, audience }: Revocation) =>
  audience === undefined ? id : `${createHash('sha256').update(audience).digest('base64url')}#${id}`;

const parse = parser<Revocation>({
  kind: oneOf(...revocationKinds),
  id: text,
  audience: optional(text),
  revoked_at: number,
  issued_until: optional(number),
  expires_at: number,
});

export function createRevocationStore(table: Table): RevocationStore {
  const revocations = items(table, {
    kind: 'REVOKED',
    key: (entry: Revocation) => ({ pk: PARTITION, sk: `${timeKey(entry.revoked_at)}#${entry.kind}#${nameOf(entry)}` }),
    parse,
  });
  return {
    since: (time) => revocations.list({ pk: PARTITION, sk: timeKey(time) }),
    put: (revocation) => revocations.put([revocation], revocation),
    remove: revocations.remove,
  };
}
