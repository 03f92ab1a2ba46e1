import { inParallel } from '../in-parallel.ts';
import type { Batch } from '../store/items.ts';

interface Queue<Value> {
  /** Behind a sort key, or from the beginning. */
  read(behind: string | undefined): Promise<Batch<Value>>;
  work(value: Value): Promise<unknown>;
  /** Told of each item that is malformed or whose work fails. It stays for the next run, and stops no other. */
  onFault(error: unknown): void;
  hasTime(): boolean;
}

/** Items of a queue that are worked on at the same time. */
const CONCURRENCY = 20;

/** Works on each item of a queue once. @returns whether all is done */
export async function workThrough<Value>({ read, work, onFault, hasTime }: Queue<Value>): Promise<boolean> {
  let isDone = true;
  const fail = (error: unknown) => {
    isDone = false;
    onFault(error);
  };
  let behind: string | undefined;
  do {
    if (!hasTime()) return false;
    const { values, malformed, last } = await read(behind);
    for (const error of malformed) fail(error);
    await inParallel(values, CONCURRENCY, (value) => work(value).catch(fail));
    behind = last;
  } while (behind !== undefined);
  return isDone;
}
