import { readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename } from 'node:path';
import type { Metafile } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyseFunctions } from '../infra/build.mjs';
import { BUNDLE_GOALS } from './bench/bundle-sizes.ts';

const names = readdirSync(new URL('../functions', import.meta.url)).map((file) => basename(file, '.ts'));
/** What is not loaded at start, and who may load it: whose keys may be in the table, and whose tokens may be encrypted. */
const LATER: Record<string, readonly string[]> = {
  'aws-client': ['jwks', 'discovery', 'health'],
  'jwe-cipher': ['token', 'authorization', 'introspection', 'revocation', 'userinfo', 'authorizer'],
};
/** Functions without a class or state: a second copy does no harm. */
const PURE = ['lib/aws-signature.ts', 'lib/clock.ts'];
const laterOf = (name: string) => Object.keys(LATER).filter((later) => LATER[later]?.includes(name));
const signing = ['token', 'authorization', 'backchannel'];
const withoutTable = ['discovery', 'jwks', 'health', 'whoami'];

let bundles: Metafile['outputs'];
const bundle = (name: string) => bundles[`dist/${name}/index.cjs`]!;
const modulesOf = (name: string) => Object.keys(bundle(name).inputs);

beforeAll(async () => {
  ({ outputs: bundles } = await analyseFunctions());
});

describe('The bundles:', () => {
  it('there is one for each function, and one for each module that is loaded on demand', () => {
    const expected = [
      ...Object.keys(LATER).map((name) => `dist/${name}.cjs`),
      ...names.map((name) => `dist/${name}/index.cjs`),
    ];
    expect(Object.keys(bundles).toSorted()).toEqual(expected.toSorted());
  });

  it.each(Object.entries(BUNDLE_GOALS))(
    '%s has at most %d bytes, together with any one module that it loads on demand',
    (name, most) => {
      for (const later of laterOf(name)) {
        expect(bundle(name).bytes + bundles[`dist/${later}.cjs`]!.bytes).toBeLessThanOrEqual(most);
      }
      expect(bundle(name).bytes).toBeLessThanOrEqual(most);
    },
  );

  it.each(names)(
    '%s needs nothing but Node.js, and has next to it only the modules that it loads on demand',
    (name) => {
      const others = bundle(name).imports.filter(({ path }) => !isBuiltin(path));
      expect(others.map(({ path }) => path).toSorted()).toEqual(
        laterOf(name)
          .map((file) => `./${file}.cjs`)
          .toSorted(),
      );
    },
  );

  it.each(names)('%s starts without the AWS SDK and without jose', (name) => {
    expect(modulesOf(name).filter((path) => /node_modules\/(@aws-sdk|jose)\//.test(path))).toEqual([]);
  });

  it.each(names)('%s contains the AWS client only if it always needs the table', (name) => {
    expect(modulesOf(name).includes('lib/aws-client.ts')).toBe(!withoutTable.includes(name));
  });

  it.each(withoutTable)('%s contains no package', (name) => {
    expect(modulesOf(name).filter((path) => path.startsWith('node_modules/'))).toEqual([]);
  });

  it('the AWS client contains no package', () => {
    const modules = Object.keys(bundles['dist/aws-client.cjs']!.inputs);
    expect(modules.filter((path) => path.includes('node_modules'))).toEqual([]);
  });

  it.each(names)('%s contains grant types only if it issues tokens or lists grant types', (name) => {
    const grants = modulesOf(name).filter((path) => path.startsWith('lib/grants/'));
    expect(grants.length > 0).toBe(['token', 'authorization', 'discovery'].includes(name));
  });

  it.each(names)('%s does not contain the code that explains tokens to the command line', (name) => {
    expect(modulesOf(name).filter((path) => /^lib\/tokens\/explanation/.test(path))).toEqual([]);
  });

  // A class that is bundled twice is two classes, so `instanceof` would fail.
  it.each(Object.keys(LATER))(
    '%s, which is loaded on demand, contains no module with a class that others have',
    (name) => {
      const modules = Object.keys(bundles[`dist/${name}.cjs`]!.inputs).filter((path) => path.startsWith('lib/'));
      const others = modules.filter((path) => !path.endsWith(`/${name}.ts`) && !PURE.includes(path));
      expect(others).toEqual([]);
    },
  );

  it.each(names)('%s contains code that signs only if it issues tokens of any kind', (name) => {
    expect(modulesOf(name).includes('lib/keys/signer.ts')).toBe(signing.includes(name));
  });
});
