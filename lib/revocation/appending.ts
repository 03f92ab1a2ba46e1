import { type Clock, type Moment, momentOf } from '../clock.ts';
import { Unavailable } from '../oauth/errors.ts';
import { packRevocation } from '../oauth/packed-revocation.ts';
import type { Revocation } from '../oauth/revocation.ts';
import { endOf, type KnownEnd, nextStep, type Segment } from '../oauth/revocation-segment.ts';
import type { RevocationStore } from '../store/revocation.ts';
import type { Copy } from './copy.ts';

/** Adds entries to the end of the list. */
export interface Appending {
  /** @param share that it takes from. @throws Unavailable; the entry may then have been added or not */
  append(entry: Revocation, share?: string): Promise<void>;
  /** Tells what somebody has read with strong consistency. @param now when the reading began */
  noteLast(last: Segment | undefined, now: Moment): void;
}

/** Requests to the store for one entry: enough to meet other writers at the end of several segments. */
const MOST_STEPS = 20;

export function createAppending(store: RevocationStore, copy: Copy, clock: Clock): Appending {
  let known: KnownEnd | undefined;
  const noteLast = (last: Segment | undefined, now: Moment) => {
    known = { last, at: now };
  };

  /** After a write that did not hold. @returns whether the entry is there, such as by an attempt whose answer was lost */
  async function lookFor(packed: string, { expires_at }: Revocation, from: number): Promise<boolean> {
    const now = momentOf(clock);
    const { segments, after } = await store.read(from);
    for (const segment of segments) copy.merge(segment, now.time);
    if (segments.length === 0 || after !== undefined) known = undefined;
    else noteLast(segments.at(-1), now);
    return segments.some((segment) => endOf(segment) >= expires_at && segment.entries.includes(packed));
  }

  return {
    noteLast,

    async append(entry, share) {
      const packed = packRevocation(entry, share);
      for (let count = 0; count < MOST_STEPS; count++) {
        const now = momentOf(clock);
        const step = nextStep(known, entry.expires_at, now);
        if (step.step === 'read') noteLast(await store.last(), now);
        else if (step.step === 'seal') {
          await store.seal(step.number, step.expires_at);
          if (await lookFor(packed, entry, step.number)) return;
        } else {
          const written = await store.append({ ...step, entry: packed, now: now.time });
          if (written) {
            copy.merge(written, now.time);
            noteLast(written, now);
            return;
          }
          if (await lookFor(packed, entry, step.number)) return;
        }
      }
      throw new Unavailable('the revocation list');
    },
  };
}
