import { type Environment, readConfig } from '../../lib/config.ts';
import type { KeyManagement } from '../../lib/key-registry/management.ts';
import type { KeyRegistry, NewKey, RegisteredKey, SignedRegistry } from '../../lib/key-registry/registry.ts';
import { addKey, type KeyPolicy, KeyRefusal } from '../../lib/key-registry/transitions.ts';
import type { Versioned } from '../../lib/store/record.ts';
import { Problem } from '../problem.ts';
import type { CommandContext } from './command.ts';
import { notFound } from './not-found.ts';
import { duration, time } from './output.ts';
import { openManagement, type RegistryKeyOptions } from './registry-key.ts';
import type { Store } from './store.ts';

/** The deployed settings that decide how long a key must be kept. @throws ConfigError naming the variable */
export function keyPolicyFrom(env: Environment): KeyPolicy {
  const { get } = readConfig(env);
  const maxLifetime = Math.max(get('ACCESS_TOKEN_MAX_LIFETIME_SECONDS'), get('ID_TOKEN_LIFETIME_SECONDS'));
  return { jwksCache: get('JWKS_CACHE_SECONDS'), maxLifetime };
}

/** The registry and what may change it. */
export interface ManagedKeys {
  readonly store: Store;
  readonly management: KeyManagement;
}

/** @throws Problem when it is not known what signs the registry */
export async function openKeys(
  { io, open }: Pick<CommandContext, 'io' | 'open'>,
  options: RegistryKeyOptions,
): Promise<ManagedKeys> {
  const store = await open();
  return { store, management: await openManagement(store, io.env, options) };
}

/** @throws Problem when the registry has never had a key; UntrustedRegistry */
export async function requireRegistry({ store, management }: ManagedKeys): Promise<Versioned<SignedRegistry>> {
  const found = await management.find();
  if (!found) throw noRegistry(store);
  return found;
}

export function noRegistry({ local }: Pick<Store, 'local'>): Problem {
  const remedy = local
    ? 'to have one, start the local stack with npm start -- --keys wrapped'
    : 'see docs/keys.md for keys in the secret of a stage or in KMS, and latchkey keys add --help to start a registry';
  return new Problem(`there is no key registry, so this command cannot change the signing keys: ${remedy}`);
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
export async function register(keys: ManagedKeys, key: NewKey): Promise<KeyRegistry> {
  const { store, management } = keys;
  const now = store.clock();
  if (!(await management.find()) && (await management.create(addKey(undefined, key, now)))) {
    return (await requireRegistry(keys)).value;
  }
  return changeRegistry(keys, (found) =>
    found.keys.some(({ kid }) => kid === key.kid) ? found : addKey(found, key, now),
  );
}

/**
 * Applies a transition to the registry. The transition runs again after a conflicting change, or after a write whose answer
 * was lost.
 * @param advice words the remedy for a transition that will be allowed later, given that time
 * @throws Problem when the registry refuses the transition; UntrustedRegistry
 */
export async function changeRegistry(
  keys: ManagedKeys,
  transition: (registry: KeyRegistry) => KeyRegistry,
  advice: (possible: string) => string = (possible) => possible,
): Promise<KeyRegistry> {
  try {
    for (let attempt = 1; attempt <= 2; attempt++) {
      const found = await requireRegistry(keys);
      const next = transition(found.value);
      if (next === found.value || (await keys.management.replace(next, found))) return next;
    }
  } catch (error) {
    if (!(error instanceof KeyRefusal)) throw error;
    const { message, possibleFrom } = error;
    if (possibleFrom === undefined) throw new Problem(message);
    const possible = `${time(possibleFrom)} (in ${duration(possibleFrom - keys.store.clock())})`;
    throw new Problem(`${message}: ${advice(possible)}`);
  }
  throw new Problem('the key registry is being changed by somebody else: run the command again');
}
