import type { Clock } from '../clock.ts';
import type { AccessToken } from '../oauth/access-token.ts';
import {
  includes,
  MAX_CLOCK_SKEW_SECONDS,
  type Revocation,
  reaches,
  revocableBy,
  revocationKinds,
} from '../oauth/revocation.ts';
import type { RevocationStore } from '../store/revocation.ts';

/** The one question that is asked of the list. */
export interface Revocations {
  isRevoked(token: AccessToken): boolean;
}

/** The container's synchronised copy of the revocation list. docs/design.md section 4. */
export interface RevocationList {
  /**
   * The list as it was at most `maxAge` seconds ago: 0 = strict, which always asks the store. Answers at once, without a
   * promise, while the copy is fresh enough.
   * @throws Unavailable when the store cannot be asked; the copy that is too old is never used instead
   */
  fresh(maxAge: number): Revocations | Promise<Revocations>;
  /** Revokes one token until it expires. Adds nothing when it is revoked already. */
  revokeToken(token: AccessToken): Promise<void>;
  /** Revokes the tokens of a grant that has ended. Adds nothing when they are revoked already. */
  revokeGrant(grant_id: string, expires_at: number): Promise<void>;
}

/**
 * How far back each synchronisation reaches before the last one, in seconds: longer than a writer can live between
 * taking the time and being acknowledged (10 s, the timeout of a function), plus the difference between two clocks.
 */
export const OVERLAP_SECONDS = 20;

export function createRevocationList(store: RevocationStore, clock: Clock): RevocationList {
  const copy = createCopy();
  let syncedAt = Number.NEGATIVE_INFINITY;

  const synchronise = async (): Promise<Revocations> => {
    const startedAt = clock();
    // A clock that was ahead let entries of the meantime pass unseen, and others be forgotten too early: all over again.
    const wasSetBack = startedAt < syncedAt;
    copy.add(await store.since(wasSetBack ? 0 : Math.max(0, syncedAt - OVERLAP_SECONDS)), startedAt);
    copy.prune(startedAt);
    syncedAt = wasSetBack ? startedAt : Math.max(syncedAt, startedAt);
    return copy;
  };

  const addOnce = async (ours: Revocation, findOther: () => Revocation | undefined): Promise<void> => {
    if (findOther()) return;
    // Written and looked up at the same time. Should another entry have been there before, ours goes again: of several
    // for the same the oldest always stays, because nobody removes an entry without having seen an older one.
    await Promise.all([store.put(ours), synchronise()]);
    const first = findOther();
    if (first && (first.kind !== ours.kind || first.revoked_at < ours.revoked_at)) await store.remove(ours);
    else copy.add([ours], ours.revoked_at);
  };

  return {
    fresh(maxAge) {
      // Whole seconds: "less than" keeps the true age below the bound. A clock that was set back makes the copy stale.
      const age = clock() - syncedAt;
      return age >= 0 && age < maxAge ? copy : synchronise();
    },

    async revokeToken(token) {
      const { jti, exp } = token.claims;
      const expires_at = exp + MAX_CLOCK_SKEW_SECONDS;
      await addOnce({ kind: 'token', id: jti, revoked_at: clock(), expires_at }, () => copy.find(token, expires_at));
    },

    async revokeGrant(id, expires_at) {
      await addOnce({ kind: 'grant', id, revoked_at: clock(), expires_at }, () => copy.findGrant(id, expires_at));
    },
  };
}

function createCopy() {
  const entries = new Map(revocationKinds.map((kind) => [kind, new Map<string, readonly Revocation[]>()]));
  let size = 0;
  let prunedAt = Number.NEGATIVE_INFINITY;

  /** An entry that covers the token, and is kept at least as long as said. */
  const find = (token: AccessToken, keptUntil = Number.NEGATIVE_INFINITY): Revocation | undefined => {
    if (size === 0) return undefined;
    const ids = revocableBy(token);
    for (const [kind, byId] of entries) {
      for (const entry of byId.get(ids[kind] ?? '') ?? []) {
        if (reaches(entry, token) && entry.expires_at >= keptUntil) return entry;
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

    /** Adds what has not expired: the table may hold an entry for days longer. */
    add(revocations: readonly Revocation[], now: number) {
      for (const revocation of revocations) {
        if (revocation.expires_at <= now) continue;
        const byId = entries.get(revocation.kind);
        const known = byId?.get(revocation.id) ?? [];
        if (!byId || known.some((one) => includes(one, revocation))) continue;
        if (known.length === 0) size++;
        byId.set(revocation.id, [...known.filter((one) => !includes(revocation, one)), revocation]);
      }
    },

    /** Forgets what has expired; now and then is enough. */
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
