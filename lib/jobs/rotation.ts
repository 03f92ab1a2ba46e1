import type { Clock } from '../clock.ts';
import type { KeyManagement } from '../key-registry/management.ts';
import type { KeyRegistry, NewKey } from '../key-registry/registry.ts';
import { algorithmsOfDueKeys, type RotationPolicy, rotate } from '../key-registry/rotation.ts';
import { addKey, firstKeys } from '../key-registry/transitions.ts';
import type { AlgorithmName } from '../keys/algorithm.ts';
import type { LogContext } from '../log.ts';
import type { Job } from './job.ts';

export interface RotationContext extends LogContext {
  readonly clock: Clock;
  readonly policy: RotationPolicy;
  readonly isRotating: boolean;
  readonly management: KeyManagement;
  /** Undefined where people make the keys. */
  readonly createKey: ((alg: AlgorithmName) => Promise<NewKey>) | undefined;
}

/**
 * Seconds after which the registry is signed again, so that verifiers can refuse an old one that is put back. Shorter than the hour
 * of the schedule, because a run signs a little after its start.
 */
const SIGNED_FOR = 3_000;

/** Makes the first keys, rotates what is due, and signs the registry again. */
export const rotation: Job<RotationContext> = { failure: 'the keys could not be managed', run: manageKeys };

/** Makes all due changes in one write. If another writer was faster, this write is dropped; the next run starts from theirs. */
async function manageKeys(context: RotationContext): Promise<void> {
  const { management, clock, log } = context;
  const found = await management.find();
  if (!found) return createRegistry(context);
  const next = await changed(found.value, context);
  const isDue = next !== found.value || clock() - found.value.signed_at >= SIGNED_FOR;
  if (!isDue) return log.debug('the key registry stays as it is');
  const isDone = await management.replace(next, found);
  const what = next === found.value ? 'the key registry is signed again' : 'keys rotated';
  log.info(isDone ? what : 'the keys were changed by another writer in the meantime');
}

async function createRegistry({ management, policy, createKey, clock, log }: RotationContext): Promise<void> {
  if (!createKey) return log.warn('there is no key registry yet: start it with latchkey keys add');
  const keys = await createAll(policy.algorithms, createKey);
  const isDone = await management.create(firstKeys(keys, clock()));
  log.info(isDone ? 'the first keys are made' : 'another writer has made the first keys in the meantime');
}

/** The same registry when nothing is due. */
async function changed(registry: KeyRegistry, context: RotationContext): Promise<KeyRegistry> {
  const { policy, isRotating, createKey, clock } = context;
  if (!isRotating) return registry;
  const now = clock();
  const rotated = rotate(registry, policy, now);
  if (!createKey) return rotated;
  const keys = await createAll(algorithmsOfDueKeys(rotated, policy, now), createKey);
  return keys.reduce((before, key) => addKey(before, key, clock()), rotated);
}

const createAll = (algorithms: readonly AlgorithmName[], createKey: (alg: AlgorithmName) => Promise<NewKey>) =>
  Promise.all(algorithms.map(createKey));
