import { OAuthError } from '../oauth/errors.ts';
import { shareTag } from '../oauth/packed-revocation.ts';
import { type Copy, RECENT_SECONDS } from './copy.ts';

/** The load that the list is made for: entries in it, and new ones in a second. */
export const DESIGN_LOAD = { entries: 1_000_000, perSecond: 200 } as const;

/** Of one client: a tenth of the load. */
export const CLIENT_SHARE = { entries: DESIGN_LOAD.entries / 10, perSecond: DESIGN_LOAD.perSecond / 10 } as const;

/** Seconds, and new entries of one client in them. */
interface Window {
  readonly seconds: number;
  readonly entries: number;
}

/**
 * A client that adds five seconds' worth at once leaves others most of the writes: DynamoDB writes 250 entries a second to one item at
 * least.
 */
export const BURST: Window = { seconds: 2, entries: CLIENT_SHARE.perSecond * 5 };

const WINDOWS: readonly Window[] = [
  { seconds: RECENT_SECONDS, entries: CLIENT_SHARE.perSecond * RECENT_SECONDS },
  BURST,
];

/** Seconds for which the count may be old, apart from what the container has added itself. */
export const COUNT_MAX_AGE_SECONDS = 1;

/** Seconds after which a client with too many live entries may try again. */
const RETRY_AFTER = 60;

/** The caller can repeat the request later. RFC 7009 section 2.2.1. @throws OAuthError for a client above its share */
export function requireShare(copy: Copy, share: string, now: number): void {
  const tag = shareTag(share);
  const passed = WINDOWS.find(({ seconds, entries }) => copy.countRecent(tag, seconds, now) >= entries);
  if (!passed && copy.count(tag) < CLIENT_SHARE.entries) return;
  throw new OAuthError('temporarily_unavailable', 'the client has revoked too many tokens', {
    status: 503,
    headers: { 'retry-after': String(passed?.seconds ?? RETRY_AFTER) },
    reason: 'the client has more than its share of the revocation list',
  });
}
