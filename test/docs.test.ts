import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { demoApis } from '../infra/demo-apis.ts';
import { parseOptions } from '../infra/local/options.ts';
import { handleKeys, registrySigningKeys, signingKeys, variables } from '../lib/config.ts';
import { drawKept, type PictureName, pictures, placeOf } from './bench/pictures.ts';
import { blocks, document, runBlocks, runCommands, section } from './support/docs.ts';
import { type LocalService, root } from './support/local-service.ts';
import { sharedService } from './support/shared.ts';

// The drills on keys need keys of another origin: see infra/local-keys.test.ts.
describe('The commands of the documents, pasted into a shell while npm start runs,', () => {
  let service: LocalService;
  beforeAll(async () => {
    service = await sharedService();
  });
  const commandsOf = (page: string) => runCommands(blocks(document(page), 'sh'), service.directory);

  it('take a reader of the README from a token of each kind to its refusal after revocation', async () => {
    const [, jwt, whoami, active, revoked, reference, app, cli] = await runBlocks(
      blocks(section(document('README.md'), 'Five minutes'), 'sh'),
      service.directory,
    );
    expect(jwt).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(JSON.parse(whoami ?? '')).toMatchObject({
      client_id: 'machine-jwt',
      aud: demoApis.orders,
      scope: 'orders:read',
    });
    expect(JSON.parse(active ?? '')).toMatchObject({ active: true, client_id: 'machine-jwt' });
    expect(revoked).toBe('{}\n{"active":false}HTTP/1.1 403 Forbidden');
    expect(reference).toMatch(/^lk_at_[\w-]{51}\n\{"client_id":"machine-reference".*\}\{\}\nHTTP\/1\.1 403 Forbidden$/);
    expect(app).toMatch(/^http:\/\/localhost:\d+ as alice with [\w-]+$/);
    expect(cli).toMatch(/lk_cs_[\w-]{43}/);
    expect(cli).toMatch(/revoked/);
  });

  it('create users and their clients, sign users out, and disable them, as the page on users says', async () => {
    const output = (await commandsOf('docs/users.md')).join('\n');
    expect(output).toMatch(/^email +bob@example\.com$/m);
    expect(output).toMatch(/^redirect_uris +com\.example\.shop:\/callback$/m);
    expect(output.match(/^password +[a-z\d]{5}(-[a-z\d]{5}){3}$/gm)).toHaveLength(2);
    expect(output).toMatch(/^enabled +no$/m);
    expect(output).toMatch(/withdrawn/);
  });

  it('give groups and roles to users and clients, as the page on claims says', async () => {
    const output = (await commandsOf('docs/claims.md')).join('\n');
    expect(output).toMatch(/^user_claims_in_id_token +yes$/m);
    expect(output).toMatch(/^groups +staff, Domain Admins$/m);
    expect(output).toMatch(/^roles +exporter$/m);
    expect(output).toMatch(/^groups_claim +cognito:groups$/m);
  });

  it('create an API and a client, add a secret, and disable the client, as the page on the command line says', async () => {
    const output = (await commandsOf('docs/command-line.md')).join('\n');
    expect(output.match(/lk_cs_[\w-]{43}/g)).toHaveLength(3);
    expect(output).toMatch(/^enabled +no$/m);
  });
});

it.each([
  ['README.md', 'Protect your own API locally'],
  ['docs/protect-an-api.md', 'On your machine'],
])('%s starts a server of your own, under “%s”, with options that npm start takes', async (file, heading) => {
  const command = blocks(section(document(file), heading), 'sh')
    .join('')
    .match(/^npm start -- (.*)$/m)?.[1];
  const { stdout } = await promisify(execFile)('bash', ['-c', `printf '%s\\n' ${command}`]);
  expect(parseOptions(stdout.trim().split('\n'), {})).toMatchObject({
    audience: 'https://things.example',
    routes: [{ key: 'GET /things' }, { key: 'ANY /things/{proxy+}' }],
  });
});

/** The file whose default parameters are the ones that a deployment may change. */
const serverless = parse(document('serverless.yml'), { logLevel: 'silent' }) as {
  params: Record<string, Record<string, unknown>>;
};

describe('The page on configuration', () => {
  const page = document('docs/configuration.md');
  const rows = new Map(
    [...section(page, 'Variables of the functions').matchAll(/^\| `([A-Z_]+)` \| (.+?) \| (.+?) \|$/gm)].map(
      ([, name, , fallback]) => [name, fallback],
    ),
  );

  it('names every variable that the code reads, and no other', () => {
    expect([...rows.keys()].toSorted()).toEqual(Object.keys(variables).toSorted());
  });

  it.each(Object.entries(variables))('states the default of %s as the code has it', (name, variable) => {
    const others = [signingKeys, registrySigningKeys, ...Object.values(handleKeys)]
      .filter((names) => names.some((each) => each === name))
      .flatMap((names) => names.filter((each) => each !== name));
    const needed = others.length > 0 ? `this or ${others.map((each) => `\`${each}\``).join(' or ')}` : 'required';
    const fallback = 'default' in variable ? `\`${variable.default}\`` : needed;
    expect(rows.get(name)).toBe('optional' in variable ? 'none' : fallback);
  });

  const parameters = new Map(
    [...section(page, 'Parameters of serverless.yml').matchAll(/^\| `([a-z-]+)` \| (?:.+?) \| (.+?) \|$/gm)].map(
      ([, name = '', fallback = '']) => [name, fallback],
    ),
  );
  const defaults = serverless.params['default'] ?? {};

  it('names every parameter of serverless.yml, and no other', () => {
    expect([...parameters.keys()].toSorted()).toEqual(Object.keys(defaults).toSorted());
  });

  // A default that is computed from other values is described in words.
  const plain = Object.entries(defaults).filter(([, value]) => !/\$\{/.test(String(value)));
  it.each(plain)('states the default of the parameter %s as serverless.yml has it', (name, value) => {
    expect(parameters.get(name)).toBe(value === '' || value === null ? 'none' : `\`${value}\``);
  });
});

describe('The page on dependencies', () => {
  const manifest = JSON.parse(document('package.json'));
  it('gives a reason for each package in package.json', () => {
    const named = [...document('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    const all = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(named.toSorted()).toEqual(all.toSorted());
  });
});

describe('The page on client libraries', () => {
  const rows = document('docs/clients.md')
    .split('\n')
    .map((line) => line.split(' | '))
    .filter(([, version = '']) => /^\d/.test(version))
    .map(([name = '', version]) => `${name.replace(/^\| |`| \(.*/g, '')} ${version}`);

  it('names the versions that the tests use', () => {
    expect(rows.length).toBeGreaterThan(5);
    const pinned = pinnedVersions();
    expect(rows.filter((row) => !pinned.has(row))).toEqual([]);
  });
});

describe('The curves in the docs', () => {
  it.each(Object.keys(pictures) as PictureName[])('are drawn from the figures beside them: %s', async (name) => {
    await expect(await drawKept(name)).toMatchFileSnapshot(`${placeOf(name)}.svg`);
  });
});

describe('The documents', () => {
  const files = documents();

  it.each(files)('%s names only npm scripts that exist', (file) => {
    const { scripts } = JSON.parse(document('package.json'));
    const named = [...document(file).matchAll(/npm run (?:-s )?([a-z][a-z:-]*)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it.each(files)('%s links only to files and headings that exist', (file) => {
    expect(brokenLinks(file, document(file))).toEqual([]);
  });

  it.each(files.filter((file) => file !== 'CHANGELOG.md'))('%s names only files that exist', (file) => {
    const named = [...document(file).matchAll(/`((?:lib|test|infra|functions|examples|docs)\/[\w./-]+)`/g)];
    expect(named.map(([, path = '']) => path).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('are all linked from another one', () => {
    const linked = files.flatMap((file) => linksOf(document(file)).map((link) => targetOf(file, link).path));
    expect(files.filter((file) => file !== 'README.md' && !linked.includes(file))).toEqual([]);
  });

  it('begin with a README of at most 250 lines', () => {
    expect(document('README.md').split('\n').length - 1).toBeLessThanOrEqual(250);
  });

  it.each([
    ['[a](docs/nothing.md)', 'docs/nothing.md'],
    ['[a](docs/keys.md#nothing)', 'docs/keys.md#nothing'],
    ['[a](#nothing)', '#nothing'],
    ['![a](docs/nothing.svg)', 'docs/nothing.svg'],
  ])('would not be allowed to contain %s', (text, link) => {
    expect(brokenLinks('README.md', text)).toEqual([link]);
  });
});

it('The layout in the design names the folders of lib, and no others', () => {
  const folders = readdirSync(join(root, 'lib'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const [, lib = ''] = section(document('docs/design.md'), '6. Layout')
    .split(/^ {4}(?=\w+\/)/m)
    .slice(1);
  const named = [...lib.matchAll(/^ {6}([\w-]+)\/ /gm)].map(([, name = '']) => name);
  expect(named.toSorted()).toEqual(folders.map(({ name }) => name).toSorted());
});

/** Every document that people read, by its path. */
function documents(): string[] {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => posix.join('docs', name));
  return ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...inDocs].filter((file) =>
    existsSync(join(root, file)),
  );
}

interface LockedPackage {
  readonly name?: string;
  readonly version: string;
}

/** The packages that the tests of client libraries use, each with its version. */
function pinnedVersions(): Set<string> {
  const ofNpm = ['package-lock.json', 'test/clients/browser/package-lock.json']
    .flatMap((lock) => Object.entries(JSON.parse(document(lock)).packages as Record<string, LockedPackage>))
    .map(([path, { name = path.replace('node_modules/', ''), version }]) => `${name} ${version}`);
  const ofOthers = [
    ...document('test/clients/python/requirements.txt').matchAll(/^(?<name>[\w-]+)==(?<version>.+)$/gm),
    ...document('test/clients/go/go.mod').matchAll(/^\t(?<name>\S+) v(?<version>\S+)$/gm),
  ];
  const poms = document('test/clients/java/pom.xml') + document('examples/spring/pom.xml');
  const ofJava = poms.matchAll(
    /<groupId>(\S+)<\/groupId>\s+<artifactId>(\S+)<\/artifactId>\s+(?:<!--.*-->\s+)?<version>(\S+)<\/version>/g,
  );
  const inJava = [...ofJava].map(([, group, artifact, version]) =>
    `${group}:${artifact} ${version}`.replace('org.springframework.boot:spring-boot-starter-parent', 'Spring Boot'),
  );
  return new Set([...ofNpm, ...inJava, ...ofOthers.map(({ groups }) => `${groups?.['name']} ${groups?.['version']}`)]);
}

const withoutCode = (text: string): string => text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, 'code');

/** The targets of links and pictures, except those to other sites. */
const linksOf = (text: string): string[] =>
  [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) =>
    /^https?:/.test(target) ? [] : [target],
  );

/** What a link in a file points to: a path in the project, and a heading there. */
function targetOf(file: string, link: string): { path: string; heading?: string | undefined } {
  const [path = '', heading] = link.split('#');
  return { path: path === '' ? file : posix.join(posix.dirname(file), path), heading };
}

/** Of a heading, the name by which GitHub lets a link point to it. */
const anchorsOf = (text: string): string[] =>
  [...text.replace(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

const brokenLinks = (file: string, text: string): string[] =>
  linksOf(text).filter((link) => {
    const { path, heading } = targetOf(file, link);
    if (!existsSync(join(root, path))) return true;
    return heading !== undefined && !anchorsOf(path === file ? text : document(path)).includes(heading);
  });
