import { type Clock, isWithin, type Moment, momentOf } from '../clock.ts';
import { json } from '../http/message.ts';
import type { Endpoint } from '../http/serve.ts';
import { singleFlight } from '../lazy.ts';
import { describeFault, type Log, type LogContext } from '../log.ts';

/** All that strangers learn of a fault; the log has the rest. */
export type NotReady = 'configuration' | 'table' | 'keys';

/** What is looked at. */
export interface HealthParts {
  /** @throws when the table does not answer, or is newer than this version */
  readTable(): Promise<unknown>;
  /** @throws when the keys cannot be known */
  keys(): Promise<readonly unknown[]>;
}

export interface HealthContext extends LogContext {
  readonly check: HealthCheck;
}

type HealthCheck = (log: Log) => Promise<NotReady | undefined>;

/** Seconds for which an answer counts, so that strangers who ask cause no more than one read in this time. */
const SECONDS = 5;

/** @param compose throws when a variable is wrong */
export function createHealthCheck(compose: () => HealthParts, clock: Clock): HealthCheck {
  let parts: HealthParts | undefined;
  let last: { readonly notReady: NotReady | undefined; readonly since: Moment } | undefined;
  const look = async (): Promise<readonly [NotReady, unknown] | undefined> => {
    try {
      parts ??= compose();
    } catch (error) {
      return ['configuration', error];
    }
    const [table, keys] = await Promise.allSettled([parts.readTable(), parts.keys()]);
    if (table.status === 'rejected') return ['table', table.reason];
    if (keys.status === 'rejected') return ['keys', keys.reason];
    return keys.value.length > 0 ? undefined : ['keys', new Error('there are no keys')];
  };
  const fly = singleFlight(look);
  return async (log) => {
    if (last && isWithin({ since: last.since, seconds: SECONDS }, momentOf(clock))) return last.notReady;
    const since = momentOf(clock);
    const [notReady, error] = (await fly()) ?? [];
    if (notReady) log.error('not ready', { ...describeFault(error), reason: notReady });
    last = { notReady, since };
    return notReady;
  };
}

/** For load balancers and deployments: whether requests can be answered. It asks the table, and not KMS. */
export const health: Endpoint<HealthContext> = {
  methods: ['GET'],
  async handle(_request, { check, log }) {
    const reason = await check(log);
    if (reason === undefined) return json(200, { status: 'ready' });
    return json(503, { status: 'not_ready', reason }, { 'retry-after': String(SECONDS) });
  },
};
