import { createBoundedMap } from '../bounded-map.ts';
import { type Clock, isWithin, type Moment, momentOf } from '../clock.ts';

const MAX_ENTRIES = 1_000;

/** Only found values are cached. @param seconds 0 = not at all */
export function cacheLookup<Value>(
  find: (id: string) => Promise<Value | undefined>,
  seconds: number,
  clock: Clock,
): (id: string) => Promise<Value | undefined> {
  const entries = createBoundedMap<{ readonly value: Value; readonly since: Moment }>(MAX_ENTRIES);
  return async (id) => {
    const now = momentOf(clock);
    const entry = entries.get(id);
    if (entry && isWithin({ since: entry.since, seconds }, now)) return entry.value;

    const value = await find(id);
    if (value !== undefined && seconds > 0) entries.set(id, { value, since: now });
    else entries.delete(id);
    return value;
  };
}
