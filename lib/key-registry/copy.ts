import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import { singleFlight } from '../lazy.ts';
import { Unavailable } from '../oauth/errors.ts';
import type { RegistryCheck } from './authenticity.ts';
import { KEY_REFRESH_SECONDS, type KeyRegistry, type StoredRegistry } from './registry.ts';

export interface RegistryCopy {
  /** Never older than `KEY_REFRESH_SECONDS`; no promise while it is fresh. The same object until the registry changes. */
  fresh(): KeyRegistry | Promise<KeyRegistry>;
  /** Reads the registry now, once for all concurrent callers. */
  refresh(): Promise<KeyRegistry>;
  /** Seconds since the epoch. */
  freshUntil(): number;
}

export function createRegistryCopy(
  find: () => Promise<StoredRegistry | undefined>,
  clock: Clock,
  check: RegistryCheck,
): RegistryCopy {
  let copy: { readonly registry: StoredRegistry; readonly since: number } | undefined;

  const refresh = singleFlight(async () => {
    const since = clock();
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
      // With whole seconds, only "less than" keeps the true age below the bound. A negative age (clock set back) is stale.
      const age = clock() - copy.since;
      return age >= 0 && age < KEY_REFRESH_SECONDS ? copy.registry : refresh();
    },
    refresh,
    freshUntil: () => (copy ? copy.since + KEY_REFRESH_SECONDS : Number.NEGATIVE_INFINITY),
  };
}
