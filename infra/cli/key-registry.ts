import { type Environment, readConfig } from '../../lib/config.ts';
import type { KeyRegistry, NewKey, RegisteredKey } from '../../lib/key-registry/registry.ts';
import { KEY_REGISTRY } from '../../lib/key-registry/store.ts';
import { addKey, type KeyPolicy, KeyRefusal } from '../../lib/key-registry/transitions.ts';
import { Problem } from '../problem.ts';
import { change } from './change.ts';
import { notFound } from './not-found.ts';
import { duration, time } from './output.ts';
import type { Store } from './store.ts';

/** The deployed settings that decide how long a key must be kept. @throws ConfigError naming the variable */
export function keyPolicyFrom(env: Environment): KeyPolicy {
  const { get } = readConfig(env);
  const maxLifetime = Math.max(get('ACCESS_TOKEN_MAX_LIFETIME_SECONDS'), get('ID_TOKEN_LIFETIME_SECONDS'));
  return { jwksCache: get('JWKS_CACHE_SECONDS'), maxLifetime };
}

export async function findRegistry({ keys }: Store): Promise<KeyRegistry> {
  return (await keys.find(KEY_REGISTRY)) ?? { keys: [] };
}

/** @throws Problem when the registry has never had a key */
export async function requireRegistry({ keys, local }: Store): Promise<KeyRegistry> {
  const registry = await keys.find(KEY_REGISTRY);
  if (registry) return registry;
  const remedy = local
    ? 'to have one, start the local stack with npm start -- --keys wrapped'
    : 'see docs/keys.md for keys in the secret of a stage or in KMS, and latchkey keys add --help to start a registry';
  throw new Problem(`there is no key registry, so this command cannot change the signing keys: ${remedy}`);
}

/** @throws Problem when there is no such key */
export function keyIn({ keys }: KeyRegistry, kid: string): RegisteredKey {
  const key = keys.find((candidate) => candidate.kid === kid);
  if (!key) throw new Problem(`${notFound('key', kid).message} in the registry: see latchkey keys list`);
  return key;
}

/**
 * Puts a key into the registry. An existing key with the same `kid` stays as it is.
 * @throws Problem
 */
export async function register(store: Store, key: NewKey): Promise<KeyRegistry> {
  const now = store.clock();
  if (!(await store.keys.find(KEY_REGISTRY)) && (await store.keys.create(addKey(undefined, key, now)))) {
    return findRegistry(store);
  }
  return changeRegistry(store, (found) =>
    found.keys.some(({ kid }) => kid === key.kid) ? found : addKey(found, key, now),
  );
}

/**
 * Applies a transition to the registry. The transition runs again after a conflicting change, or after a write whose answer
 * was lost.
 * @param advice words the remedy for a transition that will be allowed later, given that time
 * @throws Problem when the registry refuses the transition
 */
export async function changeRegistry(
  store: Store,
  transition: (registry: KeyRegistry) => KeyRegistry,
  advice: (possible: string) => string = (possible) => possible,
): Promise<KeyRegistry> {
  await requireRegistry(store);
  try {
    return await change(store.keys, 'key registry', KEY_REGISTRY, transition);
  } catch (error) {
    if (!(error instanceof KeyRefusal)) throw error;
    const { message, possibleFrom } = error;
    if (possibleFrom === undefined) throw new Problem(message);
    const possible = `${time(possibleFrom)} (in ${duration(possibleFrom - store.clock())})`;
    throw new Problem(`${message}: ${advice(possible)}`);
  }
}
