import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.ts';
import { KeyError } from '../keys/jwk.ts';
import type { RevocationList, Revocations } from '../revocation/list.ts';
import type { RecordStore, Versioned } from '../store/record.ts';
import {
  type RegistryTrust,
  requireSigned,
  requireSuccessor,
  requireUnexpired,
  UntrustedRegistry,
} from './authenticity.ts';
import { type KeyRegistry, publishedKeys, type SignedRegistry, type StoredRegistry } from './registry.ts';
import { isSignedBy, signedBytes } from './signature.ts';
import { KEY_REGISTRY } from './store.ts';

/** Ed25519. */
export type SignRegistry = (data: Buffer) => Promise<Buffer>;

/** The only way in which the registry is written. */
export interface KeyManagement {
  /** @throws UntrustedRegistry */
  find(): Promise<Versioned<SignedRegistry> | undefined>;
  /** False when a registry exists already. */
  create(registry: KeyRegistry): Promise<boolean>;
  /** False when somebody else has changed the registry. */
  replace(registry: KeyRegistry, found: Versioned<SignedRegistry>): Promise<boolean>;
  /** As `replace`, for what a person has looked at: running containers then take it for newer than all before. */
  adopt(registry: KeyRegistry, found: Versioned<StoredRegistry>): Promise<boolean>;
}

export interface KeyManagementContext {
  readonly trust: RegistryTrust;
  readonly sign: SignRegistry;
  readonly store: RecordStore<StoredRegistry>;
  readonly clock: Clock;
  readonly revocations: Pick<RevocationList, 'fresh'>;
}

export function createKeyManagement(context: KeyManagementContext): KeyManagement {
  const { trust, sign, store, clock, revocations } = context;
  /** The last one that this container has read or written, so that it signs none that was put back. */
  let last: SignedRegistry | undefined;

  /** @throws UntrustedRegistry; KeyError for a signature that nobody would believe */
  async function seal({ keys }: KeyRegistry, sequence: number): Promise<SignedRegistry> {
    requireNoRevokedKey(keys, await revocations.fresh(0), clock());
    const unsigned = { keys, sequence, signed_at: clock() };
    const signature = await sign(signedBytes(trust.issuer, unsigned));
    const signed = { ...unsigned, signature: signature.toString('base64url') };
    if (!isSignedBy(trust.keys, trust.issuer, signed)) {
      throw new KeyError('that signs the registry', 'is not in REGISTRY_KEYS');
    }
    return signed;
  }

  async function write(registry: SignedRegistry, version?: number): Promise<boolean> {
    const isDone = await (version === undefined ? store.create(registry) : store.replace(registry, version));
    if (isDone) last = registry;
    return isDone;
  }

  return {
    async find() {
      const found = await store.findVersion(KEY_REGISTRY);
      if (!found) return undefined;
      const value = requireSigned(found.value, trust);
      requireSuccessor(value, last);
      requireUnexpired(value, trust, clock());
      last = value;
      return { value, version: found.version };
    },
    // Newer than a registry that was lost.
    create: async (registry) => write(await seal(registry, clock())),
    async replace(registry, { value, version }) {
      // An old registry that was put back must not reach the number of a newer one by being signed again.
      const step = isDeepStrictEqual(registry.keys, value.keys) ? 0 : 1;
      return write(await seal(registry, value.sequence + step), version);
    },
    adopt: async (registry, { value, version }) =>
      write(await seal(registry, Math.max((value.sequence ?? 0) + 1, clock())), version),
  };
}

/**
 * An old registry, with a key that was compromised since, could be put back and would last if it were signed again. The entry for
 * the key on the revocation list is kept for longer than the old signature is believed.
 */
function requireNoRevokedKey(keys: KeyRegistry['keys'], list: Revocations, now: number): void {
  const isRevoked = (kid: string) => list.find('key', kid).some(({ expires_at }) => expires_at > now);
  const key = publishedKeys({ keys }).find(({ kid }) => isRevoked(kid));
  if (key)
    throw new UntrustedRegistry(
      'revoked_key',
      `has the key ${key.kid}, whose tokens are revoked: run latchkey keys compromise`,
    );
}
