import type { SignOut } from '../oauth/logout-delivery.ts';
import { type Batch, items } from './items.ts';
import { number, parser, text } from './shape.ts';
import type { Table } from './table.ts';
import { END_OF_KEYS, START_OF_TIME, timeKey } from './time-key.ts';

/** One partition, sorted by time. */
export interface SignOutStore {
  /** Safe to repeat. */
  add(signOut: SignOut): Promise<void>;
  /** The oldest ones, or the next ones. */
  page(limit: number, behind?: string): Promise<Batch<SignOut>>;
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
    page: (limit, behind) => signOuts.batch(PARTITION, { from: START_OF_TIME, to: END_OF_KEYS, behind, limit }),
    remove: signOuts.remove,
  };
}
