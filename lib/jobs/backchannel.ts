import { isWithin, momentOf } from '../clock.ts';
import { inParallel } from '../in-parallel.ts';
import { describeFault } from '../log.ts';
import type { Client } from '../oauth/client.ts';
import type { Receiver } from '../oauth/logout-delivery.ts';
import type { Lease } from '../store/lease.ts';
import type { Job } from './job.ts';
import { type Course, type QueueingContext, queueDeliveries, SIGN_OUT_PAGE } from './queue-deliveries.ts';
import { createReceiverLine } from './receiver-line.ts';
import type { SendingContext } from './send-logout-token.ts';
import { workThrough } from './work-through.ts';

// OpenID Connect Back-Channel Logout 1.0. The logout endpoint leaves only a note of the sign-out, because Lambda may freeze it
// once it has responded, and because a person waits for it.

export interface BackchannelContext extends QueueingContext, SendingContext {
  readonly deliveries: SendingContext['deliveries'];
  readonly lease: Lease;
  findClient(client_id: string): Promise<Client | undefined>;
}

/** Logout tokens that are sent at the same time: all together, and to one client, so that a slow one leaves room for others. */
export const CONCURRENCY = 100;
export const CLIENT_SHARE = 4;

/** Receivers that are read at a time: less than 1 MB. */
export const RECEIVER_PAGE = 1_000;

/**
 * Seconds from the start of a run after which no further sign-out is looked at, and no further delivery is begun. Each delivery takes
 * at most five, and the function times out after a minute, when the next run starts.
 */
export const QUEUEING_TIME = 20;
export const WORKING_TIME = 45;
export const LEASE_SECONDS = 55;

export const backchannel: Job<BackchannelContext> = {
  failure: 'the logout tokens could not be delivered',
  run,
};

async function run(shared: BackchannelContext): Promise<void> {
  const { lease, clock, log } = shared;
  if (!(await hasWork(shared))) return;
  const since = momentOf(clock);
  const until = since.time + LEASE_SECONDS;
  // One run at a time, so that no other run sends the same tokens.
  if (!(await lease.take(since.time, until))) return;
  const context = { ...shared, findClient: onceEach(shared.findClient) };
  let fault: unknown;
  const onFault = (error: unknown) => {
    log.error('logout tokens not delivered', describeFault(error));
    fault ??= error;
  };
  const courseOf = (seconds: number): Course => ({
    onFault,
    hasTime: () => isWithin({ since, seconds }, momentOf(clock)),
  });
  await adoptOld(context, courseOf(QUEUEING_TIME)).catch(onFault);
  await queueDeliveries(context, courseOf(QUEUEING_TIME)).catch(onFault);
  await deliverDue(context, courseOf(WORKING_TIME)).catch(onFault);
  await lease.release(until);
  if (fault !== undefined) throw fault;
}

async function adoptOld({ deliveries }: BackchannelContext, course: Course): Promise<void> {
  await workThrough({ ...course, read: (behind) => deliveries.old(SIGN_OUT_PAGE, behind), work: deliveries.adopt });
}

async function hasWork(context: BackchannelContext): Promise<boolean> {
  const { deliveries, signOuts } = context;
  let isAnyMalformed = false;
  const course: Course = {
    hasTime: () => true,
    onFault() {
      isAnyMalformed = true;
    },
  };
  const [receivers, ended, old] = await Promise.all([
    dueReceivers(context, course),
    signOuts.page(1),
    deliveries.old(1),
  ]);
  return isAnyMalformed || receivers.length > 0 || [ended, old].some((page) => page.last !== undefined);
}

async function dueReceivers({ deliveries, clock }: BackchannelContext, course: Course): Promise<Receiver[]> {
  const now = clock();
  const due: Receiver[] = [];
  await workThrough({
    ...course,
    read: (behind) => deliveries.receivers(RECEIVER_PAGE, behind),
    async work(receiver) {
      if (receiver.due_at <= now && (receiver.paused_until ?? 0) <= now) due.push(receiver);
    },
  });
  return due;
}

/** The clients take turns. Those that failed the last time come last. */
async function deliverDue(context: BackchannelContext, course: Course): Promise<void> {
  const { onFault, hasTime } = course;
  const lines = (await dueReceivers(context, course)).map((receiver) => createReceiverLine(receiver, context));
  const well = lines.filter(({ isFailing }) => !isFailing);
  const failing = lines.filter(({ isFailing }) => isFailing);
  const turns = [...Array.from({ length: CLIENT_SHARE }, () => well).flat(), ...failing];
  const stop = (error: unknown) => {
    onFault(error);
    return false;
  };
  const takeTurns = async () => {
    for (let line = turns.shift(); line && hasTime(); line = turns.shift()) {
      if (await line.deliverNext().catch(stop)) turns.push(line);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, turns.length) }, takeTurns));
  await inParallel(lines, CONCURRENCY, (line) => line.settle().catch(onFault));
}

/** Each client is read once in a run. */
function onceEach(findClient: BackchannelContext['findClient']): BackchannelContext['findClient'] {
  const found = new Map<string, Promise<Client | undefined>>();
  return (client_id) => {
    const finding = found.get(client_id) ?? findClient(client_id);
    found.set(client_id, finding);
    return finding;
  };
}
