import type { SignOut } from '../oauth/logout-delivery.ts';
import { items } from './items.ts';
import { number, parser, text } from './shape.ts';
import type { Table } from './table.ts';
import { START_OF_TIME, timeKey } from './time-key.ts';

/** One partition, sorted by time. */
export interface SignOutStore {
  /** Safe to repeat. */
  add(signOut: SignOut): Promise<void>;
  /** The oldest ones behind another. */
  page(limit: number, behind?: SignOut): Promise<SignOut[]>;
  remove(signOut: SignOut): Promise<void>;
}

const PARTITION = 'SIGNED_OUT';

const sortKeyOf = ({ ended_at, sid }: Pick<SignOut, 'ended_at' | 'sid'>) => `${timeKey(ended_at)}#${sid}`;

export function createSignOutStore(table: Table): SignOutStore {
  const signOuts = items(table, {
    kind: 'SIGNED_OUT',
    key: (signOut: SignOut) => ({ pk: PARTITION, sk: sortKeyOf(signOut) }),
    parse: parser<SignOut>({ sid: text, sub: text, ended_at: number, expires_at: number }),
  });
  return {
    add: (signOut) => signOuts.put([signOut], signOut),
    page(limit, behind) {
      const sk = behind ? `${sortKeyOf(behind)}~` : START_OF_TIME;
      return signOuts.list({ pk: PARTITION, sk }, '', { to: '~', limit });
    },
    remove: signOuts.remove,
  };
}
