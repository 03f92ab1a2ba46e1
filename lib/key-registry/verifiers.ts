import { type Clock, isWithin, type Moment, momentOf } from '../clock.ts';
import { importKey } from '../keys/jwk.ts';
import { checkSigningKey } from '../keys/signing-key.ts';
import { keyVerifier, type Verifier, type Verifiers } from '../keys/verifier.ts';
import type { RegistryCopy } from './copy.ts';
import { type KeyRegistry, publishedKeys, type RegisteredKey } from './registry.ts';

/** After an unknown `kid` caused a read of the registry, others cause none for so long. */
const UNKNOWN_KID_COOL_DOWN_SECONDS = 10;

/**
 * An unknown `kid` causes a read, because the key may be new. The cool-down keeps invented ones from causing a flood of reads.
 */
export function registryVerifiers(copy: RegistryCopy, clock: Clock): Verifiers {
  const verifierOf = createLookup();
  let reading: { readonly since: Moment; readonly registry: Promise<KeyRegistry> } | undefined;

  const lookUp = async (kid: string, registry: Promise<KeyRegistry>) => {
    const since = momentOf(clock);
    const verifier = verifierOf(await registry, kid);
    if (!verifier) reading = { since, registry };
    return verifier;
  };

  return {
    get(kid) {
      const registry = copy.fresh();
      if (registry instanceof Promise) return lookUp(kid, registry);
      const known = verifierOf(registry, kid);
      if (known) return known;
      const now = momentOf(clock);
      if (!reading || !isWithin({ since: reading.since, seconds: UNKNOWN_KID_COOL_DOWN_SECONDS }, now)) {
        reading = { since: now, registry: copy.refresh() };
      }
      // Also a failure of that read.
      return reading.registry.then((fresh) => verifierOf(fresh, kid));
    },
  };
}

/** When a token first names the key, so that a broken key affects only its own tokens. */
function createLookup() {
  let verifiers = new Map<string, Verifier>();
  let current: KeyRegistry | undefined;

  return (registry: KeyRegistry, kid: string): Verifier | undefined => {
    if (registry !== current) {
      verifiers = new Map();
      current = registry;
    }
    const known = verifiers.get(kid);
    if (known) return known;
    const key = publishedKeys(registry).find((candidate) => candidate.kid === kid);
    const verifier = key && importVerifier(key);
    if (verifier) verifiers.set(kid, verifier);
    return verifier;
  };
}

function importVerifier({ kid, alg, jwk }: RegisteredKey): Verifier {
  const name = JSON.stringify(kid);
  return keyVerifier(
    checkSigningKey(name, { kid, alg }, importKey(name, { key: jwk, format: 'jwk' }, false, 'public')),
  );
}
