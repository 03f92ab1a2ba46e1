import type { Metafile } from 'esbuild';
import type { Figure } from './figure.ts';

/** Bytes of a minified bundle, by the name of its function. Asserted in test/bundles.test.ts. */
export const BUNDLE_GOALS: Readonly<Record<string, number>> = {
  token: 131_200,
  authorization: 161_000,
  authorizer: 93_500,
  jwks: 31_500,
  discovery: 52_000,
};

export function measureBundles({ outputs }: Metafile): Figure[] {
  return Object.entries(outputs).map(([path, { bytes }]): Figure => {
    const name = path.replace(/^dist\/|(\/index)?\.cjs$/g, '');
    const most = BUNDLE_GOALS[name];
    return { name, unit: 'bytes', value: bytes, ...(most !== undefined && { goal: { of: 'value', most } }) };
  });
}
