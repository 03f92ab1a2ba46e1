import type { AccessToken, AccessTokenClaims } from '../../lib/oauth/access-token.ts';
import { MAX_CLOCK_SKEW_SECONDS, type Revocation } from '../../lib/oauth/revocation.ts';
import { Problem } from '../problem.ts';
import { entriesCovering } from './add-revocation.ts';
import { handleNames, inspectHandle, type PresentedHandle, remedyFor } from './presented-handle.ts';
import { inspectToken, pastedAlong } from './presented-token.ts';
import type { Store } from './store.ts';
import type { TokenKeys } from './token-keys.ts';

/** The result of revoking one token. */
export interface Outcome {
  readonly kind: 'token';
  /** Its `jti`. */
  readonly id: string;
  readonly status: 'revoked' | 'was revoked before' | 'has expired';
  /** Seconds since the epoch at which the token, or its entry on the revocation list, expires. */
  readonly expires_at: number;
}

/** That of a reference token is two characters longer, except from version 0.1.0. */
const JTI = /^[\w-]{22}([\w-]{2})?$/;

/**
 * Revokes a token, given as a whole or by its `jti`.
 * @param lifetime longest lifetime of a token in seconds, for a token whose expiry is unknown
 * @throws Problem when the text is not a token, or not a token of this service
 */
export async function revokePresented(text: string, store: Store, keys: TokenKeys, lifetime: number): Promise<Outcome> {
  const pasted = pastedAlong(text);
  if (pasted !== undefined) throw new Problem(`the token ${pasted}; nothing was revoked`);
  const handle = inspectHandle(text, keys);
  if (handle) return revokeReference(handle, store);
  if (!JTI.test(text)) return revokeSelfContained(text, store, keys, lifetime);
  const token = await findReference(text, '', store);
  return token ? revokeKnown(token, store) : revokeById(text, store, lifetime);
}

async function revokeReference(handle: PresentedHandle, store: Store): Promise<Outcome> {
  const { kind, content, problem } = handle;
  if (problem !== undefined) throw new Problem(`this ${problem}; nothing was revoked`);
  if (kind !== 'reference_token') {
    throw new Problem(`this is ${handleNames[kind]}, not an access token: ${remedyFor(handle)}`);
  }
  const token = content && (await findReference(content.id, content.key, store));
  if (!token) throw new Problem('this reference token is not in the table; nothing was revoked');
  return revokeKnown(token, store);
}

async function revokeSelfContained(text: string, store: Store, keys: TokenKeys, lifetime: number): Promise<Outcome> {
  const { format, key = '', claims, isVerified, problems, missingKey } = await inspectToken(text, keys, store);
  const [problem] = problems;
  if (!format) throw new Problem(`this is neither an access token nor a jti: it ${problem}; nothing was revoked`);
  if (problem !== undefined) throw new Problem(`the token ${problem}; nothing was revoked`);
  if (missingKey !== undefined) {
    throw new Problem(`the token is encrypted: ${missingKey}, or give its jti; nothing was revoked`);
  }
  if (isVerified) return revokeKnown({ format, claims: claims as unknown as AccessTokenClaims, key }, store);
  // The claims are unverified, so only the jti is used: a false `exp` could make the entry expire before the token.
  const jti = claims?.['jti'];
  if (typeof jti !== 'string' || !JTI.test(jti)) {
    throw new Problem('this is not a token of this service; nothing was revoked');
  }
  return revokeById(jti, store, lifetime);
}

async function findReference(id: string, key: string, { referenceTokens }: Store) {
  const stored = await referenceTokens.find(id);
  return stored && ({ format: 'reference', claims: stored.claims, key, revoked_at: stored.revoked_at } as const);
}

async function revokeKnown(token: AccessToken & { revoked_at?: number | undefined }, store: Store): Promise<Outcome> {
  const { jti: id, exp: expires_at } = token.claims;
  const end = expires_at + MAX_CLOCK_SKEW_SECONDS;
  if (end <= store.clock()) return { kind: 'token', id, status: 'has expired', expires_at };
  const found = entriesCovering(await store.revocations.fresh(0), token);
  if (token.revoked_at !== undefined || found.some((entry) => entry.expires_at >= end)) {
    return { kind: 'token', id, status: 'was revoked before', expires_at };
  }
  await store.revocations.revokeToken(token);
  return { kind: 'token', id, status: 'revoked', expires_at };
}

async function revokeById(id: string, store: Store, lifetime: number): Promise<Outcome> {
  const [before] = (await store.revocations.fresh(0)).find('token', id);
  if (before) return { kind: 'token', id, status: 'was revoked before', expires_at: before.expires_at };
  const now = store.clock();
  const entry: Revocation = { kind: 'token', id, revoked_at: now, expires_at: now + lifetime + MAX_CLOCK_SKEW_SECONDS };
  await store.revocations.add(entry);
  return { kind: 'token', id, status: 'revoked', expires_at: entry.expires_at };
}
