// `npm run release`, in a git repository of its own.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../infra/release.mjs', import.meta.url));

const CHANGELOG = `# Changelog

## [Unreleased]

### Fixed

- A client may call itself "Unreleased".

## [0.9.0] - 2020-01-01

- The first one.
`;

const author = {
  GIT_AUTHOR_NAME: 'Somebody',
  GIT_AUTHOR_EMAIL: 'somebody@example.com',
  GIT_COMMITTER_NAME: 'Somebody',
  GIT_COMMITTER_EMAIL: 'somebody@example.com',
  // Whatever the person who runs the tests has set up: signing, hooks.
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
};

let directory = '';

const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: directory, env: { ...process.env, ...author }, encoding: 'utf8' }).trim();
const read = (file: string) => readFileSync(join(directory, file), 'utf8');
const write = (file: string, text: string) => writeFileSync(join(directory, file), text);

function commit(subject: string) {
  git('add', '--all');
  git('commit', '--quiet', '--message', subject);
}

function release(...args: string[]) {
  const options = { cwd: directory, env: { ...process.env, ...author }, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], options);
  return { status, stdout, stderr };
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'latchkey-release-'));
  const fixture = `node -e "fs.writeFileSync('fixture.txt', process.argv[1])"`;
  write('package.json', JSON.stringify({ name: 'x', version: '0.9.0', scripts: { fixture } }, null, 2));
  write('package-lock.json', JSON.stringify({ name: 'x', version: '0.9.0', packages: { '': { version: '0.9.0' } } }));
  write('CHANGELOG.md', CHANGELOG);
  git('init', '--quiet', '--initial-branch', 'main');
  commit('Begin');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('npm run release', () => {
  it('commits and tags the version, with a dated section of the changelog and a fixture', () => {
    const before = Date.now();
    expect(release('0.10.0')).toMatchObject({ status: 0, stderr: '' });

    expect(JSON.parse(read('package.json'))).toMatchObject({ version: '0.10.0' });
    expect(JSON.parse(read('package-lock.json'))).toMatchObject({
      version: '0.10.0',
      packages: { '': { version: '0.10.0' } },
    });
    const [, date = ''] = /^## \[0\.10\.0\] - (.*)$/m.exec(read('CHANGELOG.md')) ?? [];
    expect([before, Date.now()].map((time) => new Date(time).toISOString().slice(0, 10))).toContain(date);
    expect(read('CHANGELOG.md')).toBe(
      CHANGELOG.replace('## [Unreleased]\n', `## [Unreleased]\n\n## [0.10.0] - ${date}\n`),
    );
    expect(read('fixture.txt')).toBe('0.10.0');
    expect(git('status', '--porcelain')).toBe('');
    expect(git('log', '--format=%s')).toBe('Release 0.10.0\nBegin');
    expect(git('cat-file', '-t', 'v0.10.0')).toBe('tag');
    expect(git('rev-parse', 'v0.10.0^{commit}')).toBe(git('rev-parse', 'HEAD'));
  });

  it.each<[string, () => void, string[], string]>([
    ['no version', () => {}, [], 'no version is given'],
    ['a version that is not of the form X.Y.Z', () => {}, ['1.0'], 'no version is given'],
    ['a version with leading zeros', () => {}, ['1.00.0'], 'no version is given'],
    ['the version before', () => {}, ['0.9.0'], 'version 0.9.0 is not above the current version 0.9.0'],
    ['a version below the one before', () => {}, ['0.8.99'], '0.8.99 is not above the current version 0.9.0'],
    ['a tree with changes', () => write('new.txt', ''), ['1.0.0'], 'uncommitted changes'],
    ['a tag that is there already', () => git('tag', 'v1.0.0'), ['1.0.0'], 'the tag v1.0.0 already exists'],
    [
      'a changelog with nothing unreleased',
      () => {
        write('CHANGELOG.md', CHANGELOG.replace(/### Fixed[^#]*/, ''));
        commit('Take it back');
      },
      ['1.0.0'],
      'nothing under "Unreleased"',
    ],
    [
      'a fixture that cannot be made',
      () => {
        const manifest = JSON.parse(read('package.json')) as object;
        write('package.json', JSON.stringify({ ...manifest, scripts: { fixture: 'exit 3' } }));
        commit('Break the fixture');
      },
      ['1.0.0'],
      'Command failed: npm run --silent fixture -- 1.0.0',
    ],
  ])('refuses in one sentence, and changes nothing: %s', (_name, prepare, args, reason) => {
    prepare();
    const [head, status] = [git('rev-parse', 'HEAD'), git('status', '--porcelain')];
    const { status: code, stdout, stderr } = release(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^release: [^\n]*\n$/);
    expect(stderr).toContain(reason);
    expect([git('rev-parse', 'HEAD'), git('status', '--porcelain')]).toEqual([head, status]);
  });
});
