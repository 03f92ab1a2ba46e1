import { inParallel } from '../in-parallel.ts';
import { describeFault } from '../log.ts';
import type { Client } from '../oauth/client.ts';
import type { Receiver } from '../oauth/logout-delivery.ts';
import type { Lease } from '../store/lease.ts';
import type { Job } from './job.ts';
import { type QueueingContext, queueDeliveries, SIGN_OUT_PAGE } from './queue-deliveries.ts';
import { createReceiverLine } from './receiver-line.ts';
import type { SendingContext } from './send-logout-token.ts';

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
  const { lease, clock } = shared;
  if (!(await hasWork(shared))) return;
  const startedAt = clock();
  const until = startedAt + LEASE_SECONDS;
  // One run at a time, so that no other run sends the same tokens.
  if (!(await lease.take(startedAt, until))) return;
  const context = { ...shared, findClient: onceEach(shared.findClient) };
  const hasTime = (seconds: number) => () => clock() - startedAt < seconds;
  const faults = [
    await adoptOld(context, hasTime(QUEUEING_TIME)).catch((error: unknown) => error),
    await queueDeliveries(context, hasTime(QUEUEING_TIME)).catch((error: unknown) => error),
    await deliverDue(context, hasTime(WORKING_TIME)).catch((error: unknown) => error),
  ];
  await lease.release(until);
  for (const fault of faults) if (fault !== undefined) throw fault;
}

async function adoptOld({ deliveries }: BackchannelContext, hasTime: () => boolean): Promise<void> {
  while (hasTime() && (await deliveries.hasOld())) await deliveries.adoptOld(SIGN_OUT_PAGE);
}

async function hasWork({ deliveries, signOuts, clock }: BackchannelContext): Promise<boolean> {
  const [receivers, ended, hasOld] = await Promise.all([deliveries.receivers(), signOuts.page(1), deliveries.hasOld()]);
  return ended.length > 0 || hasOld || receivers.some(isDue(clock()));
}

const isDue =
  (now: number) =>
  ({ due_at, paused_until = 0 }: Receiver): boolean =>
    due_at <= now && paused_until <= now;

/** The clients take turns. Those that failed the last time come last. @returns the first fault */
async function deliverDue(context: BackchannelContext, hasTime: () => boolean): Promise<unknown> {
  const { deliveries, clock, log } = context;
  const receivers = (await deliveries.receivers()).filter(isDue(clock()));
  const lines = receivers.map((receiver) => createReceiverLine(receiver, context));
  const well = lines.filter(({ isFailing }) => !isFailing);
  const failing = lines.filter(({ isFailing }) => isFailing);
  const turns = [...Array.from({ length: CLIENT_SHARE }, () => well).flat(), ...failing];
  let fault: unknown;
  const onFault = (error: unknown) => {
    log.error('logout tokens not delivered', describeFault(error));
    fault ??= error;
    return false;
  };
  const takeTurns = async () => {
    for (let line = turns.shift(); line && hasTime(); line = turns.shift()) {
      if (await line.deliverNext().catch(onFault)) turns.push(line);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, turns.length) }, takeTurns));
  await inParallel(lines, CONCURRENCY, (line) => line.settle().catch(onFault));
  return fault;
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
