import type { Clock } from '../clock.ts';
import { type AccessToken, soleAudience } from '../oauth/access-token.ts';
import {
  covers,
  MAX_CLOCK_SKEW_SECONDS,
  type Revocation,
  revocationIds,
  revocationKinds,
  supersedes,
} from '../oauth/revocation.ts';
import type { RevocationStore } from '../store/revocation.ts';

export interface Revocations {
  isRevoked(token: AccessToken): boolean;
}

/** Each container keeps a synchronised copy. docs/design.md section 4 */
export interface RevocationList {
  /** At most `maxAge` seconds old; 0 queries the store. No promise if the copy is fresh enough, and never an older one. */
  fresh(maxAge: number): Revocations | Promise<Revocations>;
  /** Until it expires. One whose claims count at one audience ends tokens there only. Adds no entry if the copy has one. */
  revokeToken(token: AccessToken): Promise<void>;
  /**
   * @param expires_at when the last of these tokens has expired everywhere, in seconds since the epoch
   * @param isRepeated when an entry is probably there: it is looked for first
   */
  revokeTokensOfGrant(grant_id: string, expires_at: number, isRepeated: boolean): Promise<void>;
  add(entry: Revocation): Promise<void>;
}

/**
 * Entries are sorted by their writer's clock, and can appear later by a function's timeout (10 s) and the clocks' difference.
 */
export const OVERLAP_SECONDS = 20;

export function createRevocationList(store: RevocationStore, clock: Clock): RevocationList {
  const copy = createCopy();
  let syncedAt = Number.NEGATIVE_INFINITY;

  const synchronise = async (): Promise<Revocations> => {
    const startedAt = clock();
    // With the clock ahead, new entries could be missed and old ones pruned too early, so the whole list is read again.
    const wasSetBack = startedAt < syncedAt;
    copy.add(await store.since(wasSetBack ? 0 : Math.max(0, syncedAt - OVERLAP_SECONDS)), startedAt);
    copy.prune(startedAt);
    syncedAt = wasSetBack ? startedAt : Math.max(syncedAt, startedAt);
    return copy;
  };

  const addOnce = async (
    entry: Revocation,
    findOther: () => Revocation | undefined,
    isRepeated = false,
  ): Promise<void> => {
    if (findOther()) return;
    if (isRepeated) {
      await synchronise();
      if (findOther()) return;
    }
    // A second entry for the same does no harm, and each container adds one at most: so no function has to delete entries.
    await Promise.all([store.put(entry), isRepeated || synchronise()]);
    copy.add([entry], entry.revoked_at);
  };

  return {
    fresh(maxAge) {
      // With whole seconds, only "less than" keeps the true age below the bound. A negative age (clock set back) is stale.
      const age = clock() - syncedAt;
      return age >= 0 && age < maxAge ? copy : synchronise();
    },

    async revokeToken(token) {
      const { jti: id, exp } = token.claims;
      const expires_at = exp + MAX_CLOCK_SKEW_SECONDS;
      const audience = soleAudience(token);
      const entry: Revocation = { kind: 'token', id, revoked_at: clock(), expires_at };
      await addOnce(audience === undefined ? entry : { ...entry, audience }, () => copy.find(token, expires_at));
    },

    async add(entry) {
      await store.put(entry);
      copy.add([entry], entry.revoked_at);
    },

    async revokeTokensOfGrant(id, expires_at, isRepeated) {
      const entry: Revocation = { kind: 'grant', id, revoked_at: clock(), expires_at };
      await addOnce(entry, () => copy.findGrant(id, expires_at), isRepeated);
    },
  };
}

function createCopy() {
  const entries = new Map(revocationKinds.map((kind) => [kind, new Map<string, readonly Revocation[]>()]));
  let size = 0;
  let prunedAt = Number.NEGATIVE_INFINITY;

  const find = (token: AccessToken, keptUntil = Number.NEGATIVE_INFINITY): Revocation | undefined => {
    if (size === 0) return undefined;
    const ids = revocationIds(token);
    for (const [kind, byId] of entries) {
      for (const entry of byId.get(ids[kind] ?? '') ?? []) {
        if (covers(entry, token) && entry.expires_at >= keptUntil) return entry;
      }
    }
    return undefined;
  };

  return {
    find,
    findGrant: (id: string, keptUntil: number) =>
      entries
        .get('grant')
        ?.get(id)
        ?.find(({ expires_at }) => expires_at >= keptUntil),
    isRevoked: (token: AccessToken) => find(token) !== undefined,

    /** DynamoDB may keep expired entries for days. */
    add(revocations: readonly Revocation[], now: number) {
      for (const revocation of revocations) {
        if (revocation.expires_at <= now) continue;
        const byId = entries.get(revocation.kind);
        const known = byId?.get(revocation.id) ?? [];
        if (!byId || known.some((one) => supersedes(one, revocation))) continue;
        if (known.length === 0) size++;
        byId.set(revocation.id, [...known.filter((one) => !supersedes(revocation, one)), revocation]);
      }
    },

    /** At most once in OVERLAP_SECONDS. */
    prune(now: number) {
      if (Math.abs(now - prunedAt) < OVERLAP_SECONDS) return;
      prunedAt = now;
      for (const byId of entries.values()) {
        for (const [id, known] of byId) {
          const kept = known.filter(({ expires_at }) => expires_at > now);
          if (kept.length > 0) byId.set(id, kept);
          else if (byId.delete(id)) size--;
        }
      }
    },
  };
}
