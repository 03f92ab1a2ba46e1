import type { Figure } from './figure.ts';

/** Something to be timed. What it needs is made outside of the time. */
export interface Candidate {
  /** Makes ready for a batch of `count` calls. */
  prepare?(count: number): unknown;
  /** @param index from 0 to the number of calls of the batch */
  call(index: number): unknown;
  /** Calls in one batch; by default as many as fit into the time. */
  readonly batch?: number;
}

export interface Effort {
  readonly rounds: number;
  /** How long one candidate runs in one round. */
  readonly milliseconds: number;
  /** How long each candidate runs before the first round, in milliseconds. */
  readonly warmUp: number;
}

/** Calls in a batch of even the slowest candidate. */
const FEWEST_CALLS = 10;

/** Microseconds of one call in each round. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

/**
 * Times candidates against one another: each runs one batch in every round, and another one begins each time, so that
 * what disturbs the machine disturbs them alike.
 */
export async function interleave(
  candidates: Readonly<Record<string, Candidate>>,
  { rounds, milliseconds, warmUp }: Effort,
): Promise<Rounds> {
  const contest: { name: string; candidate: Candidate; count: number; times: number[] }[] = [];
  for (const [name, candidate] of Object.entries(candidates)) {
    contest.push({ name, candidate, count: await calibrate(candidate, milliseconds, warmUp), times: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { candidate, count, times } of contest) times.push(await time(candidate, count));
    contest.push(contest.shift()!);
  }
  return new Map(contest.map(({ name, times }) => [name, times]));
}

/** Warms up, and finds how many calls fit into the time. */
async function calibrate(candidate: Candidate, milliseconds: number, warmUp: number): Promise<number> {
  let count = candidate.batch ?? FEWEST_CALLS;
  const end = performance.now() + warmUp;
  do {
    const each = await time(candidate, count);
    count = candidate.batch ?? Math.max(FEWEST_CALLS, Math.min(20_000, Math.round((milliseconds * 1000) / each)));
  } while (performance.now() < end);
  return count;
}

async function time(candidate: Candidate, count: number): Promise<number> {
  await candidate.prepare?.(count);
  const start = performance.now();
  for (let index = 0; index < count; index++) {
    const result = candidate.call(index);
    if (result instanceof Promise) await result;
  }
  return ((performance.now() - start) * 1000) / count;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The figure of one candidate against another one of the same rounds. */
export function against(
  rounds: Rounds,
  name: string,
  floor: string,
  more: Pick<Figure, 'goal' | 'isComparison'> = {},
): Figure {
  const values = rounds.get(name)!;
  const floors = rounds.get(floor)!;
  return {
    name,
    unit: 'µs',
    value: median(values),
    floor: { name: floor, value: median(floors) },
    ratio: median(values.map((value, round) => value / floors[round]!)),
    ...more,
  };
}

export const mostRatio = (most: number): Pick<Figure, 'goal'> => ({ goal: { of: 'ratio', most } });

/** Inputs used in turn. */
export const pick = <Item>(items: readonly Item[], index: number): Item => items[index % items.length]!;

/** Measures both in each round, and begins with another one each time. */
export async function takeTurns<Taken>(
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

export async function timed(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await call();
  return performance.now() - start;
}

export const percentile99 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1]!;

/** The figure of milliseconds against those of the same rounds alone. */
export const compare = (
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
