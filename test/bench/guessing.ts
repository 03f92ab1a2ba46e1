// Somebody guesses the secret of a client, and the client itself asks for tokens.
import { systemClock } from '../../lib/clock.ts';
import { countHashes, type Neighbours, startNeighbours } from '../support/neighbours.ts';
import type { Figure } from './figure.ts';
import { compare, takeTurns, timed } from './measure.ts';
import type { Measured } from './pictures.ts';

export interface GuessingEffort {
  /** Wrong guesses within one second. */
  readonly guesses: readonly number[];
  /** Requests with the right secret afterwards, which was right before. */
  readonly requests: number;
}

export const guessingEffort: GuessingEffort = { guesses: [0, 10, 60, 300, 1_000], requests: 50 };

export async function measureGuessing({ guesses, requests }: GuessingEffort): Promise<Measured> {
  const figures: Figure[] = [];
  const [hashes, answered]: [number[], number[]] = [[], []];
  for (const count of guesses) {
    const of = `${count.toLocaleString('en')} wrong guesses`;
    const measured = await measureGuesses(count, requests);
    hashes.push(measured.hashes);
    answered.push((measured.answered / requests) * 100);
    figures.push(
      { name: `${of}, answered 429`, unit: 'requests', value: measured.delayed },
      { name: `${of}, slow hashes of them`, unit: 'hashes', value: measured.hashes },
      { name: `${of}, the right secret, answered 200`, unit: 'requests', value: measured.answered },
      { name: `${of}, slow hashes of it`, unit: 'hashes', value: measured.hashesOfRight },
      compare(`${of}, the right secret`, measured.beside, measured.alone),
    );
  }
  return { figures, curves: { x: guesses, hashes, answered } };
}

async function measureGuesses(guesses: number, requests: number) {
  const now = systemClock();
  const clock = () => now;
  const [calm, loaded] = [await startNeighbours(clock, false), await startNeighbours(clock, false)];
  const hashing = countHashes();
  try {
    for (const each of [calm, loaded]) await each.presentRightSecret();
    const before = hashing.count();
    const statuses: number[] = [];
    for (let guess = 0; guess < guesses; guess++) statuses.push(await loaded.step('guesses', guess));
    const hashes = hashing.count() - before;
    let answered = 0;
    const present = (who: Neighbours) =>
      timed(async () => {
        const isAnswered = (await who.presentRightSecret()) === 200;
        if (isAnswered && who === loaded) answered++;
      });
    const { alone, beside } = await takeTurns(
      requests,
      () => present(calm),
      () => present(loaded),
    );
    const delayed = statuses.filter((status) => status === 429).length;
    return { hashes, hashesOfRight: hashing.count() - before - hashes, delayed, answered, alone, beside };
  } finally {
    hashing.stop();
    for (const each of [calm, loaded]) await each.stop();
  }
}
