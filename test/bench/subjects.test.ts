import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { measureColdStarts } from './cold-start.ts';
import { bundleSubjects, measureSubject, subjectNames } from './subjects.ts';

// Keeps `npm run bench` working. Asserts no time.

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
  await bundleSubjects(directory);
});
afterAll(() => rm(directory, { recursive: true }));

test.each(subjectNames)('%s is measured, and every call of it is answered', async (name) => {
  const figures = await measureSubject(directory, name, { rounds: 1, milliseconds: 0, warmUp: 0 });
  expect(figures).not.toEqual([]);
  for (const { name, value } of figures) expect(value, name).toBeGreaterThan(0);
});

test('cold starts are measured to an answer, each with a goal', async () => {
  const figures = await measureColdStarts(1);
  expect(figures.map(({ name, goal }) => [name.replace(/, .*/, ''), goal?.most])).toEqual([
    ['token', 60],
    ['introspection', 60],
    ['revocation', 60],
    ['authorizer', 60],
    ['jwks', 10],
    ['discovery', 10],
  ]);
});
