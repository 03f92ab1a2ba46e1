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
  'aws-client': ['jwks', 'discovery'],
  'jwe-cipher': ['token', 'authorization', 'introspection', 'revocation', 'userinfo', 'authorizer'],
};
const laterOf = (name: string) => Object.keys(LATER).filter((later) => LATER[later]?.includes(name));
const signing = ['token', 'authorization', 'backchannel'];
const withoutTable = ['discovery', 'jwks', 'whoami'];

let bundles: Metafile['outputs'];
const bundle = (name: string) => bundles[`dist/${name}/index.cjs`]!;
const modulesOf = (name: string) => Object.keys(bundle(name).inputs);

beforeAll(async () => {
  ({ outputs: bundles } = await analyseFunctions());
});

describe('the bundles', () => {
  it('are one for each function, and one for each thing that some deployments load later', () => {
    const expected = [
      ...Object.keys(LATER).map((name) => `dist/${name}.cjs`),
      ...names.map((name) => `dist/${name}/index.cjs`),
    ];
    expect(Object.keys(bundles).toSorted()).toEqual(expected.toSorted());
  });

  it.each(Object.entries(BUNDLE_GOALS))('%s has at most %d bytes, with either that it may load later', (name, most) => {
    for (const later of laterOf(name)) {
      expect(bundle(name).bytes + bundles[`dist/${later}.cjs`]!.bytes).toBeLessThanOrEqual(most);
    }
    expect(bundle(name).bytes).toBeLessThanOrEqual(most);
  });

  it.each(names)('%s needs nothing but Node, and what is loaded later only where it is used', (name) => {
    const others = bundle(name).imports.filter(({ path }) => !isBuiltin(path));
    expect(others.map(({ path }) => path).toSorted()).toEqual(
      laterOf(name)
        .map((file) => `./${file}.cjs`)
        .toSorted(),
    );
  });

  it.each(names)('%s starts without the AWS SDK and without jose', (name) => {
    expect(modulesOf(name).filter((path) => /node_modules\/(@aws-sdk|jose)\//.test(path))).toEqual([]);
  });

  it.each(names)('%s holds the AWS client only if it always needs the table', (name) => {
    expect(modulesOf(name).includes('lib/aws-client.ts')).toBe(!withoutTable.includes(name));
  });

  it.each(withoutTable)('%s holds no package at all', (name) => {
    expect(modulesOf(name).filter((path) => path.startsWith('node_modules/'))).toEqual([]);
  });

  it('the AWS client holds no package but the signature of requests', () => {
    const modules = Object.keys(bundles['dist/aws-client.cjs']!.inputs).filter((path) => path.includes('node_modules'));
    expect(modules.filter((path) => !/^node_modules\/(@smithy\/(signature-v4|core|types)|tslib)\//.test(path))).toEqual(
      [],
    );
  });

  it.each(names)('%s holds a grant only if it issues tokens or says which', (name) => {
    const grants = modulesOf(name).filter((path) => path.startsWith('lib/grants/'));
    expect(grants.length > 0).toBe(['token', 'authorization', 'discovery'].includes(name));
  });

  it.each(names)('%s explains no token: that is for the command line', (name) => {
    expect(modulesOf(name).filter((path) => /^lib\/tokens\/explanation/.test(path))).toEqual([]);
  });

  // A class that is there twice is two classes, and `instanceof` tells them apart.
  it.each(Object.keys(LATER))('%s, which is loaded later, holds nothing of ours but itself', (name) => {
    const modules = Object.keys(bundles[`dist/${name}.cjs`]!.inputs).filter((path) => path.startsWith('lib/'));
    expect(modules).toEqual([expect.stringMatching(new RegExp(`/${name}\\.ts$`))]);
  });

  it.each(names)('%s can sign only if it issues tokens of any kind', (name) => {
    expect(modulesOf(name).includes('lib/keys/signer.ts')).toBe(signing.includes(name));
  });
});
