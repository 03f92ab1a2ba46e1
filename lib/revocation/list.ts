import { type Clock, isWithin, type Moment, momentOf } from '../clock.ts';
import { type AccessToken, soleAudience } from '../oauth/access-token.ts';
import { coveringKeys, revocationKey } from '../oauth/packed-revocation.ts';
import { MAX_CLOCK_SKEW_SECONDS, type Revocation, type RevocationKind } from '../oauth/revocation.ts';
import type { RevocationStore } from '../store/revocation.ts';
import { createAppending } from './appending.ts';
import { createCopy, type FoundEntry } from './copy.ts';
import { createReading } from './reading.ts';
import { COUNT_MAX_AGE_SECONDS, requireShare } from './share.ts';

export interface Revocations {
  isRevoked(token: AccessToken): boolean;
  /** How many entries were ever added: only a further one can revoke a token that was not revoked. */
  added(): number;
  /** Those for exactly this, not for a wider kind. @param audience of an entry that ends tokens at one audience only */
  find(kind: RevocationKind, id: string, audience?: string): readonly FoundEntry[];
}

/** Each container keeps a synchronised copy. docs/design.md section 4 */
export interface RevocationList {
  /** At most `maxAge` seconds old; 0 queries the store. No promise if the copy is fresh enough, and never an older one. */
  fresh(maxAge: number): Revocations | Promise<Revocations>;
  /** The same without the store; undefined = the copy is too old. @param now of this decision */
  freshAtOnce(maxAge: number, now: Moment): Revocations | undefined;
  /** Called before a client revokes a grant. @throws OAuthError when it is above its share, unless the grant has an entry */
  requireShareForGrant(client_id: string, grant_id: string): Promise<void>;
  /**
   * Until it expires. One whose claims count at one audience ends tokens there only. Adds no entry if the copy has one.
   * @param share that limits the entry; absent for administration. @throws OAuthError when an entry would be above the share
   */
  revokeToken(token: AccessToken, share?: string): Promise<void>;
  /** @param isRepeated when an entry is probably there: it is looked for first */
  revokeTokensOfGrant(grant: RevokedGrant, isRepeated: boolean): Promise<void>;
  /** For sign-outs and administration: no client has caused the entry. */
  add(entry: Revocation): Promise<void>;
}

export interface RevokedGrant {
  readonly grant_id: string;
  /** The client whose share the entry takes from; undefined = nobody's. */
  readonly client_id: string | undefined;
  /** When the last of its tokens has expired everywhere, in seconds since the epoch. */
  readonly expires_at: number;
}

export function createRevocationList(store: RevocationStore, clock: Clock): RevocationList {
  const copy = createCopy();
  const { append, noteLast } = createAppending(store, copy, clock);
  const { synchronise, readAt } = createReading(store, copy, clock, noteLast);

  // The copy keeps entries for a little longer.
  const isLive = ({ expires_at }: FoundEntry) => expires_at > clock();

  const revocations: Revocations = {
    isRevoked: (token) =>
      copy.some(
        () => coveringKeys(token),
        (entry) => token.claims.iat <= entry.issued_until && isLive(entry),
      ),
    added: copy.added,
    find(kind, id, audience) {
      const found: FoundEntry[] = [];
      copy.some(
        () => [revocationKey(kind, id, audience)],
        (entry) => {
          if (isLive(entry)) found.push(entry);
          return false;
        },
      );
      return found;
    },
  };

  const freshAtOnce = (maxAge: number, now: Moment) =>
    isWithin({ since: readAt(), seconds: maxAge }, now) ? revocations : undefined;
  const fresh = (maxAge: number) => freshAtOnce(maxAge, momentOf(clock)) ?? synchronise().then(() => revocations);

  /** @returns whether an entry has to be added */
  async function hasRoomFor(share: string, isCovered: () => boolean): Promise<boolean> {
    if (isCovered()) return false;
    await fresh(COUNT_MAX_AGE_SECONDS);
    if (isCovered()) return false;
    requireShare(copy, share, clock());
    return true;
  }

  return {
    fresh,
    freshAtOnce,

    async requireShareForGrant(client_id, grant_id) {
      await hasRoomFor(client_id, () => revocations.find('grant', grant_id).length > 0);
    },

    async revokeToken(token, share) {
      const { jti: id, exp, iat } = token.claims;
      const expires_at = exp + MAX_CLOCK_SKEW_SECONDS;
      const covers = (entry: FoundEntry) => iat <= entry.issued_until && entry.expires_at >= expires_at;
      const isCovered = () => copy.some(() => coveringKeys(token), covers);
      // A second entry for the same does no harm, and each container adds one at most: so no function has to delete entries.
      if (share === undefined ? isCovered() : !(await hasRoomFor(share, isCovered))) return;
      const audience = soleAudience(token);
      const entry: Revocation = { kind: 'token', id, revoked_at: clock(), expires_at };
      await append(audience === undefined ? entry : { ...entry, audience }, share);
    },

    async revokeTokensOfGrant({ grant_id: id, client_id, expires_at }, isRepeated) {
      const isListed = () => revocations.find('grant', id).some((entry) => entry.expires_at >= expires_at);
      if (isListed()) return;
      if (isRepeated) await fresh(0);
      if (isRepeated && isListed()) return;
      await append({ kind: 'grant', id, revoked_at: clock(), expires_at }, client_id);
    },

    add: (entry) => append(entry),
  };
}
