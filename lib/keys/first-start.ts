import type { Clock } from '../oauth/clock.ts';
import { Unavailable } from '../oauth/errors.ts';
import type { KeyRegistry, NewKey } from './key-registry.ts';
import { addKey } from './key-transitions.ts';

/** The registry where it is stored. */
export interface StoredRegistry {
  find(): Promise<KeyRegistry | undefined>;
  /** False when there is one already. */
  create(registry: KeyRegistry): Promise<boolean>;
}

/**
 * Finds the registry, and makes it with a first key where there is none. Of many containers that start at once, one write
 * decides whose key it is, and the others take that.
 * @param createKey absent where keys are registered by command only
 * @throws Unavailable
 */
export function findOrStart(
  { find, create }: StoredRegistry,
  createKey: (() => Promise<NewKey>) | undefined,
  clock: Clock,
) {
  return async (): Promise<KeyRegistry | undefined> => {
    const found = await find();
    if (found) return found;
    if (!createKey) throw new Unavailable('a signing key (set WRAPPING_KMS_KEY, or run latchkey keys add)');
    const registry = addKey(undefined, await createKey(), clock());
    return (await create(registry)) ? registry : find();
  };
}
