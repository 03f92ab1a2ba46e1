import { signingKeys } from '../config.ts';
import { publishedKeys } from '../key-registry/registry.ts';
import { registrySigners } from '../key-registry/signers.ts';
import { registryVerifiers } from '../key-registry/verifiers.ts';
import { keySigners, type Signers } from '../keys/signer.ts';
import type { SigningJwk } from '../keys/signing-key.ts';
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

/** For functions that do not load the table. */
export function publishedKeysReader(base: Foundation): () => Promise<readonly SigningJwk[]> {
  const { config } = base;
  if (!config.usesKeyRegistry('VERIFICATION_KEYS')) {
    const keys = config.get('VERIFICATION_KEYS').map(({ jwk }) => jwk);
    return async () => keys;
  }
  const copy = openRegistry(base);
  return async () => publishedKeys(await copy.fresh()).map(({ jwk }) => jwk);
}
