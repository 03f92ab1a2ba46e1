import { OAuthError } from '../oauth/errors.ts';
import { clientTag } from '../oauth/packed-revocation.ts';
import type { Copy } from './copy.ts';

/** The load that the list is made for: entries in it, and new ones in a second. */
export const DESIGN_LOAD = { entries: 1_000_000, perSecond: 200 } as const;

/** Of one client: a tenth of the load. */
export const CLIENT_SHARE = { entries: DESIGN_LOAD.entries / 10, perSecond: DESIGN_LOAD.perSecond / 10 } as const;

/** Seconds over which the rate is measured: in segments that were made in this time. */
const WINDOW_SECONDS = 60;

/** Seconds for which the count may be old, apart from what the container has added itself. */
export const COUNT_MAX_AGE_SECONDS = 60;

/** Seconds. */
const RETRY_AFTER = '60';

/** The caller can repeat the request later. RFC 7009 section 2.2.1. @throws OAuthError for a client above its share */
export function requireShare(copy: Copy, client_id: string, now: number): void {
  const tag = clientTag(client_id);
  const isWithin =
    copy.count(tag) < CLIENT_SHARE.entries &&
    copy.count(tag, now - WINDOW_SECONDS) < CLIENT_SHARE.perSecond * WINDOW_SECONDS;
  if (isWithin) return;
  throw new OAuthError('temporarily_unavailable', 'the client has revoked too many tokens', {
    status: 503,
    headers: { 'retry-after': RETRY_AFTER },
    reason: 'the client has more than its share of the revocation list',
  });
}
