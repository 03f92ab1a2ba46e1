import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { itInLongRun } from '../support/long-run.ts';
import { isLongRun, sampled } from '../support/scale.ts';
import { measureColdStarts } from './cold-start/cold-start.ts';
import { measureDeliveries } from './deliveries.ts';
import type { Figure } from './figure.ts';
import { measureGuessing } from './guessing.ts';
import { measureNeighbours } from './neighbours.ts';
import { measureRevocations } from './revocations.ts';
import { bundleSubjects, measureSubject, type SubjectName, subjectNames } from './subjects.ts';

// Keeps `npm run bench` working. Asserts no time.

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
  await bundleSubjects(directory, measured);
});
afterAll(() => rm(directory, { recursive: true }));

const measured = sampled(subjectNames, 6);
const effort = { rounds: 1, milliseconds: 0, warmUp: 0 };
const require = createRequire(import.meta.url);

/** In the normal run, one subject is measured in a process of its own, as in the bench, and the others in this one. */
const measure = (name: SubjectName): Promise<Figure[]> =>
  isLongRun || name === subjectNames[0]
    ? measureSubject(directory, name, effort)
    : require(join(directory, `${name}.cjs`)).measure(effort);

test.each(measured)('%s is measured, and every call of it is answered', async (name) => {
  const figures = await measure(name);
  expect(figures).not.toEqual([]);
  for (const { name, value } of figures) expect(value, name).toBeGreaterThan(0);
});

test('the revocation list is measured, from an empty one on', async () => {
  const { figures, curves } = await measureRevocations({
    sizes: [0, 400],
    containers: 1,
    checks: effort,
    decisions: effort,
  });
  expect(figures.map(({ name }) => name.split(',')[0])).toEqual([
    ...Array.from({ length: 5 }, () => '0 entries'),
    ...Array.from({ length: 5 }, () => '400 entries'),
  ]);
  expect(curves).toMatchObject({ x: [0, 400], units: [1, 2], cpu: [1, expect.any(Number)] });
});

itInLongRun('logout tokens are measured beside a dead receiver, and none waits for more than a minute', async () => {
  const { curves } = await measureDeliveries({ queued: [0, 5], runs: 3, signOuts: 1 });
  expect(curves).toMatchObject({ x: [0, 5], minutes: [59 / 60, 59 / 60] });
});

itInLongRun('guessing is measured beside the right secret', async () => {
  const { figures, curves } = await measureGuessing({ guesses: [0, 12], requests: 1 });
  expect(curves).toEqual({ x: [0, 12], hashes: [0, 11], answered: [100, 100] });
  expect(figures.filter(({ unit }) => unit === 'hashes').map(({ value }) => value)).toEqual([0, 0, 11, 0]);
});

// In the normal run, test/neighbours.test.ts makes the same visits.
if (isLongRun) {
  test('a client beside another one is measured, from no load on', async () => {
    const figures = await measureNeighbours({
      loads: { revocations: 1, deliveries: 1, guesses: 1, grants: 1 },
      visits: 1,
    });
    expect(figures).toHaveLength(4 * 2);
  });
}

test('cold starts are measured to an answer, each beside what it is held against', async () => {
  const goals = [
    ['token', 'signed by hand', 1.5],
    ['introspection', 'signed by hand', 1.5],
    ['revocation', 'signed by hand', 1.5],
    ['authorizer', 'signed by hand', 1.5],
    ['jwks', 'a bare handler', 1.3],
    ['discovery', 'a bare handler', 1.3],
    ['AWS SDK', 'signed by hand', undefined],
    ['AWS SDK, stripped', 'signed by hand', undefined],
  ] as const;
  const chosen = sampled(goals, goals.length);
  const figures = await measureColdStarts(1, (name) => chosen.some(([one]) => one === name));
  for (const kind of [/, time /, /, CPU time /]) {
    const found = figures.filter(({ name }) => kind.test(name));
    expect(
      found.map(({ name, floor, goal }) => [name.replace(kind, '|').split('|')[0], floor?.name, goal?.most]),
    ).toEqual(chosen);
  }
});
