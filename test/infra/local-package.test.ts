import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, test } from 'vitest';
import { complaint, packagedTemplate } from '../../infra/local/packaged-template.ts';
import { createSecrets } from '../../infra/local/secrets.ts';
import { readTemplate } from '../../infra/local/template.ts';
import { type Changes, watch } from '../../infra/local/watch.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

/** What a stack is packaged from, in a directory of its own. */
function copy(): string {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-copy-'));
  directories.push(directory);
  mkdirSync(join(directory, 'infra'));
  for (const part of ['package.json', 'serverless.yml', 'infra/resources']) {
    cpSync(join(root, part), join(directory, part), { recursive: true });
  }
  return directory;
}

function change(directory: string, replace: (text: string) => string): void {
  const file = join(directory, 'serverless.yml');
  writeFileSync(file, replace(readFileSync(file, 'utf8')));
}

it('is packaged once for all ports, and again when something changes', async () => {
  const directory = copy();
  const issuer = (text: string) =>
    readTemplate(text, createSecrets()).functions.get('TokenLambdaFunction')?.environment['ISSUER'];
  expect(issuer(await packagedTemplate(directory, 'http://localhost:1'))).toBe('http://localhost:1');

  // What was kept is used: it is seen to be, because it is changed.
  const file = join(directory, 'node_modules/.cache/latchkey/template.json');
  const kept = JSON.parse(readFileSync(file, 'utf8')) as { key: string; template: string };
  writeFileSync(file, JSON.stringify({ ...kept, template: '"http://localhost:PORT"' }));
  expect(await packagedTemplate(directory, 'http://localhost:2')).toBe('"http://localhost:2"');

  change(directory, (text) => `${text}\n# changed\n`);
  expect(issuer(await packagedTemplate(directory, 'http://localhost:3'))).toBe('http://localhost:3');
});

describe('a broken serverless.yml is one line', () => {
  test.concurrent.each<[string, (text: string) => string, RegExp]>([
    ['no YAML', (text) => `${text}\n]`, / in "serverless\.yml" \(\d+:1\)$/],
    ['an unknown property', (text) => text.replace('package:', 'pakcage:'), /unrecognized property 'pakcage'$/],
    [
      'a fragment that is not there',
      (text) => text.replace('resources/table.yml', 'resources/gone.yml'),
      /"resources\.0"/,
    ],
  ])('%s', async (_, replace, expected) => {
    const directory = copy();
    change(directory, replace);
    const packaging = packagedTemplate(directory, 'http://localhost:1');
    await expect(packaging).rejects.toMatchObject({ name: 'Problem', message: expect.stringMatching(expected) });
    await expect(packaging).rejects.toMatchObject({
      message: expect.stringMatching(/^serverless\.yml cannot be packaged: [^\n]+$/),
    });
  });
});

test.each([
  ['\u001b[31m✖ Something is wrong\u001b[0m\n\nEnvironment: linux\n', 'Something is wrong'],
  ['Packaging…\nError:\nFirst line\nsecond line\n\n1 deprecation found', 'First line second line'],
  ['no decoration', 'no decoration'],
])('%j complains of %j', (output, message) => {
  expect(complaint(output)).toBe(message);
});

describe('watching', () => {
  /** The next of the changes that are told. */
  async function watching(trigger: (directory: string, build: () => void) => void): Promise<string> {
    const directory = copy();
    const controller = new AbortController();
    let build = () => {};
    const told = new Promise<string>((resolve) => {
      const changes: Changes = {
        code: async () => resolve('code'),
        template: async () => resolve('template'),
        failed: (error) => resolve(String(error)),
      };
      const watchFunctions = async (onBuild: () => void) => {
        build = onBuild;
        return { dispose: async () => {} };
      };
      void watch(directory, watchFunctions, controller.signal, changes).then(() => {
        build(); // the first is of no change
        trigger(directory, build);
      });
    });
    return told.finally(() => controller.abort());
  }

  test.each<[string, string, (directory: string, build: () => void) => void]>([
    ['a source', 'code', (_, build) => build()],
    ['serverless.yml', 'template', (directory) => change(directory, (text) => `${text}\n`)],
    [
      'a fragment',
      'template',
      (directory) => utimesSync(join(directory, 'infra/resources/table.yml'), new Date(), new Date()),
    ],
  ])('%s that changes is told as %s', async (_, expected, trigger) => {
    expect(await watching(trigger)).toBe(expected);
  });
});
