import { randomUUID } from 'node:crypto';
import { systemClock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config.ts';
import { UntrustedRegistry } from '../../lib/key-registry/authenticity.ts';
import { createKeyManagement } from '../../lib/key-registry/management.ts';
import { createKeyRegistryStore, KEY_REGISTRY } from '../../lib/key-registry/store.ts';
import { createRevocationList } from '../../lib/revocation/list.ts';
import { createRevocationStore } from '../../lib/store/revocation.ts';
import type { Lambda } from './lambda.ts';
import type { LocalKeys } from './local-keys.ts';
import { scheduledEvent } from './schedules.ts';
import { createSeedTable } from './seed-table.ts';
import type { Stack } from './stack.ts';
import type { Table } from './table.ts';

const HANDLER = 'dist/rotation/index.handler';

/**
 * Calls key management once, as `serverless deploy` does at its end. Before, signs what an earlier start has left and nobody would
 * believe any more: unsigned, long ago, or with other keys. Complains when that fails: what needs no key works all the same.
 */
export async function manageKeys(
  { functions }: Stack,
  lambda: Lambda,
  embedded: Table,
  issuer: string,
  keys: Pick<LocalKeys, 'registry' | 'signRegistry'>,
  complain: (text: string) => void,
): Promise<void> {
  const management = [...functions.values()].find(({ handler }) => handler === HANDLER);
  if (!management) return;
  const table = createSeedTable(embedded.endpoint, embedded.tableName);
  const store = createKeyRegistryStore(table);
  const { find, adopt } = createKeyManagement({
    trust: { issuer, keys: readConfig(keys.registry).get('REGISTRY_KEYS'), maxAge: 86_400 },
    sign: keys.signRegistry,
    store,
    clock: systemClock,
    revocations: createRevocationList(createRevocationStore(table), systemClock),
  });
  const signAnew = async () => {
    const found = await store.findVersion(KEY_REGISTRY);
    if (found) await adopt(found.value, found);
  };
  try {
    await find().catch((error: unknown) => {
      if (!(error instanceof UntrustedRegistry)) throw error;
      return signAnew();
    });
  } catch (error) {
    if (!(error instanceof UntrustedRegistry)) throw error;
    return complain(error.message);
  }
  const id = randomUUID();
  const outcome = await lambda.invoke(management.logicalId, scheduledEvent(id, Date.now()), id);
  if ('error' in outcome) complain(`${outcome.error.errorMessage}: start with --verbose to see why`);
}
