import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { HashedSecret } from '../oauth/hashed-secret.ts';
import { makeWithPlainId } from '../oauth/identifier.ts';
import { looksEncoded, type PresentedSecret, readings } from './presented-secret.ts';
import { SCRYPT_COST as SCRYPT } from './scrypt-cost.ts';
import { deriveKey } from './slow-hash.ts';

/** Lets people and secret scanners recognise a random secret. */
export const SECRET_PREFIX = 'lk_cs_';

/** Of those that people choose; generated ones are shorter. */
export const MAX_SECRET_LENGTH = 255;

const sha256 = (secret: string) => createHash('sha256').update(secret).digest();

function hashed(hash: string, now: number, expires_at: number | undefined): HashedSecret {
  const secret_id = makeWithPlainId(
    () => randomBytes(4).toString('hex'),
    (id) => id,
  );
  return { secret_id, hash, created_at: now, ...(expires_at !== undefined && { expires_at }) };
}

/** 256 random bits cannot be guessed, so a fast hash is enough. Times are seconds since the epoch. */
export function createSecret(now: number, expires_at?: number): { secret: string; stored: HashedSecret } {
  const secret = SECRET_PREFIX + randomBytes(32).toString('base64url');
  return { secret, stored: hashed(`sha256$${sha256(secret).toString('base64url')}`, now, expires_at) };
}

/** Of a client or an API. Times are seconds since the epoch. */
export async function importSecret(secret: string, now: number, expires_at?: number): Promise<HashedSecret> {
  const stored = await hashSlowly(secret, now, expires_at);
  return looksEncoded(secret) ? { ...stored, looks_encoded: true } : stored;
}

/** Slow and salted, because whoever has the table can guess a secret that a person chose. */
export async function hashSlowly(secret: string, now: number, expires_at?: number): Promise<HashedSecret> {
  const salt = randomBytes(16);
  return hashed(slowHash(salt, await deriveKey(secret, salt, SCRYPT)), now, expires_at);
}

const slowHash = (salt: Buffer, hash: Buffer): string =>
  ['scrypt', SCRYPT.N, SCRYPT.r, SCRYPT.p, salt.toString('base64url'), hash.toString('base64url')].join('$');

/** Verifying against it takes as long as against the result of `importSecret`. */
export const unmatchableSecret: HashedSecret = hashed(slowHash(randomBytes(16), randomBytes(32)), 0, undefined);

/** Of those that have not expired: generated ones, which are fast to compare, and chosen ones. */
export function liveSecrets(stored: readonly HashedSecret[], clock: Clock) {
  const now = clock();
  const live = stored.filter(({ expires_at }) => expires_at === undefined || now < expires_at);
  return { generated: live.filter(isGenerated), chosen: live.filter((secret) => !isGenerated(secret)) };
}

const isGenerated = ({ hash }: HashedSecret) => hash.startsWith('sha256$');

export const matchesGenerated = (secret: PresentedSecret, { hash }: HashedSecret): boolean =>
  readings(secret).some((reading) => equal(sha256(reading), hash.split('$')[1]));

/** Takes the time and memory of a slow hash. @throws Unavailable when too many are computed already */
export async function matchesChosen(secret: string, { hash }: HashedSecret): Promise<boolean> {
  const [, N, r, p, salt = '', expected] = hash.split('$');
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  return equal(await deriveKey(secret, Buffer.from(salt, 'base64url'), cost), expected);
}

/** For the log. Does not compare expired secrets that a person chose, because each would take a slow hash. */
export function whyNotVerified(
  secret: PresentedSecret,
  stored: readonly HashedSecret[],
  clock: Clock,
): 'wrong secret' | 'expired secret' | 'wrong or expired secret' {
  const now = clock();
  const expired = stored.filter(({ expires_at }) => expires_at !== undefined && expires_at <= now);
  const fast = expired.filter(isGenerated);
  if (fast.some((stored) => matchesGenerated(secret, stored))) return 'expired secret';
  return fast.length === expired.length ? 'wrong secret' : 'wrong or expired secret';
}

function equal(actual: Buffer, expected: string | undefined): boolean {
  const bytes = Buffer.from(expected ?? '', 'base64url');
  return actual.length === bytes.length && timingSafeEqual(actual, bytes);
}
