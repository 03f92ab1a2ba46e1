import { time } from './output.ts';
import type { Store } from './store.ts';
import { moment } from './view.ts';

/** Until when what is issued to a client, or about a subject, is refused. Nothing where no entry says so any more. */
export interface Refusal {
  /** Seconds since the epoch. */
  readonly tokens_refused_if_issued_until?: number;
}

export async function findRefusal(
  { revocations }: Pick<Store, 'revocations'>,
  kind: 'client' | 'subject',
  id: string,
): Promise<Refusal> {
  const entries = (await revocations.since(0)).filter((entry) => entry.kind === kind && entry.id === id);
  const until = Math.max(0, ...entries.map(({ issued_until = 0 }) => issued_until));
  return until === 0 ? {} : { tokens_refused_if_issued_until: until };
}

/** What to say to whoever enables a client or a user again. */
export function fromWhenTokensWork({ tokens_refused_if_issued_until: until = 0 }: Refusal, now: number): string {
  if (until >= now) {
    return `New tokens work from ${moment(until + 1, now)} on: what is issued until ${time(until)} is refused.`;
  }
  return until > 0
    ? `New tokens work from now on; those that were issued until ${time(until)} stay refused.`
    : 'New tokens work from now on.';
}
