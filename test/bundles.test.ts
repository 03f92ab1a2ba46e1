import { readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename } from 'node:path';
import type { Metafile } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyseFunctions } from '../infra/build.mjs';
import { BUNDLE_GOALS } from './bench/bundle-sizes.ts';

const names = readdirSync(new URL('../functions', import.meta.url)).map((file) => basename(file, '.ts'));
/** Whoever mints, parses or signs: the keys may be in KMS. */
const usesKms = ['token', 'introspection', 'revocation', 'authorizer'];
const LATER = 'dist/kms-client.cjs';
const withoutTable = ['discovery', 'jwks', 'whoami'];

let bundles: Metafile['outputs'];
let sources: Metafile['inputs'];
const bundle = (name: string) => bundles[`dist/${name}/index.cjs`]!;
const modulesOf = (name: string) => Object.keys(bundle(name).inputs);

beforeAll(async () => {
  ({ outputs: bundles, inputs: sources } = await analyseFunctions());
});

describe('the bundles', () => {
  it('are one for each function, and one for what some deployments load later', () => {
    const expected = [LATER, ...names.map((name) => `dist/${name}/index.cjs`)];
    expect(Object.keys(bundles).toSorted()).toEqual(expected.toSorted());
  });

  it.each(Object.entries(BUNDLE_GOALS))('%s has at most %d bytes, with what it may load later', (name, most) => {
    const later = usesKms.includes(name) ? bundles[LATER]!.bytes : 0;
    expect(bundle(name).bytes + later).toBeLessThanOrEqual(most);
  });

  it.each(names)('%s needs nothing but Node, and the client of KMS only where keys are used', (name) => {
    const others = bundle(name).imports.filter(({ path }) => !isBuiltin(path));
    expect(others.map(({ path }) => path)).toEqual(usesKms.includes(name) ? ['./kms-client.cjs'] : []);
  });

  it.each(names)('%s starts without the client of KMS', (name) => {
    expect(modulesOf(name).filter((path) => path.includes('client-kms'))).toEqual([]);
  });

  it.each(names)('%s holds the DynamoDB client only if it has a table', (name) => {
    const client = modulesOf(name).some((path) => path.startsWith('node_modules/@aws-sdk/client-dynamodb/'));
    expect(client).toBe(!withoutTable.includes(name));
  });

  it.each(withoutTable)('%s holds no package at all', (name) => {
    expect(modulesOf(name).filter((path) => path.startsWith('node_modules/'))).toEqual([]);
  });

  it.each(names)('%s looks for AWS credentials in the environment only', (name) => {
    expect(modulesOf(name).filter((path) => /credential-provider-(?!env)/.test(path))).toEqual([]);
  });

  it.each(names)('%s holds a grant only if it issues tokens or says which', (name) => {
    const grants = modulesOf(name).filter((path) => path.startsWith('lib/grants/'));
    expect(grants.length > 0).toBe(['token', 'discovery'].includes(name));
  });

  // What one module alone imports, and that one is loaded with the first encrypted token.
  it('load jose no earlier than they need it', () => {
    const imports = Object.entries(sources).flatMap(([file, source]) =>
      source.imports.map(({ path, kind }) => ({ file, path, kind })),
    );
    const ofJose = imports.filter(({ file, path }) => /^node_modules\/jose\//.test(path) && !file.includes('/jose/'));
    expect(new Set(ofJose.map(({ file }) => file))).toEqual(new Set(['lib/tokens/jwe-cipher.ts']));
    const ofCipher = imports.filter(({ path }) => path === 'lib/tokens/jwe-cipher.ts');
    expect(ofCipher).toEqual([{ file: 'lib/tokens/jwe.ts', path: 'lib/tokens/jwe-cipher.ts', kind: 'dynamic-import' }]);
  });

  it.each(names)('%s can sign only if it issues tokens', (name) => {
    expect(modulesOf(name).includes('lib/keys/signer.ts')).toBe(name === 'token');
  });
});
