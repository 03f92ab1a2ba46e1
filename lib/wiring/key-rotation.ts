import { type Config, registrySigningKeys } from '../config.ts';
import type { RotationContext } from '../jobs/rotation.ts';
import { createKeyManagement, type SignRegistry } from '../key-registry/management.ts';
import { registrySigner, registrySignerInKms } from '../key-registry/registry-signer.ts';
import { createKeyRegistryStore } from '../key-registry/store.ts';
import { privateRegistryKey } from '../keys/registry-key.ts';
import { createKmsClient, type Kms } from '../kms/kms.ts';
import { createWrappedKey } from '../kms/wrapped-key.ts';
import { createRevocationList } from '../revocation/list.ts';
import { createRevocationStore } from '../store/revocation.ts';
import type { FoundationWithTable } from './foundation.ts';

/** The factor by which timeouts of KMS are longer than elsewhere, because nobody waits for a schedule. */
const TIMEOUT_FACTOR = 10;

/** For one function only, but too long for its file: a file of `functions` holds a few lines. */
export function keyRotationContext({ config, log, clock, issuer, table }: FoundationWithTable): RotationContext {
  const { patience = 1, ...aws } = config.aws('KMS');
  const kms = createKmsClient({ ...aws, patience: TIMEOUT_FACTOR * patience });
  const wrappingKey = config.find('WRAPPING_KMS_KEY');
  return {
    log,
    clock,
    policy: {
      jwksCache: config.get('JWKS_CACHE_SECONDS'),
      maxLifetime: Math.max(config.get('ACCESS_TOKEN_MAX_LIFETIME_SECONDS'), config.get('ID_TOKEN_LIFETIME_SECONDS')),
      period: config.get('KEY_ROTATION_SECONDS'),
      algorithms: config.get('NEW_KEY_ALGORITHM'),
    },
    isRotating: config.get('KEY_ROTATION') === 'on',
    management: createKeyManagement({
      trust: { issuer, keys: config.get('REGISTRY_KEYS'), maxAge: config.get('REGISTRY_MAX_AGE_SECONDS') },
      sign: signer(config, kms),
      store: createKeyRegistryStore(table),
      clock,
      revocations: createRevocationList(createRevocationStore(table), clock),
    }),
    createKey: wrappingKey === undefined ? undefined : (alg) => createWrappedKey(kms, { issuer, wrappingKey, alg }),
  };
}

const signer = (config: Config, kms: Kms): SignRegistry =>
  config.findOnlyOne(registrySigningKeys) === 'REGISTRY_SIGNING_KEY'
    ? registrySigner(privateRegistryKey(config.get('REGISTRY_SIGNING_KEY')[0]))
    : registrySignerInKms(config.get('REGISTRY_KMS_KEY'), kms);
