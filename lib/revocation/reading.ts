import { type Clock, elapsedMs, LONG_AGO, type Moment, momentOf } from '../clock.ts';
import { singleFlight } from '../lazy.ts';
import { Unavailable } from '../oauth/errors.ts';
import { isFull, type Segment } from '../oauth/revocation-segment.ts';
import {
  formerPlace,
  isFormerPlace,
  type ListPage,
  type ReadOptions,
  type RevocationStore,
} from '../store/revocation.ts';
import { type Copy, SET_BACK_SECONDS } from './copy.ts';

/** Synchronises a container's copy with the list. Why no entry is missed: docs/decisions/one-revocation-list.md */
export interface Reading {
  /** Afterwards, the copy has every entry whose write was acknowledged before the call. */
  synchronise(): Promise<void>;
  /** When the last complete reading began. */
  readAt(): Moment;
}

/** What was read of one chain of segments. */
interface Progress {
  /** The first segment that was not full, or else the last. All before it were full, and were read. */
  anchor: Segment | undefined;
  isComplete: boolean;
  /** When the oldest segment was made. */
  began: number;
  /** What had expired at this time may be missing from the copy. */
  latest: number;
  /** Entries of version 0.1.0 before this place were read, if there are more than a few. */
  formerFrom: string | undefined;
  /** Segments in a page; undefined = as many as there are in 1 MB. */
  pageSize: number | undefined;
}

const newProgress = (): Progress => ({
  anchor: undefined,
  isComplete: false,
  began: Number.POSITIVE_INFINITY,
  latest: Number.NEGATIVE_INFINITY,
  formerFrom: undefined,
  pageSize: undefined,
});

/** Items in the query by which a new container finds out whether the list is short. */
const FEW = 3;

/** Gaps in a long list after which all is read with strong consistency. */
const MAX_GAPS = 8;

/** Seconds for which version 0.1.0 may still add entries, during a deployment, after the first segment was made. */
const FORMER_WRITERS_SECONDS = 3_600;

/** So many take less to read again than a request of their own. */
const FEW_FORMER = 100;

/** Seconds by which the clock of a writer of version 0.1.0, which gives an entry its place, may be behind. */
const FORMER_CLOCKS_SECONDS = 60;

/** Segments. */
const [LARGE_PAGE, SMALLEST_PAGE] = [256, 8];

/**
 * Milliseconds. After a page that came sooner than the first, the next one may be twice as long. After a page that failed later than
 * the second, nearly the timeout of an attempt, it is half as long. Faults show sooner, and say nothing about the length.
 */
const [QUICK, SLOW] = [250, 500];

/** Each but the last one is in vain only if the beginning of the list was deleted, or somebody else had begun before. */
const ATTEMPTS = 4;

export function createReading(
  store: RevocationStore,
  copy: Copy,
  clock: Clock,
  onLast: (last: Segment | undefined, now: Moment) => void,
): Reading {
  let progress = newProgress();
  let readAt = LONG_AGO;
  /** Complete readings by number: how many began, and the last one that ended. */
  let [begun, ended] = [0, 0];

  function timeOf(of: Progress): number {
    const now = clock();
    of.latest = Math.max(of.latest, now);
    return now;
  }

  function accept(segment: Segment, of: Progress, now: number) {
    copy.merge(segment, now);
    of.began = Math.min(of.began, segment.created_at);
    // Readings may end in another order than they began.
    const isFurther = !of.anchor || (isFull(of.anchor) && segment.number > of.anchor.number);
    if (isFurther || segment.number === of.anchor?.number) of.anchor = segment;
  }

  const pageOf = ({ pageSize }: Progress, startedAt: number): ReadOptions => ({
    startedAt,
    ...(pageSize !== undefined && { limit: pageSize }),
  });

  /** Finds the length of pages that a slow container can read. */
  async function inTime(of: Progress, reading: Promise<ListPage>): Promise<ListPage> {
    const began = elapsedMs();
    const size = of.pageSize ?? LARGE_PAGE;
    try {
      const page = await reading;
      if (elapsedMs() - began < QUICK) of.pageSize = 2 * size < LARGE_PAGE ? 2 * size : undefined;
      return page;
    } catch (error) {
      if (elapsedMs() - began > SLOW) of.pageSize = Math.max(size / 2, SMALLEST_PAGE);
      throw error;
    }
  }

  /** @param after the place of the last one that was read; undefined = all were read */
  function noteFormer(after: string | undefined, of: Progress, now: number) {
    const latest = formerPlace(now - FORMER_CLOCKS_SECONDS);
    of.formerFrom = after !== undefined && after < latest ? after : latest;
  }

  async function readFormer(of: Progress, from: string, startedAt: number, now: number): Promise<void> {
    let page: ListPage | undefined;
    do {
      page = await inTime(of, store.readFormer(from, { ...pageOf(of, startedAt), after: page?.after }));
      copy.mergeFormer(page.formerEntries, now);
      noteFormer(page.after, of, now);
    } while (page.after !== undefined);
  }

  /** Strongly consistent, from the anchor on. @returns whether this was all */
  async function read(of: Progress, startedAt: number, few?: number): Promise<boolean> {
    const number = ++begun;
    const began = momentOf(clock);
    const now = timeOf(of);
    const { anchor, formerFrom } = of;
    const hasFormer = !of.isComplete || now < of.began + FORMER_WRITERS_SECONDS;
    const isWhole = hasFormer && formerFrom === undefined;
    let [page, last]: [ListPage | undefined, Segment | undefined] = [undefined, undefined];
    let former = 0;
    do {
      const options: ReadOptions = {
        ...pageOf(of, startedAt),
        ...(few && { limit: few }),
        isWhole,
        after: page?.after,
      };
      const reading = store.read(anchor?.number ?? 0, options);
      page = await (few ? reading : inTime(of, reading));
      if (anchor && !last && !isSame(page.segments[0], anchor)) {
        // Deleted, because all its entries had expired. The list may have begun again with smaller numbers.
        if (progress === of) progress = newProgress();
        return false;
      }
      for (const segment of page.segments) accept(segment, of, now);
      copy.mergeFormer(page.formerEntries, now);
      former += page.formerEntries.length;
      const areMany = page.after === undefined ? former > FEW_FORMER : isFormerPlace(page.after);
      if (areMany && !few) noteFormer(page.after, of, now);
      last = page.segments.at(-1) ?? last;
    } while (page.after !== undefined && !few);
    if (page.after !== undefined) return false;
    if (hasFormer && formerFrom !== undefined) await readFormer(of, formerFrom, startedAt, now);
    of.isComplete = true;
    of.pageSize = undefined;
    if (number > ended) [ended, readAt] = [number, began];
    onLast(last, began);
    return true;
  }

  /** Full segments after the anchor, at half the price, as far as their numbers are consecutive. Each page counts at once. */
  async function sweep(of: Progress, startedAt: number): Promise<void> {
    let page: ListPage | undefined;
    do {
      const now = timeOf(of);
      const next = (of.anchor?.number ?? -1) + 1;
      page = await inTime(of, store.read(next, { ...pageOf(of, startedAt), isEventual: true }));
      for (const segment of page.segments) {
        if (segment.number !== (of.anchor?.number ?? -1) + 1 || !isFull(segment)) return;
        accept(segment, of, now);
      }
    } while (page.after !== undefined);
  }

  /** Reads a list of which nothing is known, or goes on where an earlier attempt failed or met its deadline. */
  const begin = singleFlight(async () => {
    const of = progress;
    const startedAt = elapsedMs();
    for (let gaps = 0; gaps < MAX_GAPS && of === progress; gaps++) {
      if (await read(of, startedAt, FEW)) return;
      if (!of.anchor || !isFull(of.anchor)) break;
      await sweep(of, startedAt);
    }
    if (of === progress) await read(of, startedAt);
  });

  /** Shared by all who call before it has begun. */
  let next: Promise<unknown> | undefined;
  const readOn = () =>
    (next ??= Promise.resolve().then(() => {
      next = undefined;
      return read(progress, elapsedMs());
    }));

  return {
    readAt: () => readAt,

    async synchronise() {
      // With the clock far ahead, entries were left out or dropped too early, so the whole list is read again.
      if (clock() < Math.max(readAt.time, progress.latest) - SET_BACK_SECONDS) {
        progress = newProgress();
        readAt = LONG_AGO;
      }
      const before = begun;
      for (let attempt = 0; ended <= before; attempt++) {
        if (attempt === ATTEMPTS) throw new Unavailable('the revocation list');
        await (progress.isComplete ? readOn() : begin());
      }
      copy.prune(timeOf(progress));
    },
  };
}

const isSame = (one: Segment | undefined, other: Segment) =>
  one?.number === other.number && one.created_at === other.created_at;
