import { randomBytes } from 'node:crypto';
import { privateRegistryKey, registryKeyText } from '../lib/keys/registry-key.ts';

/** Makes a key that signs the key registry, as in the secret of a stage. */
export function createRegistryKey() {
  const seed = randomBytes(32);
  const REGISTRY_KEYS = registryKeyText(privateRegistryKey(seed)) ?? '';
  return { REGISTRY_SIGNING_KEY: seed.toString('base64url'), REGISTRY_KEYS };
}
