import { items, unchanged } from './items.ts';
import { number, parser } from './shape.ts';
import type { Table } from './table.ts';

/** A counter of failed attempts. Times are seconds since the epoch. */
export interface Attempts {
  readonly attempts: number;
  /** When the next attempt is allowed. */
  readonly not_before: number;
  /** When the counter starts again from zero. */
  readonly expires_at: number;
}

export interface AttemptStore {
  find(id: string): Promise<Attempts | undefined>;
  /** Writes the counter if it is still as it was read; undefined = there was none. False when it has changed since. */
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
