import type { Clock } from '../clock.ts';
import type { KeyRegistry, NewKey } from '../key-registry/registry.ts';
import { algorithmOfDueKey, type RotationPolicy, rotate } from '../key-registry/rotation.ts';
import { KEY_REGISTRY } from '../key-registry/store.ts';
import { addKey } from '../key-registry/transitions.ts';
import type { AlgorithmName } from '../keys/algorithm.ts';
import type { LogContext } from '../log.ts';
import type { RecordStore } from '../store/record.ts';
import type { Job } from './job.ts';

export interface RotationContext extends LogContext {
  readonly clock: Clock;
  readonly policy: RotationPolicy;
  readonly registry: RecordStore<KeyRegistry>;
  createKey(alg: AlgorithmName): Promise<NewKey>;
}

/** Most runs find nothing to do. */
export const rotation: Job<RotationContext> = { failure: 'the keys could not be rotated', run: rotateKeys };

/** Makes all due changes in one write. If another writer was faster, this write is dropped; the next run starts from theirs. */
async function rotateKeys({ registry, policy, clock, createKey, log }: RotationContext): Promise<void> {
  const found = await registry.findVersion(KEY_REGISTRY);
  // The first token request creates it.
  if (!found) return log.info('there is no key registry yet');
  const now = clock();
  const rotated = rotate(found.value, policy, now);
  const alg = algorithmOfDueKey(rotated, policy, now);
  const next = alg ? addKey(rotated, await createKey(alg), clock()) : rotated;
  if (next === found.value) return log.info('no key has to be changed');
  const isDone = await registry.replace(next, found.version);
  log.info(isDone ? 'keys rotated' : 'the keys were changed by another writer in the meantime');
}
