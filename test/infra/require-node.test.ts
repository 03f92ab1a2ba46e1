import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { missingRequirement } from '../../infra/require-node.mjs';
import manifest from '../../package.json' with { type: 'json' };
import { root } from '../support/local-service.ts';
import { sampled } from '../support/scale.ts';

test.each<[string, string[], string, string | undefined]>([
  [
    'Node 18 is too old',
    [],
    '18.20.8',
    'this is Node.js 18.20.8, but 20.19 or later is needed: install a later version',
  ],
  [
    'an early Node 20 is too old',
    [],
    '20.9.0',
    'this is Node.js 20.9.0, but 20.19 or later is needed: install a later version',
  ],
  ['the oldest Node that is enough', [], '20.19.0', undefined],
  ['a later major version, whatever its minor', ['esbuild'], '22.1.0', undefined],
  [
    'a package before npm ci',
    ['esbuild', 'no-such-package'],
    '20.19.0',
    expect.stringMatching(/^the package no-such-package is not installed: run npm ci in \/\S+ first$/),
  ],
])('A program reports a missing requirement: %s', (_, packages, version, problem) => {
  expect(missingRequirement(packages, version)).toEqual(problem);
});

describe('On Node 18, one sentence is all that is printed, and nothing runs, by', () => {
  const preloaded = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.8" } })';
  const scripts: Readonly<Record<string, string>> = manifest.scripts;
  /** The program that npm runs first for a script. */
  const first = (name: string) => (scripts[`pre${name}`] ?? scripts[name] ?? '').split(' ');

  const names = ['start', 'test', 'test:long', 'build', 'bench', 'fixture', 'release'];

  test.each(names)('the program at the beginning of npm run %s, which Node.js runs', (name) => {
    expect(first(name)[0]).toBe('node');
  });

  test.each(sampled(names, 3))('npm run %s', (name) => {
    const [, ...args] = first(name);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(preloaded)}`, ...args],
      // The time-out of the test cannot end what blocks its thread.
      { cwd: root, encoding: 'utf8', timeout: 240_000 },
    );
    const sentence = 'this is Node.js 18.20.8, but 20.19 or later is needed: install a later version';
    expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: `latchkey: ${sentence}\n` });
  });
});
