import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { createRegistryCheck, type RegistryCheck, UNCHECKED } from '../key-registry/authenticity.ts';
import { createRegistryCopy, type RegistryCopy } from '../key-registry/copy.ts';
import { createKeyRegistryStore, KEY_REGISTRY, keyOfKeyRegistry, readKeyRegistry } from '../key-registry/store.ts';
import type { LogContext } from '../log.ts';
import { createItemReader } from '../store/item-reader.ts';
import { createSchemaCheck } from '../store/schema.ts';
import type { Table } from '../store/table.ts';

interface RegistryBase extends LogContext {
  readonly config: Config;
  readonly clock: Clock;
}

export function copyRegistry(base: RegistryBase & { readonly table: Table }): RegistryCopy {
  const { find } = createKeyRegistryStore(base.table);
  return createRegistryCopy(() => find(KEY_REGISTRY), base.clock, registryCheck(base));
}

/** For functions that do not load the table. */
export function openRegistry(base: RegistryBase): RegistryCopy {
  const { config, clock } = base;
  const read = createItemReader({ tableName: config.get('TABLE_NAME'), ...config.aws('DYNAMODB') });
  const { checkDuring } = createSchemaCheck(read);
  const find = async () => readKeyRegistry(await checkDuring(read(keyOfKeyRegistry)));
  return createRegistryCopy(find, clock, registryCheck(base));
}

/** Deployments of version 0.1.0 have no REGISTRY_KEYS. */
function registryCheck({ config, clock, log }: RegistryBase): RegistryCheck {
  const keys = config.find('REGISTRY_KEYS');
  if (!keys) {
    log.warn('the key registry is not checked: set REGISTRY_KEYS');
    return UNCHECKED;
  }
  const maxAge = config.get('REGISTRY_MAX_AGE_SECONDS');
  return createRegistryCheck({ issuer: config.get('ISSUER'), keys, maxAge }, clock, log);
}
