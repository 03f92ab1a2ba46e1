import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isLongRun, sampled } from '../support/scale.ts';
import { measureColdStarts } from './cold-start.ts';
import type { Figure } from './figure.ts';
import { bundleSubjects, measureSubject, type SubjectName, subjectNames } from './subjects.ts';

// Keeps `npm run bench` working. Asserts no time.

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
  await bundleSubjects(directory);
});
afterAll(() => rm(directory, { recursive: true }));

const effort = { rounds: 1, milliseconds: 0, warmUp: 0 };
const require = createRequire(import.meta.url);

/** In the normal run, one subject is measured in a process of its own, as in the bench, and the others in this one. */
const measure = (name: SubjectName): Promise<Figure[]> =>
  isLongRun || name === subjectNames[0]
    ? measureSubject(directory, name, effort)
    : require(join(directory, `${name}.cjs`)).measure(effort);

test.each(subjectNames)('%s is measured, and every call of it is answered', async (name) => {
  const figures = await measure(name);
  expect(figures).not.toEqual([]);
  for (const { name, value } of figures) expect(value, name).toBeGreaterThan(0);
});

test('cold starts are measured to an answer, each with a goal', async () => {
  const goals = [
    ['token', 60],
    ['introspection', 60],
    ['revocation', 60],
    ['authorizer', 60],
    ['jwks', 10],
    ['discovery', 10],
  ] as const;
  const measured = sampled(goals, 4); // of those with and without the table
  const figures = await measureColdStarts(1, (name) => measured.some(([one]) => one === name));
  expect(figures.map(({ name, goal }) => [name.replace(/, .*/, ''), goal?.most])).toEqual(measured);
});
