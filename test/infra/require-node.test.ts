import { expect, test } from 'vitest';
import { missingRequirement } from '../../infra/require-node.mjs';

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
