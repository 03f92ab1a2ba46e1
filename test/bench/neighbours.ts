// A client beside another one that does without limit what hurt others before. Requests follow one another, as those of one container
// do: what is measured is what the load leaves behind in the table and in containers, not that two share a processor.
import { createSeedTable } from '../../infra/local/seed-table.ts';
import { systemClock } from '../../lib/clock.ts';
import { inParallel } from '../../lib/in-parallel.ts';
import { countHashes, type LoadName, loads, type Neighbours, startNeighbours } from '../support/neighbours.ts';
import { ALICE } from '../support/sign-in.ts';
import type { Figure } from './figure.ts';
import { median } from './measure.ts';

export interface NeighboursEffort {
  readonly loads: Readonly<Record<LoadName, number>>;
  /** Visits of the quiet client during each load, and beside none. */
  readonly visits: number;
  /** Of the curves. */
  readonly rounds: number;
  readonly queued: readonly number[];
  readonly guesses: readonly number[];
}

export const neighboursEffort = (isQuick: boolean): NeighboursEffort => ({
  loads,
  visits: isQuick ? 50 : 200,
  rounds: isQuick ? 3 : 9,
  queued: [0, 100, 1_000, 10_000],
  guesses: [0, 10, 60, 300],
});

export async function measureNeighbours(effort: NeighboursEffort): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const name of Object.keys(effort.loads) as LoadName[]) figures.push(...(await measureVisits(name, effort)));
  figures.push(...(await measureDeliveries(effort)));
  for (const guesses of effort.guesses) figures.push(...(await measureGuesses(guesses, effort.rounds)));
  return figures;
}

/** Two deployments, of which one has the load. */
async function withTwo<Result>(
  isMetered: boolean,
  clock: () => number,
  measure: (calm: Neighbours, loaded: Neighbours) => Promise<Result>,
): Promise<Result> {
  const [calm, loaded] = [await startNeighbours(clock, isMetered), await startNeighbours(clock, isMetered)];
  try {
    for (const each of [calm, loaded, calm, loaded]) await each.visit();
    return await measure(calm, loaded);
  } finally {
    await calm.stop();
    await loaded.stop();
  }
}

/** Measures both in each round, and begins with another one each time. */
async function takeTurns<Taken>(
  rounds: number,
  calm: (round: number) => Promise<Taken>,
  loaded: (round: number) => Promise<Taken>,
): Promise<{ alone: Taken[]; beside: Taken[] }> {
  const [alone, beside]: [Taken[], Taken[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) alone.push(await calm(round));
    beside.push(await loaded(round));
    if (round % 2 === 1) alone.push(await calm(round));
  }
  return { alone, beside };
}

async function timed(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await call();
  return performance.now() - start;
}

const percentile99 = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1]!;

const compare = (
  name: string,
  beside: readonly number[],
  alone: readonly number[],
  of: typeof median = median,
): Figure => ({
  name,
  unit: 'ms',
  value: of(beside),
  floor: { name: 'alone', value: of(alone) },
  ratio: of(beside) / of(alone),
});

/** All requests of the quiet client while the load grows from nothing to its size. */
const measureVisits = (name: LoadName, { loads: { [name]: size }, visits }: NeighboursEffort) =>
  withTwo(false, systemClock, async (calm, loaded) => {
    let done = 0;
    const grow = async (round: number) => {
      for (; done < ((round + 1) * size) / visits; done++) await loaded.step(name, done);
    };
    const time = async (who: Neighbours) =>
      (await who.visit()).reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    const { alone, beside } = await takeTurns(
      visits,
      () => time(calm),
      async (round) => {
        await grow(round);
        return time(loaded);
      },
    );
    const of = `beside ${size} ${name}, requests of another client`;
    return [compare(`${of}, median`, beside, alone), compare(`${of}, p99`, beside, alone, percentile99)];
  });

/** How long one client's logout token takes, from the start of the run that sends it, with others queued for a dead receiver. */
const measureDeliveries = ({ queued, rounds }: NeighboursEffort) =>
  withTwo(true, systemClock, async (calm, loaded) => {
    const table = createSeedTable(loaded.world.env['AWS_ENDPOINT_URL_DYNAMODB']!, loaded.world.env['TABLE_NAME']!);
    const now = systemClock();
    const delivery = { sub: ALICE.sub, client_id: 'silent', attempts: 0, due_at: now - 60, expires_at: now + 86_400 };
    const put = (number: number) => {
      const sid = `session-${number}`;
      return table.put({ pk: 'LOGOUT#silent', sk: `${delivery.due_at}#${sid}`, ...delivery, sid });
    };
    /** As before any attempt: the receiver counts as well. */
    const forgetFailures = async () => {
      await table.remove({ pk: 'RECEIVERS', sk: 'silent' });
      await loaded.people.deliveries.add({ ...delivery, sid: 'first' });
      loaded.dead.behave('is silent');
    };
    await Promise.all([calm.deliver(), loaded.deliver()]);

    const figures: Figure[] = [];
    let seeded = 0;
    for (const size of queued) {
      const more = Array.from({ length: size - seeded }, (_, index) => seeded + index);
      await inParallel(more, 20, put);
      seeded = size;
      const { alone, beside } = await takeTurns(
        rounds,
        () => untilSent(calm),
        async () => {
          if (size > 0) await forgetFailures();
          return untilSent(loaded);
        },
      );
      const of = `${size.toLocaleString('en')} deliveries to a dead receiver, until another client's`;
      const times = (taken: typeof alone) => taken.map(({ time }) => time);
      figures.push(compare(of, times(beside), times(alone)), {
        name: `${of}, to the table`,
        unit: 'requests',
        value: median(beside.map(({ requests }) => requests)),
        floor: { name: 'alone', value: median(alone.map(({ requests }) => requests)) },
      });
    }
    return figures;
  });

async function untilSent(who: Neighbours) {
  await who.signOutOfQuiet();
  who.meter.takeAll();
  const sent = who.receiver.next();
  const start = performance.now();
  const running = who.deliver();
  await sent;
  const time = performance.now() - start;
  const requests = who.meter.takeAll().calls.length;
  // So that the run ends at once.
  who.dead.behave('hangs up');
  await running;
  return { time, requests };
}

/** Wrong guesses at the secret of a client within one second, and then the right secret, which was right before. */
const measureGuesses = (guesses: number, rounds: number) => {
  const now = systemClock();
  return withTwo(
    false,
    () => now,
    async (calm, loaded) => {
      const hashing = countHashes();
      const statuses: number[] = [];
      for (let guess = 0; guess < guesses; guess++) statuses.push(await loaded.step('guesses', guess));
      const hashes = hashing.count();
      const present = (who: Neighbours) => timed(() => who.presentRightSecret());
      const { alone, beside } = await takeTurns(
        rounds * 5,
        () => present(calm),
        () => present(loaded),
      );
      hashing.stop();
      const delayed = statuses.filter((status) => status === 429).length;
      const of = `${guesses} wrong guesses`;
      return [
        { name: `${of}, answered 429`, unit: 'requests', value: delayed },
        { name: `${of}, slow hashes of them`, unit: 'hashes', value: hashes },
        { name: `${of}, slow hashes of the right secret`, unit: 'hashes', value: hashing.count() - hashes },
        compare(`${of}, the right secret`, beside, alone),
      ] satisfies Figure[];
    },
  );
};
