import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundleCommandLine, options, PROGRAM } from '../../infra/cli/bundle.mjs';
import { fingerprint, root, sources } from '../../infra/cli/fingerprint.mjs';

let outputs: Metafile['outputs'];
let inputs: string[];

beforeAll(async () => {
  const { metafile } = await build({ ...options, metafile: true });
  outputs = metafile.outputs;
  inputs = Object.keys(metafile.inputs);
});

/** A file of the bundle with all that is loaded together with it. */
function loadedWith(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const { path, kind } of outputs[file]?.imports ?? []) {
    if (kind === 'import-statement' && outputs[path]) loadedWith(path, found);
  }
  return found;
}

const modulesOf = (files: Iterable<string>) => [...files].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}));
const bytesOf = (files: Iterable<string>) => [...files].reduce((sum, file) => sum + (outputs[file]?.bytes ?? 0), 0);
const outputOf = (source: string) =>
  Object.keys(outputs).find((file) => outputs[file]?.entryPoint === source) ?? source;

const GROUPS = ['client', 'resource', 'secret', 'user', 'token', 'keys', 'grants', 'consents', 'init'];
const NOT_FOR_HELP = /@aws-sdk|@smithy|node_modules\/jose|lib\/store\//;

describe('The bundle of the command line', () => {
  it('loads neither store nor AWS client nor command for --help, --version and a mistyped command', () => {
    const files = loadedWith(PROGRAM);
    const modules = modulesOf(files);
    expect(modules.filter((path) => NOT_FOR_HELP.test(path))).toEqual([]);
    expect(modules.filter((path) => GROUPS.some((group) => path === `infra/cli/${group}.ts`))).toEqual([]);
    expect(bytesOf(files)).toBeLessThan(150_000);
  });

  it.each(GROUPS)('loads neither store nor AWS client for help and usage errors of %s', (group) => {
    const file = outputOf(`infra/cli/${group}.ts`);
    expect(outputs).toHaveProperty([file]);
    const modules = modulesOf(loadedWith(file));
    expect(modules.filter((path) => /@aws-sdk|@smithy|node_modules\/jose|lib\/store\/dynamodb/.test(path))).toEqual([]);
  });

  it('loads no AWS SDK for commands on the table', () => {
    const modules = modulesOf(loadedWith(outputOf('infra/cli/store.ts')));
    expect(modules.filter((path) => /@aws-sdk|node_modules\/jose/.test(path))).toEqual([]);
    expect(bytesOf(loadedWith(outputOf('infra/cli/store.ts')))).toBeLessThan(250_000);
  });

  it('consists of packages and of files that its fingerprint covers', () => {
    const covered = new Set(sources());
    const others = inputs.filter((path) => !path.startsWith('node_modules/') && !covered.has(path));
    expect(others).toEqual([]);
  });
});

describe('The fingerprint of the command line', () => {
  function copy(): string {
    const directory = mkdtempSync(join(tmpdir(), 'latchkey-fingerprint-'));
    for (const file of [
      'infra/cli',
      'infra/environment-size.ts',
      'infra/problem.ts',
      'infra/random-password.ts',
      'infra/resources/region.cjs',
      'lib/oauth',
      'lib/clock.ts',
      'package.json',
      'tsconfig.json',
    ]) {
      cpSync(join(root, file), join(directory, file), { recursive: true });
    }
    return directory;
  }

  it('is the same for a copy of the sources', () => {
    expect(fingerprint(copy())).toBe(fingerprint(copy()));
  });

  it.each<[string, (directory: string) => void]>([
    ['an edit that leaves size and time of the file as they were', editUnseen],
    ['a new file', (directory) => writeFileSync(join(directory, 'lib/oauth/new.ts'), '')],
    ['other packages', installOthers],
  ])('changes with %s', (_, change) => {
    const directory = copy();
    const before = fingerprint(directory);
    change(directory);
    expect(fingerprint(directory)).not.toBe(before);
  });

  function editUnseen(directory: string) {
    const file = join(directory, 'lib/clock.ts');
    const { atime, mtime } = statSync(file);
    writeFileSync(file, readFileSync(file, 'utf8').replace('e', 'E'));
    utimesSync(file, atime, mtime);
  }

  function installOthers(directory: string) {
    mkdirSync(join(directory, 'node_modules'));
    writeFileSync(join(directory, 'node_modules/.package-lock.json'), '{}');
  }
});

it('A process that shows the help loads only the launcher and one chunk of the bundle', async () => {
  const directory = await bundleCommandLine();
  const coverage = mkdtempSync(join(tmpdir(), 'latchkey-loaded-'));
  const args = [join(root, 'infra/cli/latchkey.mjs'), '--help'];
  execFileSync(process.execPath, args, { env: { ...process.env, NODE_V8_COVERAGE: coverage } });
  const [report = ''] = readdirSync(coverage);
  const { result } = JSON.parse(readFileSync(join(coverage, report), 'utf8')) as { result: { url: string }[] };
  const loaded = result.filter(({ url }) => url.startsWith('file:')).map(({ url }) => fileURLToPath(url));
  const expected = [
    ...['latchkey.mjs', 'fingerprint.mjs'].map((file) => join(root, 'infra/cli', file)),
    join(root, 'infra/require-node.mjs'),
    ...[...loadedWith(PROGRAM)].map((file) => join(directory, basename(file))),
  ];
  expect(loaded.toSorted()).toEqual(expected.toSorted());
});
