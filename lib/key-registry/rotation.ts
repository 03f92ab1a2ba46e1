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

export interface RotationPolicy extends KeyPolicy {
  /** Seconds for which a key signs before its successor takes over. */
  readonly period: number;
  /** Of the keys that are made when none is left; the first signs access tokens. */
  readonly algorithms: readonly AlgorithmName[];
}

/** While the active key is younger than the period, its successors wait. Returns the same registry when nothing is due. */
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

/** For successors of wrapped keys that have signed for a period, or the first keys. People replace keys of other origins. */
export function algorithmsOfDueKeys(
  registry: KeyRegistry,
  policy: RotationPolicy,
  now: number,
): readonly AlgorithmName[] {
  const active = activeKeys(registry);
  if (active.length === 0) return registry.keys.some(({ status }) => status === 'next') ? [] : policy.algorithms;
  return active
    .filter((key) => key.origin.type === 'wrapped' && isOld(key, policy, now) && !oldestNext(registry, key.alg))
    .map(({ alg }) => alg);
}

const isOld = ({ activated_at = 0 }: RegisteredKey, { period }: RotationPolicy, now: number) =>
  now - activated_at >= period;
