// One client's receiver of logout tokens is dead, with many tokens queued for it. Another client's users sign out meanwhile. Minutes
// are those of a clock that costs no time, so they do not depend on the machine.
import { createSeedTable } from '../../infra/local/seed-table.ts';
import { inParallel } from '../../lib/in-parallel.ts';
import { fakeTimers } from '../support/fake-timers.ts';
import { type Neighbours, startNeighbours } from '../support/neighbours.ts';
import { passTimeBy } from '../support/pass-time-by.ts';
import { ALICE } from '../support/sign-in.ts';
import type { Figure } from './figure.ts';
import type { Measured } from './pictures.ts';

export interface DeliveriesEffort {
  /** Deliveries for the dead receiver when the first run begins. */
  readonly queued: readonly number[];
  /** Runs of the job, one in each minute. */
  readonly runs: number;
  /** After each run but the last one. */
  readonly signOuts: number;
}

export const deliveriesEffort: DeliveriesEffort = { queued: [0, 100, 1_000, 10_000], runs: 6, signOuts: 5 };

const START = 1_800_000_000;
const MINUTE = 60_000;
/** Milliseconds from the start of a run until people sign out, who then wait for the next run. */
const SIGN_OUTS_AT = 1_000;

export async function measureDeliveries({ queued, ...effort }: DeliveriesEffort): Promise<Measured> {
  const figures: Figure[] = [];
  const [minutes, requests]: [number[], number[]] = [[], []];
  for (const size of queued) {
    const most = await measureRuns(size, effort);
    minutes.push(most.wait / MINUTE);
    requests.push(most.requests);
    const of = `${size.toLocaleString('en')} deliveries to a dead receiver`;
    figures.push(
      {
        name: `${of}, until those of another client are out, at most`,
        unit: 'minutes',
        value: most.wait / MINUTE,
        goal: { of: 'value', most: 1 },
      },
      { name: `${of}, to the table in a run, at most`, unit: 'requests', value: most.requests },
    );
  }
  return { figures, curves: { x: queued, minutes, requests } };
}

/** @returns the most of all runs */
async function measureRuns(size: number, { runs, signOuts }: Omit<DeliveriesEffort, 'queued'>) {
  let [run, begunAt]: [number, number | undefined] = [0, undefined];
  const milliseconds = () => run * MINUTE + (begunAt === undefined ? SIGN_OUTS_AT : performance.now() - begunAt);
  const clock = () => START + Math.floor(milliseconds() / 1000);
  const neighbours = await startNeighbours(clock);
  try {
    await queueForDead(neighbours, size);
    const [signedOutAt, sentAt, requests]: [number[], number[], number[]] = [[], [], []];
    neighbours.receiver.onRequest(() => sentAt.push(milliseconds()));
    for (; run < runs; run++) {
      neighbours.meter.takeAll();
      await passTimeBy(fakeTimers(), async () => {
        begunAt = performance.now();
        await neighbours.deliver();
      });
      begunAt = undefined;
      requests.push(neighbours.meter.takeAll().calls.length);
      for (let count = 0; run < runs - 1 && count < signOuts; count++) {
        await neighbours.signOutOfQuiet();
        signedOutAt.push(milliseconds());
      }
    }
    if (sentAt.length !== signedOutAt.length) throw new Error('not every logout token was sent once');
    return { wait: Math.max(...sentAt.map((at, index) => at - signedOutAt[index]!)), requests: Math.max(...requests) };
  } finally {
    await neighbours.stop();
  }
}

/** As sign-outs have queued them a minute ago. */
async function queueForDead({ world, people }: Neighbours, size: number): Promise<void> {
  const table = createSeedTable(world.env['AWS_ENDPOINT_URL_DYNAMODB']!, world.env['TABLE_NAME']!);
  const delivery = { sub: ALICE.sub, client_id: 'silent', attempts: 0, due_at: START - 60, expires_at: START + 86_400 };
  const sids = Array.from({ length: size }, (_, number) => `session-${number}`);
  await inParallel(sids, 20, (sid) =>
    table.put({ pk: 'LOGOUT#silent', sk: `${delivery.due_at}#${sid}`, ...delivery, sid }),
  );
  // Names the receiver as well.
  if (sids[0] !== undefined) await people.deliveries.add({ ...delivery, sid: sids[0] });
}
