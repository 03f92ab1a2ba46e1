import { createHook } from 'node:async_hooks';
import { webcrypto } from 'node:crypto';
import { isStoreAtWork } from './faulty-store.ts';

/** Timers and clocks that were replaced by those that a call is made with. */
export interface ReplacedTimers {
  count(): number;
  /** Lets time pass until the next timer, and runs it. */
  advanceToNext(): void;
  stop(): void;
}

/** Turns of the event loop without any input or output, after which whoever waits is waiting for a timer. */
const QUIET_TURNS = 100;

/** Turns of the event loop, and what continues in one: neither input nor output. Names of async_hooks. */
const ownWork = new Set(['PROMISE', 'Immediate', 'TickObject', 'Microtask', 'Timeout']);

/**
 * What other threads do for this one: hashing and signing, by the names of async_hooks; files, names and connections. The jobs of
 * Web Crypto cannot be told from those of this thread since Node 24: see `countWebCrypto`.
 */
const isCryptoJob = (type: string) => type.endsWith('REQUEST');
const isSystemJob = (type: string) => /Req|ConnectWrap$|WriteWrap$/.test(type);

/** As `passTime`, which is for tests, with whatever replaces the timers. */
export async function passTimeBy<Result>(
  timers: ReplacedTimers,
  call: () => Promise<Result>,
): Promise<{ result: Result; waited: number }> {
  const work = watchWork();
  try {
    const start = performance.now();
    let waited: number | undefined;
    const result = call().finally(() => {
      waited = performance.now() - start;
    });
    result.catch(() => {});
    while (waited === undefined || timers.count() > 0) {
      await work.quiet();
      timers.advanceToNext();
    }
    return { result: await result, waited };
  } finally {
    work.stop();
    timers.stop();
  }
}

/** Watches what this thread receives, and waits for. */
function watchWork() {
  // The few others, and no hook for the end of each: that of promises would make the collection of garbage slow.
  const others = new Set<number>();
  let first = Number.POSITIVE_INFINITY;
  const cryptoJobs = new Map<number, { ondone?: unknown }>();
  let quietTurns = 0;
  const hook = createHook({
    init(id, type, _trigger, job) {
      first = Math.min(first, id);
      if (!ownWork.has(type)) others.add(id);
      if (isCryptoJob(type)) cryptoJobs.set(id, job);
    },
    before(id) {
      if (id < first || others.has(id)) quietTurns = 0;
      cryptoJobs.delete(id);
    },
  }).enable();
  const isHashing = () => {
    // Those without a callback were done by this thread.
    for (const [id, { ondone }] of cryptoJobs) if (!ondone) cryptoJobs.delete(id);
    return cryptoJobs.size > 0;
  };
  const webCrypto = countWebCrypto();
  const isWaiting = () =>
    isHashing() || webCrypto.pending() > 0 || isStoreAtWork() || process.getActiveResourcesInfo().some(isSystemJob);
  return {
    async quiet() {
      for (quietTurns = 0; quietTurns < QUIET_TURNS || isWaiting(); quietTurns++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    stop() {
      hook.disable();
      webCrypto.stop();
    },
  };
}

type Call = (...parameters: unknown[]) => Promise<unknown>;

/** Counts the calls of Web Crypto that have not ended. */
function countWebCrypto() {
  let pending = 0;
  const prototype = Object.getPrototypeOf(webcrypto.subtle) as Record<string, Call>;
  const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
  const originals = names.map((name) => [name, prototype[name] as Call] as const);
  for (const [name, original] of originals) {
    prototype[name] = function counted(this: unknown, ...parameters) {
      pending++;
      return Reflect.apply(original, this, parameters).finally(() => {
        pending--;
      });
    };
  }
  return {
    pending: () => pending,
    stop: () => void Object.assign(prototype, Object.fromEntries(originals)),
  };
}
