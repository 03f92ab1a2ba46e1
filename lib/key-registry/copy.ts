import { isDeepStrictEqual } from 'node:util';
import { type Clock, isWithin, LONG_AGO, type Moment, momentOf, type Span } from '../clock.ts';
import { singleFlight } from '../lazy.ts';
import { Unavailable } from '../oauth/errors.ts';
import type { RegistryCheck } from './authenticity.ts';
import { KEY_REFRESH_SECONDS, type KeyRegistry, type StoredRegistry } from './registry.ts';

export interface RegistryCopy {
  /** Never older than `KEY_REFRESH_SECONDS`; no promise while it is fresh. The same object until the registry changes. */
  fresh(): KeyRegistry | Promise<KeyRegistry>;
  /** Reads the registry now, once for all concurrent callers. */
  refresh(): Promise<KeyRegistry>;
  /** In which what was read last is fresh. */
  freshIn(): Span;
}

export function createRegistryCopy(
  find: () => Promise<StoredRegistry | undefined>,
  clock: Clock,
  check: RegistryCheck,
): RegistryCopy {
  let copy: { readonly registry: StoredRegistry; readonly since: Moment } | undefined;

  const refresh = singleFlight(async () => {
    const since = momentOf(clock);
    const found = await find();
    // Without a key no token can be verified, which must not make valid tokens look forged.
    if (!found || found.keys.length === 0) throw new Unavailable('a key in the key registry');
    const believed = copy?.registry;
    const registry = believed && isDeepStrictEqual(believed, found) ? believed : found;
    check(registry, believed);
    copy = { registry, since };
    return registry;
  });

  return {
    fresh() {
      if (!copy) return refresh();
      return isWithin({ since: copy.since, seconds: KEY_REFRESH_SECONDS }, momentOf(clock)) ? copy.registry : refresh();
    },
    refresh,
    freshIn: () => ({ since: copy?.since ?? LONG_AGO, seconds: KEY_REFRESH_SECONDS }),
  };
}
