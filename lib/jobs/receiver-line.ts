import type { LogoutDelivery, Receiver } from '../oauth/logout-delivery.ts';
import { deliver, pauseAfter, type SendingContext } from './send-logout-token.ts';

/** Failures in a row after which nothing more is sent to a receiver for a while. */
export const BREAKER_FAILURES = 3;

/** Deliveries of one receiver that are read at a time: less than the 1 MB at which DynamoDB ends a page. */
export const DELIVERY_PAGE = 100;

/** The due deliveries of one receiver, one after the other. */
export interface ReceiverLine {
  readonly isFailing: boolean;
  /** @returns false when there are no more, or the receiver fails too often */
  deliverNext(): Promise<boolean>;
  /** @throws MalformedItem for a delivery that cannot be read. It stops no other. */
  settle(): Promise<void>;
}

export function createReceiverLine(receiver: Receiver, context: SendingContext): ReceiverLine {
  const { client_id, failures: before = 0 } = receiver;
  const { deliveries, clock } = context;
  const now = clock();
  /** A receiver that was paused gets one attempt. */
  const maxFailures = Math.max(BREAKER_FAILURES, before + 1);
  let failures = before;
  let queue: LogoutDelivery[] = [];
  let last: string | undefined;
  let fault: Error | undefined;
  let isReadToEnd = false;
  let isTouched = false;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const page = await deliveries.due(client_id, now, DELIVERY_PAGE, last);
    queue = [...page.values];
    fault ??= page.malformed[0];
    last = page.last;
    isReadToEnd = last === undefined;
  }

  async function next(): Promise<LogoutDelivery | undefined> {
    isTouched = true;
    while (queue.length === 0 && !isReadToEnd) {
      reading ??= read().finally(() => {
        reading = undefined;
      });
      await reading;
    }
    return queue.shift();
  }

  return {
    isFailing: before > 0,
    async deliverNext() {
      const delivery = failures < maxFailures ? await next() : undefined;
      if (!delivery) return false;
      const outcome = await deliver(delivery, context);
      if (outcome === 'accepted') failures = 0;
      if (outcome === 'failed') failures++;
      return true;
    },
    async settle() {
      if (!isTouched) return;
      // The pause grows from run to run, however many attempts there were in each.
      const counted = Math.min(failures, maxFailures);
      const isPaused = counted >= BREAKER_FAILURES;
      const paused_until = isPaused ? clock() + pauseAfter(counted - BREAKER_FAILURES + 1) : 0;
      await deliveries.settle(receiver, { failures: counted, paused_until });
      if (fault) throw fault;
    },
  };
}
