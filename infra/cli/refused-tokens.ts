import { time } from './output.ts';
import type { Store } from './store.ts';
import { moment } from './view.ts';

/** The tokens of a client or subject that an entry of the revocation list covers. */
export interface RefusedTokens {
  /** Seconds since the epoch; absent without an entry. */
  readonly tokens_refused_if_issued_until?: number;
}

export async function findRefusedTokens(
  { revocations }: Pick<Store, 'revocations'>,
  kind: 'client' | 'subject',
  id: string,
): Promise<RefusedTokens> {
  const entries = (await revocations.fresh(0)).find(kind, id);
  const until = Math.max(0, ...entries.map(({ issued_until }) => issued_until));
  return until === 0 ? {} : { tokens_refused_if_issued_until: until };
}

/** The note to print when a client or a user is enabled again. */
export function whenNewTokensWork({ tokens_refused_if_issued_until: until = 0 }: RefusedTokens, now: number): string {
  if (until >= now) {
    return `New tokens work from ${moment(until + 1, now)} on: tokens issued until ${time(until)} are revoked.`;
  }
  return until > 0
    ? `New tokens work from now on. Tokens issued until ${time(until)} stay revoked.`
    : 'New tokens work from now on.';
}
