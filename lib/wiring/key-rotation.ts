import type { RotationContext } from '../jobs/rotation.ts';
import { createKeyRegistryStore } from '../key-registry/store.ts';
import { createKms } from '../kms/kms.ts';
import { createWrappedKey } from '../kms/wrapped-key.ts';
import type { FoundationWithTable } from './foundation.ts';

/** How many times as long as usual KMS may take: nobody waits for a schedule. */
const UNHURRIED = 10;

/** What the rotation of keys has. */
export function keyRotationContext({ config, log, clock, issuer, table }: FoundationWithTable): RotationContext {
  const { patience = 1, ...aws } = config.aws('KMS');
  const kms = createKms({ ...aws, patience: UNHURRIED * patience });
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
