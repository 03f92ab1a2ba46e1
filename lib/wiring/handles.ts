import { ConfigError, handleKeys, type RingName, sharedHandleKeys } from '../config.ts';
import { deriveHandleKeys, kmsGroups } from '../kms/handle-keys.ts';
import { type Lazy, lazy } from '../lazy.ts';
import { createHandles, type HandleKind, type HandlesByKind } from '../oauth/handle.ts';
import type { FoundationWithTable } from './foundation.ts';

type Ring = readonly Buffer[] | Lazy<readonly Buffer[]>;

/**
 * Of the kinds that a function mints or checks; it needs no keys of the others. Secrets from KMS are derived when the first
 * handle that needs them is minted or parsed. @throws ConfigError when a kind has no keys, or keys of two origins
 */
export function handles<Kind extends HandleKind>(
  base: FoundationWithTable,
  ...kinds: readonly Kind[]
): HandlesByKind<Kind> {
  const { config, issuer } = base;
  const rings = new Map<RingName, Ring>();
  const ringOf = (name: RingName | undefined): Ring => {
    if (name === undefined) return [];
    const ring = rings.get(name) ?? readRing(name, base);
    rings.set(name, ring);
    return ring;
  };
  const shared = config.findAtMostOne(sharedHandleKeys);

  const handlesOf = (kind: Kind): Lazy<ReturnType<typeof createHandles>> => {
    const own = config.findAtMostOne<RingName>(handleKeys[kind]);
    if (own === undefined && shared === undefined) throw new ConfigError(handleKeys[kind].join(' or '), 'is not set');
    const [ownRing, sharedRing] = [ringOf(own), ringOf(shared)];
    if (typeof ownRing !== 'function' && typeof sharedRing !== 'function') {
      const known = createHandles(kind, issuer, { own: ownRing, shared: sharedRing });
      return () => known;
    }
    return lazy(async () => {
      const [own, shared] = await Promise.all([load(ownRing), load(sharedRing)]);
      return createHandles(kind, issuer, { own, shared });
    });
  };
  return Object.fromEntries(kinds.map((kind) => [kind, handlesOf(kind)])) as HandlesByKind<Kind>;
}

const load = async (ring: Ring) => (typeof ring === 'function' ? ring() : ring);

function readRing(name: RingName, { config, issuer, kms }: FoundationWithTable): Ring {
  if (!isFromKms(name)) return config.get(name);
  const ids = config.get(name);
  return lazy(() => deriveHandleKeys(issuer, ids, kms, kmsGroups[name]));
}

const isFromKms = (name: RingName): name is keyof typeof kmsGroups => Object.hasOwn(kmsGroups, name);
