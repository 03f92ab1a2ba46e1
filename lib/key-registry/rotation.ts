import type { AlgorithmName } from '../keys/algorithm.ts';
import { activeKeys, type KeyRegistry, type RegisteredKey } from './registry.ts';
import {
  activatableFrom,
  activateKey,
  type KeyPolicy,
  oldestNext,
  retireKey,
  withdrawableFrom,
} from './transitions.ts';

/** When keys are rotated by schedule. */
export interface RotationPolicy extends KeyPolicy {
  /** Seconds after which a key that signs gets a successor. */
  readonly period: number;
  /** Of the key that is made when none is left. */
  readonly algorithm: AlgorithmName;
}

/**
 * What time alone makes due: withdraws what nothing depends on any more, and lets successors sign that everybody can know.
 * A key that waits while the one of its algorithm is young goes on waiting, so several can be held in reserve.
 * @returns the same registry when nothing is due
 */
export function rotate(registry: KeyRegistry, policy: RotationPolicy, now: number): KeyRegistry {
  const withdrawable = registry.keys.filter((key) => key.status === 'retiring' && now >= withdrawableFrom(key, policy));
  const rest = withdrawable.reduce((before, { kid }) => retireKey(before, kid, policy, { now }), registry);
  const algs = new Set(rest.keys.map(({ alg }) => alg));
  return [...algs].reduce((before, alg) => {
    const next = oldestNext(before, alg);
    const current = activeKeys(before).find((key) => key.alg === alg);
    const isDue = next && now >= activatableFrom(next, policy) && (!current || isOld(current, policy, now));
    return isDue ? activateKey(before, next.kid, policy, { now }) : before;
  }, rest);
}

/**
 * The algorithm of the key that has to be made now, if one has: for a wrapped key that has signed for a period and has no
 * successor, or because none signs and none waits. Keys of other origins are replaced by their owners, who chose where
 * those live.
 */
export function keyNeeded(registry: KeyRegistry, policy: RotationPolicy, now: number): AlgorithmName | undefined {
  const active = activeKeys(registry);
  if (active.length === 0) return registry.keys.some(({ status }) => status === 'next') ? undefined : policy.algorithm;
  const old = active.find(
    (key) => key.origin.type === 'wrapped' && isOld(key, policy, now) && !oldestNext(registry, key.alg),
  );
  return old?.alg;
}

const isOld = ({ activated_at = 0 }: RegisteredKey, { period }: RotationPolicy, now: number) =>
  now - activated_at >= period;
