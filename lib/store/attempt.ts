import { items, unchanged } from './items.ts';
import { number, parser } from './shape.ts';
import type { Table } from './table.ts';

/** How often a thing was tried in vain that must not be tried too often. Times are seconds since the epoch. */
export interface Attempts {
  readonly attempts: number;
  /** No further one before this time. */
  readonly not_before: number;
  /** From when on they are forgotten. */
  readonly expires_at: number;
}

export interface AttemptStore {
  find(id: string): Promise<Attempts | undefined>;
  /** Writes them if they are as they were seen: undefined = there were none. False when somebody was faster. */
  replace(id: string, seen: Attempts | undefined, next: Attempts): Promise<boolean>;
  remove(id: string): Promise<void>;
}

export function createAttemptStore(table: Table): AttemptStore {
  const attempts = items(table, {
    kind: 'ATTEMPTS',
    key: (id: string) => ({ pk: `ATTEMPTS#${id}`, sk: 'ATTEMPTS' }),
    parse: parser<Attempts>({ attempts: number, not_before: number, expires_at: number }),
  });
  return {
    find: attempts.find,
    replace: (id, seen, next) => attempts.replace([id], next, unchanged(seen, 'attempts', 'not_before')),
    remove: attempts.remove,
  };
}
