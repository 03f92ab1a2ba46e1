import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import { singleFlight } from '../lazy.ts';
import { Unavailable } from '../oauth/errors.ts';
import { KEY_REFRESH_SECONDS, type KeyRegistry } from './registry.ts';

/** The container's synchronised copy of the key registry, or of what its holder needs to know of it. */
export interface RegistryCopy<Registry = KeyRegistry> {
  /**
   * The registry as it was less than `KEY_REFRESH_SECONDS` ago: the same object for as long as it does not change, and at
   * once, without a promise, while the copy is fresh.
   * @throws Unavailable when it cannot be read or is empty; the copy that is too old is never used instead
   */
  fresh(): Registry | Promise<Registry>;
  /** Reads it now, in one flight for all who ask. @throws Unavailable */
  refresh(): Promise<Registry>;
  /** When the copy has to be read again, in seconds since the epoch. */
  freshUntil(): number;
}

/** @param find reads the registry as it is; undefined while there is none */
export function createRegistryCopy<Registry extends { readonly keys: readonly unknown[] } = KeyRegistry>(
  find: () => Promise<Registry | undefined>,
  clock: Clock,
): RegistryCopy<Registry> {
  let copy: { readonly registry: Registry; readonly since: number } | undefined;

  const refresh = singleFlight(async () => {
    const since = clock();
    const found = await find();
    // Without a single key it is not known which tokens are ours: that is no reason to refuse them.
    if (!found || found.keys.length === 0) throw new Unavailable('a key registry with a key in it');
    const registry = copy && isDeepStrictEqual(copy.registry, found) ? copy.registry : found;
    copy = { registry, since };
    return registry;
  });

  return {
    fresh() {
      if (!copy) return refresh();
      // Whole seconds: "less than" keeps the true age below the bound. A clock that was set back makes the copy stale.
      const age = clock() - copy.since;
      return age >= 0 && age < KEY_REFRESH_SECONDS ? copy.registry : refresh();
    },
    refresh,
    freshUntil: () => (copy ? copy.since + KEY_REFRESH_SECONDS : Number.NEGATIVE_INFINITY),
  };
}
