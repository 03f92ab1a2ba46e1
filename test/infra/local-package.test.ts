import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, test } from 'vitest';
import { packagedTemplate } from '../../infra/local/packaged-template.ts';
import { createSecrets } from '../../infra/local/secrets.ts';
import { readTemplate } from '../../infra/local/template.ts';
import { type ChangeHandlers, watch } from '../../infra/local/watch.ts';
import { complaint, type Packaging, packageStack, templateFile } from '../../infra/package-stack.ts';
import { scaled } from '../support/scale.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

/** The sources of a stack, in a temporary directory. */
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

describe('The package of the stack', () => {
  it('is made once, and again when one of its sources changes', async () => {
    const root = copy();
    const made: string[] = [];
    const run = async ({ stage }: Packaging, service: string) => {
      made.push(stage);
      mkdirSync(join(service, '.serverless'));
      writeFileSync(join(service, '.serverless', templateFile), String(made.length));
    };
    const packaged = async (stage: string, parameters = {}) =>
      readFileSync(join(await packageStack({ root, stage, parameters }, run), templateFile), 'utf8');

    expect([await packaged('dev'), await packaged('dev')]).toEqual(['1', '1']);
    expect([await packaged('prod'), await packaged('dev', { keys: 'kms' })]).toEqual(['2', '3']);
    change(root, (text) => `${text}\n# changed\n`);
    expect([await packaged('dev'), await packaged('dev')]).toEqual(['4', '4']);
    writeFileSync(join(root, 'infra/resources/more.yml'), '');
    expect(await packaged('dev')).toBe('5');
    // What was made for `prod` and for other keys is still there, and only the newest for `dev`.
    expect(readdirSync(join(root, 'node_modules/.cache/latchkey/packages'))).toHaveLength(3);
  });

  it('is the same for all ports', async () => {
    const issuer = async (url: string) => {
      const stack = readTemplate(await packagedTemplate(root, url), createSecrets());
      return stack.functions.get('TokenLambdaFunction')?.environment['ISSUER'];
    };
    expect(await issuer('http://localhost:1')).toBe('http://localhost:1');
    expect(await issuer('http://localhost:2')).toBe('http://localhost:2');
  });
});

const broken: [string, (text: string) => string, RegExp][] = [
  [
    'a parameter with a value that is not allowed',
    (text) => text.replace(/^( +encrypted-tokens: ).*$/gm, "$1'true'"),
    /: parameter encrypted-tokens must be one of on, off$/,
  ],
  ['an unknown property', (text) => text.replace('package:', 'pakcage:'), /unrecognized property 'pakcage'$/],
  ['text that is no YAML', (text) => `${text}\n]`, / in "serverless\.yml" \(\d+:1\)$/],
  [
    'a fragment that is not there',
    (text) => text.replace('resources/table.yml', 'resources/gone.yml'),
    /"resources\.0"/,
  ],
];

// Each is a run of `serverless`. The first one also shows that it calls the plugin that checks parameters.
describe('A serverless.yml that cannot be packaged is reported in one line:', () => {
  test.concurrent.each(broken.slice(0, scaled(1, broken.length)))('%s', async (_, replace, expected) => {
    const root = copy();
    change(root, replace);
    const packaging = packagedTemplate(root, 'http://localhost:1');
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
])('The output %j of serverless contains the error %j', (output, message) => {
  expect(complaint(output)).toBe(message);
});

describe('npm start -- --watch', () => {
  /** The next change that is reported. */
  async function watching(trigger: (directory: string, build: () => void) => void): Promise<string> {
    const directory = copy();
    const controller = new AbortController();
    let build = () => {};
    const told = new Promise<string>((resolve) => {
      const changes: ChangeHandlers = {
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
  ])('reports a change of %s as a change of the %s', async (_, expected, trigger) => {
    expect(await watching(trigger)).toBe(expected);
  });
});
