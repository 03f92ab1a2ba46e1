import type { Clause } from '../clause.ts';
import { items } from './items.ts';
import { number, parser } from './shape.ts';
import type { Table } from './table.ts';

/** Lets one run of a job work at a time. */
export interface Lease {
  /**
   * Until a time, unless released before. False when another run has it. One that lasts more than twice as long from now on was
   * taken by a run whose clock was ahead, and does not count: two runs at the same time are the lesser evil.
   */
  take(now: number, until: number): Promise<boolean>;
  /** @param until as it was taken */
  release(until: number): Promise<void>;
}

interface Held {
  readonly until: number;
}

export function createLease(table: Table, name: string): Lease {
  const leases = items(table, {
    kind: 'LEASE',
    key: () => ({ pk: `LEASE#${name}`, sk: 'LEASE' }),
    parse: parser<Held>({ until: number }),
  });
  return {
    async take(now, until) {
      const isOver: Clause<'until'> = { attribute: 'until', test: 'below', value: now + 1 };
      const isTooLong: Clause<'until'> = { attribute: 'until', test: 'exceeds', value: until + (until - now) };
      const takeIf = (clause: Clause<'until'>) => leases.changeBlindly([], { until }, [clause]);
      return (await takeIf(isOver)) || (await takeIf(isTooLong));
    },
    async release(until) {
      await leases.changeBlindly([], { until: 0 }, [{ attribute: 'until', test: 'equals', value: until }]);
    },
  };
}
