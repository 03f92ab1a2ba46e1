import type { AlgorithmName } from '../keys/algorithm.ts';
import type { KeyRegistry, NewKey } from '../keys/key-registry.ts';
import { addKey } from '../keys/key-transitions.ts';
import { keyNeeded, type RotationPolicy, rotate } from '../keys/rotation.ts';
import { createLog, describeFault, type LogContext } from '../log.ts';
import type { Clock } from '../oauth/clock.ts';
import { KEY_REGISTRY } from '../store/key-registry.ts';
import type { RecordStore } from '../store/record.ts';

export interface RotationContext extends LogContext {
  readonly clock: Clock;
  readonly policy: RotationPolicy;
  readonly registry: RecordStore<KeyRegistry>;
  createKey(alg: AlgorithmName): Promise<NewKey>;
}

/** Thrown for every fault, so that Lambda counts it and tries again. Says nothing, as Lambda logs it. */
export class RotationFault extends Error {
  constructor() {
    super('the keys could not be rotated');
    this.name = 'RotationFault';
  }
}

/** Makes the function that a schedule calls: what is due is done, and mostly nothing is. `compose` runs at the first call. */
export function createRotation(compose: () => RotationContext): () => Promise<void> {
  let context: RotationContext | undefined;
  return async () => {
    try {
      context ??= compose();
      await rotateKeys(context);
    } catch (error) {
      const log = context?.log ?? createLog('error');
      log.error('fault', describeFault(error));
      throw new RotationFault();
    }
  };
}

/** All that is due in one write. When somebody else was faster, what they did decides what is due the next time. */
async function rotateKeys({ registry, policy, clock, createKey, log }: RotationContext): Promise<void> {
  const found = await registry.findVersion(KEY_REGISTRY);
  // The first token that is asked for makes it.
  if (!found) return log.info('there is no key registry yet');
  const now = clock();
  const rotated = rotate(found.value, policy, now);
  const alg = keyNeeded(rotated, policy, now);
  const next = alg ? addKey(rotated, await createKey(alg), clock()) : rotated;
  if (next === found.value) return log.info('no key has to be changed');
  const isDone = await registry.replace(next, found.version);
  log.info(isDone ? 'keys rotated' : 'the keys were changed by somebody else meanwhile');
}
