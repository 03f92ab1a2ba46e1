// What one client does without limit changes neither an answer that another one gets, nor what its requests ask of the table.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLIENT_SHARE } from '../lib/jobs/backchannel.ts';
import { BREAKER_FAILURES } from '../lib/jobs/receiver-line.ts';
import { SEGMENT_ENTRIES } from '../lib/oauth/revocation-segment.ts';
import {
  type Answer,
  countHashes,
  type LoadName,
  loads,
  type Neighbours,
  startNeighbours,
} from './support/neighbours.ts';
import { passTime } from './support/pass-time.ts';
import { isLongRun, scaled } from './support/scale.ts';
import { createTestClock } from './support/world.ts';

const { clock, advance } = createTestClock();
/** Visits of the quiet client during a load. All within a minute, after which its container counts revocations again. */
const VISITS = scaled(1, 20);
/** Container by container, the first visits read what later ones remember. */
const WARM_UP = 2;

const few: Record<LoadName, number> = { revocations: 10, deliveries: 8, guesses: 15, grants: 8 };
const sizes = isLongRun ? loads : few;
const names = Object.keys(sizes) as LoadName[];

let neighbours: Neighbours;
beforeEach(async () => {
  neighbours = await startNeighbours(clock);
});
afterEach(() => neighbours.stop());

async function visit(): Promise<Answer[]> {
  advance(1);
  return neighbours.visit();
}

/** Puts a load on the service, with visits in between. */
async function withVisits(name: LoadName): Promise<{ statuses: number[]; visits: Answer[][] }> {
  const statuses: number[] = [];
  const visits: Answer[][] = [];
  for (let index = 0; index < sizes[name]; index++) {
    statuses.push(await neighbours.step(name, index));
    if (visits.length < Math.floor(((index + 1) * VISITS) / sizes[name])) visits.push(await visit());
  }
  return { statuses, visits };
}

const expected: readonly Answer['answer'][] = [
  '200',
  '200',
  '200 alice-sub',
  '200 true quiet',
  'allow',
  '200',
  'refuse',
  '200',
  '400 invalid_grant',
];

describe('A client beside another one', () => {
  const what: Record<LoadName, string> = {
    revocations: 'that revokes hundreds of tokens in a minute',
    deliveries: 'that never answers hundreds of logout tokens',
    guesses: 'that guesses its secret dozens of times',
    grants: 'that ends hundreds of grants by one sign-out',
  };

  it.each(names.map((name) => [what[name], name] as const))('%s gets the same for the same', async (_what, name) => {
    for (let count = 0; count < WARM_UP; count++) await visit();
    const alone = await visit();
    expect(alone.map(({ answer }) => answer)).toEqual(expected);

    const hashing = countHashes();
    const { statuses, visits } = await withVisits(name);
    hashing.stop();
    const isGuessing = name === 'guesses';
    expect(new Set(statuses)).toEqual(new Set(isGuessing ? [401, 429] : [200]));
    // None for the right secret.
    expect(hashing.count()).toBe(statuses.filter((status) => status === 401).length);
    if (name === 'grants') {
      expect(await neighbours.endGrants()).toEqual([200, Array(sizes.grants).fill('invalid_grant')]);
      visits.push(await visit());
    }

    for (const answers of visits) expect(answers.map(({ answer }) => answer)).toEqual(expected);
    const changed = visits.flatMap((answers) => answers.filter((it, index) => !sameCost(it, alone[index])));
    // Whoever is the first to write after a segment of the list is full has to find that out.
    const fullSegments = name === 'revocations' ? Math.floor((sizes.revocations + 4 * VISITS) / SEGMENT_ENTRIES) : 0;
    expect(changed.length, JSON.stringify(changed)).toBeLessThanOrEqual(2 * fullSegments);

    // One run delivers all logout tokens of the quiet client, whoever else has some.
    const { waited } = await passTime(neighbours.deliver);
    expect(waited).toBeLessThan(11_000);
    expect(neighbours.receiver.received()).toBe(WARM_UP + 1 + visits.length);
    const attempts = CLIENT_SHARE + BREAKER_FAILURES - 1;
    expect(neighbours.dead.received()).toBe(name === 'deliveries' ? attempts : 0);
  });
});

const sameCost = ({ calls, units }: Answer, other: Answer | undefined) =>
  JSON.stringify([calls, units]) === JSON.stringify([other?.calls, other?.units]);
