import type { Clock } from '../clock.ts';
import { Unavailable } from '../oauth/errors.ts';
import type { KeyRegistry, NewKey } from './registry.ts';
import { addKey } from './transitions.ts';

export interface StoredRegistry {
  find(): Promise<KeyRegistry | undefined>;
  /** False when a registry exists already. */
  create(registry: KeyRegistry): Promise<boolean>;
}

/**
 * Of containers that start at once, one write succeeds, and the others take its key. @param createKey absent = only by command
 */
export function findOrCreateRegistry(
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
