import type { RotationContext } from '../jobs/rotation.ts';
import { createKeyRegistryStore } from '../key-registry/store.ts';
import { createKmsClient } from '../kms/kms.ts';
import { createWrappedKey } from '../kms/wrapped-key.ts';
import type { FoundationWithTable } from './foundation.ts';

/** The factor by which timeouts of KMS are longer than elsewhere, because nobody waits for a schedule. */
const TIMEOUT_FACTOR = 10;

/** For one function only, but too long for its file: a file of `functions` holds a few lines. */
export function keyRotationContext({ config, log, clock, issuer, table }: FoundationWithTable): RotationContext {
  const { patience = 1, ...aws } = config.aws('KMS');
  const kms = createKmsClient({ ...aws, patience: TIMEOUT_FACTOR * patience });
  const wrappingKey = config.get('WRAPPING_KMS_KEY');
  return {
    log,
    clock,
    policy: {
      jwksCache: config.get('JWKS_CACHE_SECONDS'),
      maxLifetime: Math.max(config.get('ACCESS_TOKEN_MAX_LIFETIME_SECONDS'), config.get('ID_TOKEN_LIFETIME_SECONDS')),
      period: config.get('KEY_ROTATION_SECONDS'),
      algorithm: config.get('NEW_KEY_ALGORITHM'),
    },
    registry: createKeyRegistryStore(table),
    createKey: (alg) => createWrappedKey(kms, { issuer, wrappingKey, alg }),
  };
}
