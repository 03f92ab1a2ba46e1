import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseOptions } from '../infra/local/options.ts';
import { alternatives, variables } from '../lib/config.ts';
import { type LocalService, root } from './support/local-service.ts';
import { blocks, readme, runBlocks, section } from './support/readme.ts';
import { sharedService } from './support/shared.ts';

// The drills on keys need keys of another origin: see infra/local-keys.test.ts.
describe('The commands of the README, pasted into a shell beside npm start,', () => {
  let service: LocalService;
  beforeAll(async () => {
    service = await sharedService();
  });
  const run = (code: string[]) => runBlocks(code, service.directory);

  it('take a reader in “Five minutes” from a token of each kind to its refusal after revocation', async () => {
    const [, jwt, whoami, active, revoked, reference, app, cli] = await run(blocks(section('Five minutes'), 'sh'));
    expect(jwt).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(JSON.parse(whoami ?? '')).toMatchObject({ client_id: 'machine-jwt', aud: 'orders', scope: 'orders:read' });
    expect(JSON.parse(active ?? '')).toMatchObject({ active: true, client_id: 'machine-jwt' });
    expect(revoked).toBe('{"active":false}HTTP/1.1 403 Forbidden');
    expect(reference).toMatch(/^lk_at_[\w-]{48}\n\{"client_id":"machine-reference".*\}HTTP\/1\.1 403 Forbidden$/);
    expect(app).toMatch(/^http:\/\/localhost:\d+ as alice with [\w-]+$/);
    expect(cli).toMatch(/lk_cs_[\w-]{43}/);
    expect(cli).toMatch(/revoked/);
  });

  it('create users and their clients, sign users out, and disable them, in “Users”', async () => {
    const output = (await run(blocks(section('Users'), 'sh'))).join('\n');
    expect(output).toMatch(/^email +bob@example\.com$/m);
    expect(output).toMatch(/^redirect_uris +com\.example\.shop:\/callback$/m);
    expect(output.match(/^password +[a-z\d]{5}(-[a-z\d]{5}){3}$/gm)).toHaveLength(2);
    expect(output).toMatch(/^enabled +no$/m);
    expect(output).toMatch(/withdrawn/);
  });

  it('create an API and a client, add a secret, and disable the client, in “Administration”', async () => {
    const output = (await run(blocks(section('Administration'), 'sh'))).join('\n');
    expect(output.match(/lk_cs_[\w-]{43}/g)).toHaveLength(3);
    expect(output).toMatch(/^enabled +no$/m);
  });
});

it('The options of npm start in the README, under “Protect your own API locally”, are ones that it takes', async () => {
  const command = blocks(section('Protect your own API locally'), 'sh')
    .join('')
    .match(/^npm start -- (.*)$/m)?.[1];
  const { stdout } = await promisify(execFile)('bash', ['-c', `printf '%s\\n' ${command}`]);
  expect(parseOptions(stdout.trim().split('\n'), {})).toMatchObject({
    audience: 'things',
    routes: [{ key: 'GET /things' }, { key: 'ANY /things/{proxy+}' }],
  });
});

describe('The configuration table of the README', () => {
  const rows = new Map(
    [...section('Configuration').matchAll(/^\| `([A-Z_]+)` \| (.+?) \| (.+?) \|$/gm)].map(([, name, , fallback]) => [
      name,
      fallback,
    ]),
  );

  it('names every variable that the code reads, and no other', () => {
    expect([...rows.keys()].toSorted()).toEqual(Object.keys(variables).toSorted());
  });

  it.each(Object.entries(variables))('states the default of %s as the code has it', (name, variable) => {
    const others = Object.values(alternatives)
      .filter((names) => names.some((each) => each === name))
      .flatMap((names) => names.filter((each) => each !== name));
    const mayBeAbsent = name === 'WRAPPING_KMS_KEY';
    const needed = others.length > 0 ? `this or ${others.map((each) => `\`${each}\``).join(' or ')}` : 'required';
    const fallback = 'default' in variable ? `\`${variable.default}\`` : needed;
    expect(rows.get(name)).toBe(fallback === '``' || mayBeAbsent ? 'none' : fallback);
  });
});

describe('The table of dependencies in the README', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  it('gives a reason for each package in package.json', () => {
    const named = [...section('Dependencies').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    const all = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(named.toSorted()).toEqual(all.toSorted());
  });
});

it('The README names only npm scripts that exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const named = [...readme.matchAll(/npm run ([a-z:-]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});
