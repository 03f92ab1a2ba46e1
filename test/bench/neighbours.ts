// A client beside another one that does without limit what hurt others before. Requests follow one another, as those of one container
// do: what is measured is what the load leaves behind in the table and in containers, not that two share a processor.
import { systemClock } from '../../lib/clock.ts';
import { type LoadName, loads, type Neighbours, startNeighbours } from '../support/neighbours.ts';
import type { Figure } from './figure.ts';
import { compare, percentile99, takeTurns } from './measure.ts';

export interface NeighboursEffort {
  readonly loads: Readonly<Record<LoadName, number>>;
  /** Visits of the quiet client during each load, and beside none. */
  readonly visits: number;
}

export const neighboursEffort = (isQuick: boolean): NeighboursEffort => ({ loads, visits: isQuick ? 50 : 200 });

export async function measureNeighbours(effort: NeighboursEffort): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const name of Object.keys(effort.loads) as LoadName[]) figures.push(...(await measureVisits(name, effort)));
  return figures;
}

/** All requests of the quiet client while the load grows from nothing to its size, in one of two deployments. */
async function measureVisits(name: LoadName, { loads: { [name]: size }, visits }: NeighboursEffort): Promise<Figure[]> {
  const [calm, loaded] = [await startNeighbours(systemClock, false), await startNeighbours(systemClock, false)];
  try {
    for (const each of [calm, loaded, calm, loaded]) await each.visit();
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
  } finally {
    await calm.stop();
    await loaded.stop();
  }
}
