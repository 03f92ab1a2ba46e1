import { signingKeys } from '../config.ts';
import { type KeyRegistry, publishedKeys, usedAlgorithms } from '../key-registry/registry.ts';
import { registrySigners } from '../key-registry/signers.ts';
import { registryVerifiers } from '../key-registry/verifiers.ts';
import type { AlgorithmName } from '../keys/algorithm.ts';
import { keySigners, type Signers } from '../keys/signer.ts';
import type { SigningJwk, SigningKey } from '../keys/signing-key.ts';
import { keyVerifiers } from '../keys/verifier.ts';
import { kmsSigners } from '../kms/signers.ts';
import { createChangingJwtVerifier, createJwtVerifier } from '../tokens/jws.ts';
import type { JwtKind } from '../tokens/jwt-kind.ts';
import type { Foundation, FoundationWithTable } from './foundation.ts';
import { openRegistry } from './registry.ts';

/** From the registry, the environment or KMS. */
export function signers({ config, issuer, registry, kms }: FoundationWithTable): Signers {
  if (config.usesKeyRegistry('SIGNING_KMS_KEYS')) {
    return registrySigners(registry(), { issuer, kms, keys: config.find('SIGNING_KEYS') ?? [] });
  }
  return config.findOnlyOne(signingKeys) === 'SIGNING_KEYS'
    ? keySigners(config.get('SIGNING_KEYS'))
    : kmsSigners(config.get('SIGNING_KMS_KEYS'), kms);
}

/** Of one kind, and in which span the loaded keys may be relied on; undefined = always. */
export function jwtVerification(kind: JwtKind, { config, clock, registry }: FoundationWithTable) {
  if (!config.usesKeyRegistry('VERIFICATION_KEYS')) {
    const verifyJwt = createJwtVerifier(kind, keyVerifiers(config.get('VERIFICATION_KEYS')));
    return { verifyJwt, keysIn: () => undefined };
  }
  const copy = registry();
  const verifyJwt = createChangingJwtVerifier(kind, registryVerifiers(copy, clock));
  return { verifyJwt, keysIn: copy.freshIn };
}

// For functions that do not load the table.

export const publishedKeysReader = (base: Foundation) =>
  reader(
    base,
    (keys): readonly SigningJwk[] => keys.map(({ jwk }) => jwk),
    (registry) => publishedKeys(registry).map(({ jwk }) => jwk),
  );

/** The environment does not say which keys are in preparation. */
export const algorithmsReader = (base: Foundation) =>
  reader(base, (keys): readonly AlgorithmName[] => keys.map(({ alg }) => alg), usedAlgorithms);

function reader<Value>(
  base: Foundation,
  fromKeys: (keys: readonly SigningKey[]) => Value,
  fromRegistry: (registry: KeyRegistry) => Value,
): () => Promise<Value> {
  const { config } = base;
  if (!config.usesKeyRegistry('VERIFICATION_KEYS')) {
    const value = fromKeys(config.get('VERIFICATION_KEYS'));
    return async () => value;
  }
  const copy = openRegistry(base);
  return async () => fromRegistry(await copy.fresh());
}
