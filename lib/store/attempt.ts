import { items, unchanged } from './items.ts';
import { number, parser } from './shape.ts';
import type { Table } from './table.ts';

/** Times are seconds since the epoch. */
export interface Attempts {
  readonly attempts: number;
  readonly not_before: number;
  /** The counter then starts again from zero. */
  readonly expires_at: number;
}

export interface AttemptStore {
  find(id: string): Promise<Attempts | undefined>;
  /** Only if the counter is still as it was read; undefined = there was none. */
  replace(id: string, seen: Attempts | undefined, next: Attempts): Promise<boolean>;
  put(id: string, next: Attempts): Promise<void>;
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
    put: (id, next) => attempts.put([id], next),
    remove: attempts.remove,
  };
}
