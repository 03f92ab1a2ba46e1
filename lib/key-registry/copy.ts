import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import { singleFlight } from '../lazy.ts';
import { Unavailable } from '../oauth/errors.ts';
import { KEY_REFRESH_SECONDS, type KeyRegistry } from './registry.ts';

/** A container's copy of the key registry, or of the part of it that the container needs. */
export interface RegistryCopy<Registry = KeyRegistry> {
  /**
   * The registry as it was less than `KEY_REFRESH_SECONDS` ago. While the copy is fresh, it is returned without a promise.
   * As long as the registry does not change, it is the same object.
   * @throws Unavailable when the registry cannot be read or is empty; an older copy is never used instead
   */
  fresh(): Registry | Promise<Registry>;
  /** Reads the registry now, once for all concurrent callers. @throws Unavailable */
  refresh(): Promise<Registry>;
  /** When the copy ceases to be fresh, in seconds since the epoch. */
  freshUntil(): number;
}

/** @param find reads the stored registry; undefined while there is none */
export function createRegistryCopy<Registry extends { readonly keys: readonly unknown[] } = KeyRegistry>(
  find: () => Promise<Registry | undefined>,
  clock: Clock,
): RegistryCopy<Registry> {
  let copy: { readonly registry: Registry; readonly since: number } | undefined;

  const refresh = singleFlight(async () => {
    const since = clock();
    const found = await find();
    // Without a key no token can be verified, which must not make valid tokens look forged.
    if (!found || found.keys.length === 0) throw new Unavailable('a key registry with a key in it');
    const registry = copy && isDeepStrictEqual(copy.registry, found) ? copy.registry : found;
    copy = { registry, since };
    return registry;
  });

  return {
    fresh() {
      if (!copy) return refresh();
      // Of whole seconds, "less than" keeps the true age below the bound. A clock that was set back makes the copy stale.
      const age = clock() - copy.since;
      return age >= 0 && age < KEY_REFRESH_SECONDS ? copy.registry : refresh();
    },
    refresh,
    freshUntil: () => (copy ? copy.since + KEY_REFRESH_SECONDS : Number.NEGATIVE_INFINITY),
  };
}
