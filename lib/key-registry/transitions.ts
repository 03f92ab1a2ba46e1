import { MAX_CLOCK_SKEW_SECONDS } from '../oauth/revocation.ts';
import {
  activeKeys,
  KEY_REFRESH_SECONDS,
  type KeyRegistry,
  type KeyStatus,
  type NewKey,
  type RegisteredKey,
} from './registry.ts';

/** How long other parties rely on earlier keys and tokens. Seconds. */
export interface KeyPolicy {
  readonly jwksCache: number;
  /** Of an access token or ID token. */
  readonly maxLifetime: number;
}

export type KeyRefusalCode = 'unknown_key' | 'known_key' | 'wrong_status' | 'only_active_key' | 'too_early';

export class KeyRefusal extends Error {
  readonly code: KeyRefusalCode;
  readonly kid: string;
  /** Seconds since the epoch; only with `too_early`, which `force` overrides. */
  readonly possibleFrom: number | undefined;

  constructor(code: KeyRefusalCode, kid: string, problem: string, possibleFrom?: number) {
    super(`key ${JSON.stringify(kid)} ${problem}`);
    this.name = 'KeyRefusal';
    this.code = code;
    this.kid = kid;
    this.possibleFrom = possibleFrom;
  }
}

/** Until then a verifier may have a JWK Set from before the key was published. */
export const activatableFrom = ({ published_at }: RegisteredKey, { jwksCache }: KeyPolicy): number =>
  published_at + jwksCache + KEY_REFRESH_SECONDS;

/** Until then a token that the key signed may be valid. Never for a key that still signs. */
export const withdrawableFrom = ({ retiring_at = Number.POSITIVE_INFINITY }: RegisteredKey, policy: KeyPolicy) =>
  retiring_at + KEY_REFRESH_SECONDS + policy.maxLifetime + MAX_CLOCK_SKEW_SECONDS;

/** For a retired key. The next change after that drops it. */
const KEPT_SECONDS = 90 * 86_400;

/** The very first keys sign at once, because no verifier can have a JWK Set without them. @param keys of different algorithms */
export const firstKeys = (keys: readonly NewKey[], now: number): KeyRegistry => ({
  keys: keys.map((key) => ({ ...key, status: 'active', published_at: now, activated_at: now })),
});

/** @throws KeyRefusal */
export function addKey(registry: KeyRegistry | undefined, key: NewKey, now: number): KeyRegistry {
  if (!registry) return firstKeys([key], now);
  if (registry.keys.some(({ kid }) => kid === key.kid))
    throw new KeyRefusal('known_key', key.kid, 'is already registered');
  return kept({ keys: [...registry.keys, { ...key, status: 'next', published_at: now }] }, now);
}

/** The active key of the same algorithm retires. @throws KeyRefusal before the activation gate, unless forced */
export function activateKey(
  registry: KeyRegistry,
  kid: string,
  policy: KeyPolicy,
  { now, force = false }: { now: number; force?: boolean },
): KeyRegistry {
  const key = getKey(registry, kid, ['next']);
  const from = activatableFrom(key, policy);
  if (now < from && !force) throw new KeyRefusal('too_early', kid, 'has not been published for long enough', from);
  const predecessor = activeKeys(registry).find(({ alg }) => alg === key.alg);
  return kept(succeed(registry, predecessor && { ...predecessor, ...retiring(now) }, key, now), now);
}

/** An active key stops signing; any other is withdrawn. @throws KeyRefusal for the only active key, or before its gate */
export function retireKey(
  registry: KeyRegistry,
  kid: string,
  policy: KeyPolicy,
  { now, force = false }: { now: number; force?: boolean },
): KeyRegistry {
  const key = getKey(registry, kid, ['next', 'active', 'retiring']);
  if (key.status === 'active') {
    if (activeKeys(registry).length < 2) throw new KeyRefusal('only_active_key', kid, 'is the only active key');
    return kept(replace(registry, { ...key, ...retiring(now) }), now);
  }
  const from = key.status === 'next' ? now : withdrawableFrom(key, policy);
  if (now < from && !force) throw new KeyRefusal('too_early', kid, 'has signed tokens that have not expired', from);
  return kept(replace(registry, { ...key, ...retired(now) }), now);
}

/**
 * Withdraws a key at once; a successor then signs before its gate: the replacement (a `kid` that is `next`), or the oldest
 * waiting key of the same algorithm, if any. @throws KeyRefusal when there is no such key
 */
export function compromiseKey(
  registry: KeyRegistry,
  kid: string,
  { now, replacement }: { now: number; replacement?: string | undefined },
): { readonly registry: KeyRegistry; readonly successor?: RegisteredKey } {
  const key = getKey(registry, kid, ['next', 'active', 'retiring', 'retired']);
  const named = replacement === undefined ? undefined : getKey(registry, replacement, ['next']);
  if (key.compromised_at !== undefined) return { registry };
  const ended: RegisteredKey = { ...key, ...retired(key.retired_at ?? now), compromised_at: now };
  const successor = key.status === 'active' ? (named ?? oldestNext(registry, key.alg)) : undefined;
  if (!successor) return { registry: kept(replace(registry, ended), now) };
  const rival = activeKeys(registry).find(({ alg, kid: other }) => alg === successor.alg && other !== kid);
  const withoutRival = rival ? replace(registry, { ...rival, ...retiring(now) }) : registry;
  return { registry: kept(succeed(withoutRival, ended, successor, now), now), successor };
}

export const oldestNext = ({ keys }: KeyRegistry, algorithm: string): RegisteredKey | undefined =>
  keys
    .filter(({ status, alg }) => status === 'next' && alg === algorithm)
    .toSorted((one, other) => one.published_at - other.published_at)[0];

const active = (now: number) => ({ status: 'active', activated_at: now }) as const;
const retiring = (now: number) => ({ status: 'retiring', retiring_at: now }) as const;
const retired = (now: number) => ({ status: 'retired', retired_at: now }) as const;

function getKey({ keys }: KeyRegistry, kid: string, statuses: readonly KeyStatus[]): RegisteredKey {
  const key = keys.find((candidate) => candidate.kid === kid);
  if (!key) throw new KeyRefusal('unknown_key', kid, 'is not registered');
  if (!statuses.includes(key.status)) throw new KeyRefusal('wrong_status', kid, `is ${key.status}`);
  return key;
}

const replace = ({ keys }: KeyRegistry, key: RegisteredKey): KeyRegistry => ({
  keys: keys.map((other) => (other.kid === key.kid ? key : other)),
});

/** In the position of its predecessor, or in its own if it has none. */
function succeed(registry: KeyRegistry, predecessor: RegisteredKey | undefined, key: RegisteredKey, now: number) {
  const successor = { ...key, ...active(now) };
  if (!predecessor) return replace(registry, successor);
  const others = registry.keys.filter(({ kid }) => kid !== key.kid);
  return { keys: others.flatMap((other) => (other.kid === predecessor.kid ? [successor, predecessor] : [other])) };
}

const kept = ({ keys }: KeyRegistry, now: number): KeyRegistry => ({
  keys: keys.filter(({ retired_at = now }) => now - retired_at < KEPT_SECONDS),
});
