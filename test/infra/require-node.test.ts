import { expect, test } from 'vitest';
import { missingRequirement } from '../../infra/require-node.mjs';

test.each<[string, string[], string, string | undefined]>([
  ['Node 18 is too old', [], '18.20.8', 'Node.js 20.19 or newer is needed, and this is 18.20.8'],
  ['an early Node 20 is too old', [], '20.9.0', 'Node.js 20.19 or newer is needed, and this is 20.9.0'],
  ['the oldest Node that is enough', [], '20.19.0', undefined],
  ['a later major version, whatever its minor', ['esbuild'], '22.1.0', undefined],
  [
    'a package before npm ci',
    ['esbuild', 'no-such-package'],
    '20.19.0',
    expect.stringMatching(/^the package no-such-package is not installed; run npm ci in \/\S+ first$/),
  ],
])('a program that is started says what is missing: %s', (_, packages, version, problem) => {
  expect(missingRequirement(packages, version)).toEqual(problem);
});
