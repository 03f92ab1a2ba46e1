import { createBoundedMap } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';

const MAX_ENTRIES = 1_000;

/** Only found values are cached. @param seconds 0 = not at all */
export function cacheLookup<Value>(
  find: (id: string) => Promise<Value | undefined>,
  seconds: number,
  clock: Clock,
): (id: string) => Promise<Value | undefined> {
  const entries = createBoundedMap<{ readonly value: Value; readonly since: number; readonly until: number }>(
    MAX_ENTRIES,
  );
  return async (id) => {
    const now = clock();
    const entry = entries.get(id);
    // If the clock was set back, an entry from the future would be kept for that much longer.
    if (entry && entry.since <= now && now < entry.until) return entry.value;

    const value = await find(id);
    if (value !== undefined && seconds > 0) entries.set(id, { value, since: now, until: now + seconds });
    else entries.delete(id);
    return value;
  };
}
