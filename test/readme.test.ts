import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alternatives, variables } from '../lib/config.ts';
import { type LocalService, root, startLocalService } from './support/local-service.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The text under a heading, up to the next one of the same level. */
function section(heading: string): string {
  const [, text = ''] = readme.split(`\n## ${heading}`);
  return text.split('\n## ')[0] ?? '';
}

const blocks = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, code = '']) => code);

/** That of a level lower, within the text of a section. */
const subsection = (text: string, heading: string) => text.split(`\n### ${heading}\n`)[1]?.split('\n### ')[0] ?? '';

/** For a shell in which a script is as if pasted in the project, but that `npx` finds the CLI from anywhere. */
const npx = `npx() { shift; node ${join(root, 'infra/cli/latchkey.mjs')} "$@"; }\n`;
const shell = (script: string) => ['-euo', 'pipefail', '-c', npx + script];

const runInShell = (script: string, { directory }: LocalService) =>
  execFileSync('bash', shell(script), { cwd: directory }).toString();

describe('the tour', () => {
  let service: LocalService;
  beforeAll(async () => {
    service = await startLocalService();
  });
  afterAll(() => service.stop());

  it('works as it stands', () => {
    const script = blocks(section('Five minutes'), 'sh').join('\necho; echo ----\n');
    const output = runInShell(script, service);
    const [, jwt, whoami, active, revoked, reference, app, cli] = output.split('----\n').map((part) => part.trim());
    expect(jwt).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(JSON.parse(whoami ?? '')).toMatchObject({ client_id: 'machine-jwt', aud: 'orders', scope: 'orders:read' });
    expect(JSON.parse(active ?? '')).toMatchObject({ active: true, client_id: 'machine-jwt' });
    expect(revoked).toBe('{"active":false}HTTP/1.1 403 Forbidden');
    expect(reference).toMatch(/^lk_at_[\w-]{48}\n\{"client_id":"machine-reference".*\}HTTP\/1\.1 403 Forbidden$/);
    expect(app).toMatch(/^http:\/\/localhost:\d+ as alice with [\w-]+$/);
    expect(cli).toMatch(/lk_cs_[\w-]{43}/);
    expect(cli).toMatch(/revoked/);
  });
});

describe('users', () => {
  let service: LocalService;
  beforeAll(async () => {
    service = await startLocalService();
  });
  afterAll(() => service.stop());

  it('work as it stands', () => {
    const output = runInShell(blocks(section('Users'), 'sh').join('\n'), service);
    expect(output).toMatch(/^email +bob@example\.com$/m);
    expect(output).toMatch(/^redirect_uris +com\.example\.shop:\/callback$/m);
    expect(output.match(/^password +[a-z\d]{5}(-[a-z\d]{5}){3}$/gm)).toHaveLength(2);
    expect(output).toMatch(/^enabled +no$/m);
    expect(output).toMatch(/withdrawn/);
  });
});

describe('administration', () => {
  let service: LocalService;
  beforeAll(async () => {
    service = await startLocalService();
  });
  afterAll(() => service.stop());

  it('works as it stands', () => {
    const output = runInShell(blocks(section('Administration'), 'sh').join('\n'), service);
    expect(output.match(/lk_cs_[\w-]{43}/g)).toHaveLength(3);
    expect(output).toMatch(/^enabled +no$/m);
  });
});

describe('the drills on keys', () => {
  let service: LocalService;
  beforeAll(async () => {
    service = await startLocalService(['--keys', 'wrapped']);
  });
  afterAll(() => service.stop());

  // A container that runs learns of a change within a minute. For many requests at once others start, which know at once.
  const impatience =
    'sleep() { for i in {1..4}; do curl -s -u $CLIENT -d grant_type=client_credentials $ISSUER/token >/dev/null & done; wait; }';

  it('work as they stand', async () => {
    const [definitions] = blocks(section('Five minutes'), 'sh');
    const keys = section('Rotating keys');
    const drills = ['A rotation', 'A compromise'].flatMap((heading) => blocks(subsection(keys, heading), 'sh'));
    expect(drills).toHaveLength(4);
    const script = [definitions, impatience, ...drills].join('\necho; echo ----\n');
    const { stdout } = await promisify(execFile)('bash', shell(script), { cwd: service.directory });
    const [, , listed, refused, rotated, compromised] = stdout.split('----\n').map((part) => part.trim());
    expect(listed).toMatch(/ active /);
    expect(refused).toBe('too early');
    expect(rotated).toMatch(/^status +active$[\s\S]*\n200\n200\ntoo early$/m);
    expect(compromised).toMatch(/^took +\d+ ms$[\s\S]*\n403\n\{"active":false\}200\n\{"active":true,.*\}$/m);
  });
});

describe('the configuration table', () => {
  const rows = new Map(
    [...section('Configuration').matchAll(/^\| `([A-Z_]+)` \| (.+?) \| (.+?) \|$/gm)].map(([, name, , fallback]) => [
      name,
      fallback,
    ]),
  );

  it('names every variable that is read, and no other', () => {
    expect([...rows.keys()].toSorted()).toEqual(Object.keys(variables).toSorted());
  });

  it.each(Object.entries(variables))('states the default of %s', (name, variable) => {
    const others = Object.values(alternatives)
      .filter((names) => names.some((each) => each === name))
      .flatMap((names) => names.filter((each) => each !== name));
    const mayBeAbsent = name === 'WRAPPING_KMS_KEY';
    const needed = others.length > 0 ? `this or ${others.map((each) => `\`${each}\``).join(' or ')}` : 'required';
    const fallback = 'default' in variable ? `\`${variable.default}\`` : needed;
    expect(rows.get(name)).toBe(fallback === '``' || mayBeAbsent ? 'none' : fallback);
  });
});

describe('the table of dependencies', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  it('gives a reason for every one', () => {
    const named = [...section('Dependencies').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    const all = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(named.toSorted()).toEqual(all.toSorted());
  });
});

it('names only npm scripts that there are', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const named = [...readme.matchAll(/npm run ([a-z:-]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});
