import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { demoApis } from '../../infra/demo-apis.ts';
import { announce } from '../../infra/local/announcement.ts';
import { openDataDirectory } from '../../infra/local/data-directory.ts';
import { diskProblem } from '../../infra/local/disk-problem.mjs';
import { describeKeyChange } from '../../infra/local/local-keys.ts';
import { parseOptions } from '../../infra/local/options.ts';
import { identifiersOf } from '../../infra/local/seed.ts';
import { createSeedTable } from '../../infra/local/seed-table.ts';
import { startTable } from '../../infra/local/table.ts';
import { keyOfSchema } from '../../lib/store/schema.ts';
import type { Item, Key } from '../../lib/store/table.ts';
import { version } from '../../package.json';
import { reusablePort } from '../support/port.ts';
import { isLongRun } from '../support/scale.ts';
import { sharedService } from '../support/shared.ts';
import {
  type LocalWorld,
  removeTemporary,
  requestToken,
  startLocalWorld,
  temporary,
  withKeysInKms,
} from './local-world.ts';

const running = new Set<LocalWorld>();
async function start(args: readonly string[], directory: string): Promise<LocalWorld> {
  const world = await startLocalWorld(args, directory);
  running.add(world);
  return world;
}
async function stop(world: LocalWorld): Promise<void> {
  running.delete(world);
  await world.stop();
}
afterEach(() => Promise.all([...running].map(stop)));
afterAll(removeTemporary);

const statusAt = async ({ issuer }: LocalWorld, token: string) =>
  (await fetch(`${issuer}/whoami`, { headers: { authorization: `Bearer ${token}` } })).status;

async function tokenOf(world: LocalWorld, name = 'machine-reference'): Promise<string> {
  return ((await (await requestToken(world, name)).json()) as { access_token: string }).access_token;
}

describe('The state of a local stack', () => {
  it('is kept in .latchkey/data/PORT, so that a restart keeps secrets and tokens, until --fresh', async () => {
    const directory = temporary();
    const args = ['--port', String(await reusablePort())];
    const first = await start(args, directory);
    const token = await tokenOf(first);
    await stop(first);
    expect(existsSync(join(directory, '.latchkey/data', args[1] ?? '', 'table'))).toBe(true);

    const second = await start(args, directory);
    expect(second.demo.clients).toEqual(first.demo.clients);
    expect(second.demo.users).toEqual(first.demo.users);
    expect(await statusAt(second, token)).toBe(200);
    await stop(second);

    const third = await start([...args, '--fresh'], directory);
    expect(third.demo.users['alice']?.password).not.toBe(first.demo.users['alice']?.password);
    expect(await statusAt(third, token)).toBe(403);
  });

  it('keeps the keys of each origin: after a change of --keys one line says which tokens are refused, and until when', async () => {
    const data = ['--data', temporary(), '--port', String(await reusablePort())];
    const change = (world: LocalWorld) => world.said.filter((line) => line.startsWith('--keys'));
    const first = await start(data, temporary());
    expect(change(first)).toEqual([]);
    const tokens = await Promise.all(['machine-jwt', 'machine-reference'].map((name) => tokenOf(first, name)));
    await stop(first);

    const second = await start([...data, ...withKeysInKms], temporary());
    expect(change(second)).toEqual([
      '--keys kms: the keys of the stand-in for KMS sign now; JWTs, reference tokens, refresh tokens and sessions from --keys environment are refused until you start with --keys environment again',
    ]);
    for (const token of tokens) expect(await statusAt(second, token)).toBe(403);
    const [jwt, reference] = [await tokenOf(second, 'machine-jwt'), await tokenOf(second)];
    await stop(second);
    expect(describeKeyChange('kms', 'wrapped')).toBe(
      '--keys wrapped: the keys of the key registry sign now; JWTs from --keys kms are refused until you start with --keys kms again',
    );

    if (isLongRun) {
      const third = await start([...data, '--keys', 'wrapped'], temporary());
      expect(change(third)).toEqual([describeKeyChange('kms', 'wrapped')]);
      await tokenOf(third, 'machine-jwt'); // makes the first key
      expect(await statusAt(third, jwt)).toBe(403);
      expect(await statusAt(third, reference)).toBe(200);
      await stop(third);

      const fourth = await start(data, temporary());
      for (const token of tokens) expect(await statusAt(fourth, token)).toBe(200);
    }
  });

  it('is not kept with port 0', async () => {
    const { directory } = await sharedService();
    expect(existsSync(join(directory, '.latchkey/demo.json'))).toBe(true);
    expect(existsSync(join(directory, '.latchkey/data'))).toBe(false);
  });

  it('can be used by one stack at a time, and --fresh does not delete that of a running stack', async () => {
    const data = temporary();
    const { table: path } = await openDataDirectory(data);
    const { endpoint, tableName, stop: close } = await startTable({ path });
    const table = createSeedTable(endpoint, tableName);
    const item = { pk: 'ITEM', sk: 'ITEM' };
    await table.put(item);
    const expected = { name: 'Problem', message: `${data}/table is in use by another process` };
    await expect(openDataDirectory(data)).rejects.toMatchObject(expected);
    await expect(openDataDirectory(data, true)).rejects.toMatchObject(expected);
    expect(await table.get(item)).toEqual(item);
    await close();
  });

  it('of a newer version is refused with the name of the file, until --fresh', async () => {
    const data = temporary();
    const file = join(data, 'local.json');
    writeFileSync(file, JSON.stringify({ version: 2, demo: {} }));
    expect(() => parseOptions(['--data', data, '--fresh'], {})).not.toThrow();
    const directory = await openDataDirectory(data);
    expect(() => directory.load()).toThrow(
      expect.objectContaining({
        name: 'Problem',
        message: `${file} has format 2, but this version of Latchkey can only read formats up to 1: update Latchkey, choose another --data, or start over with --fresh`,
      }),
    );
    expect((await openDataDirectory(data, true)).load()).toBeUndefined();
  });

  it('with a table of a newer schema is refused at the start, and nothing is added to it', async () => {
    const data = temporary();
    const path = (await openDataDirectory(data)).table;
    const tableName = 'latchkey-local';
    const items = async (write?: Item & Key) => {
      const { endpoint, stop: close } = await startTable({ path, tableName });
      const table = createSeedTable(endpoint, tableName);
      if (write) await table.put(write);
      const found = await Promise.all(['CLIENT', 'SCHEMA', 'USER', 'RESOURCE_SERVER'].map((sk) => table.scan(sk)));
      await close();
      return found.flat();
    };
    const newer = { ...keyOfSchema, version: 7, needs: '0.9.0' };
    await items(newer);
    await expect(start(['--data', data], temporary())).rejects.toMatchObject({
      name: 'Problem',
      message: `--data ${data}: the table has schema 7, this version of Latchkey (${version}) understands up to 1: use version 0.9.0 or newer, choose another --data, or start over with --fresh`,
    });
    expect(await items()).toEqual([newer]);
    expect(existsSync(join(data, 'local.json'))).toBe(false);
  });

  it('is replaced as a whole: whoever reads local.json during a change reads all of the old content', async () => {
    const data = temporary();
    const directory = await openDataDirectory(data);
    const saved = (issuer: string) => ({ demo: { clients: {}, resources: {}, users: {} }, issuer });
    directory.save(saved('http://localhost:1'));
    const opened = openSync(join(data, 'local.json'), 'r');
    directory.save(saved('http://localhost:2'));
    expect(JSON.parse(readFileSync(opened, 'utf8'))).toMatchObject({ issuer: 'http://localhost:1' });
    closeSync(opened);
    expect(directory.load()).toMatchObject({ issuer: 'http://localhost:2' });
    expect(readdirSync(data).sort()).toEqual(['local.json', 'table']);
  });

  it('contains the version of its format', async () => {
    const data = temporary();
    const directory = await openDataDirectory(data);
    directory.save({ demo: { clients: {}, resources: {}, users: {} } });
    expect(JSON.parse(readFileSync(join(data, 'local.json'), 'utf8'))).toMatchObject({ version: 1 });
    expect(directory.load()).toMatchObject({ version: 1, demo: { clients: {} } });
  });
});

describe('The running stacks of a directory are announced in .latchkey', () => {
  const content = (name: string) => ({
    issuer: `http://localhost/${name}`,
    table: { endpoint: `${origin}/${name}` },
  });
  /** Stands for the tables of all stacks that run. */
  const table = createServer();
  let origin: string;
  beforeAll(async () => {
    await once(table.listen(0, '127.0.0.1'), 'listening');
    origin = `http://127.0.0.1:${(table.address() as AddressInfo).port}`;
  });
  afterAll(() => void table.close());
  const read = (directory: string, name: string): unknown =>
    JSON.parse(readFileSync(join(directory, '.latchkey', `${name}.json`), 'utf8'));

  it('in a file for each port, and in demo.json for the last one', async () => {
    const directory = temporary();
    await announce(directory, 3000, content('a'));
    await announce(directory, 4000, content('b'));
    expect(read(directory, '3000')).toEqual({ ...content('a'), pid: process.pid });
    expect(read(directory, '4000')).toEqual({ ...content('b'), pid: process.pid });
    expect(read(directory, 'demo')).toEqual(content('b'));
    for (const name of ['3000.json', 'demo.json']) {
      expect(statSync(join(directory, '.latchkey', name)).mode & 0o777).toBe(0o600);
    }
  });

  it('and demo.json describes another running stack after the last one has stopped', async () => {
    const directory = temporary();
    const endFirst = await announce(directory, 3000, content('a'));
    const endSecond = await announce(directory, 4000, content('b'));
    await endSecond();
    expect(existsSync(join(directory, '.latchkey/4000.json'))).toBe(false);
    expect(read(directory, 'demo')).toEqual(content('a'));
    await endFirst();
    expect(existsSync(join(directory, '.latchkey/3000.json'))).toBe(false);
    expect(read(directory, 'demo')).toEqual(content('a'));
  });

  it('and demo.json stays as it is when another stack stops', async () => {
    const directory = temporary();
    const endFirst = await announce(directory, 3000, content('a'));
    await announce(directory, 4000, content('b'));
    await endFirst();
    expect(read(directory, 'demo')).toEqual(content('b'));
  });

  it('and the file of a killed process is ignored', async () => {
    const directory = temporary();
    const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(child, 'exit');
    mkdirSync(join(directory, '.latchkey'));
    const left = join(directory, '.latchkey/5000.json');
    writeFileSync(left, JSON.stringify({ ...content('killed'), pid: child.pid }));
    await announce(directory, 3000, content('a'));
    expect(existsSync(left)).toBe(false);
    const end = await announce(directory, 4000, content('b'));
    writeFileSync(left, JSON.stringify({ ...content('killed'), pid: child.pid }));
    await end();
    expect(read(directory, 'demo')).toEqual(content('a'));
  });

  it.each([
    [
      'of a killed stack whose process id another process has',
      { pid: process.pid, table: { endpoint: 'http://127.0.0.1:9' } },
    ],
    ['of something else', { pid: process.pid, table: null }],
  ])('and the file %s is removed by the next start', async (_, left) => {
    const directory = temporary();
    mkdirSync(join(directory, '.latchkey'));
    const file = join(directory, '.latchkey/5000.json');
    writeFileSync(file, JSON.stringify(left));
    await announce(directory, 3000, content('a'));
    expect(existsSync(file)).toBe(false);
  });
});

describe('The demo APIs', () => {
  const plain = { orders: 'orders', billing: 'billing' };
  const registered = (apis: Record<string, string>) => {
    const resources = Object.entries(apis).map(([name, identifier]) => [name, { identifier, secret: '' }]);
    return { demo: { clients: {}, users: {}, resources: Object.fromEntries(resources) } };
  };

  test.each([
    ['are URIs in a new table', undefined, undefined, demoApis],
    ['are URIs beside another API', undefined, 'things', demoApis],
    ['keep the plain names that version 0.1.0 gave them', registered(plain), undefined, plain],
    ['take the plain name of --audience in a new table', undefined, 'orders', { ...demoApis, orders: 'orders' }],
    ['keep their URIs with a plain name as --audience', registered(demoApis), 'orders', demoApis],
  ])('%s', (_, known, own, identifiers) => {
    expect(identifiersOf(known, own)).toEqual(identifiers);
  });
});

const IDENTIFIER =
  '--audience needs the identifier of an API: a URL or a name that begins with a letter or digit, without spaces and #, and without punctuation at its end';

describe('--param of npm start', () => {
  test.each<[string[], object]>([
    [['--param', 'token-lifetime=600'], { 'token-lifetime': '600' }],
    [['--param', 'service-name=A=B', '--param', 'clock-skew='], { 'service-name': 'A=B', 'clock-skew': '' }],
  ])('accepts NAME=VALUE: %j', (args, parameters) => {
    expect(parseOptions(args, {}).parameters).toEqual(parameters);
  });

  test.each<[string[], string]>([
    [['--param', 'token-lifetime'], '--param token-lifetime: write NAME=VALUE, as in token-lifetime=600'],
    [['--param', '=600'], '--param =600: write NAME=VALUE, as in token-lifetime=600'],
    [['--param', 'issuer=https://a'], '--param issuer: use --issuer instead'],
    [['--param', 'keys=kms'], '--param keys: use --keys instead'],
    [['--param', 'audience=a'], '--param audience: use --audience instead'],
    [['--param', 'clock-skew=1', '--param', 'clock-skew=2'], '--param clock-skew is given twice'],
    [
      ['--issuer', 'http://a.example'],
      '--issuer http://a.example: must be an https URL (http is only allowed on loopback)',
    ],
    [['--audience', ''], IDENTIFIER],
    [['--audience', 'a b'], IDENTIFIER],
    [['--audience=-bad'], IDENTIFIER],
    [['--audience', 'orders.'], IDENTIFIER],
  ])('refuses in one sentence: %j', (args, message) => {
    expect(() => parseOptions(args, {})).toThrow(expect.objectContaining({ name: 'Problem', message }));
  });

  test('refuses a name that serverless.yml does not have, and lists the names', () => {
    const given = ['--param', 'token-lifetime=600', '--param', 'token-lifetme=600'];
    expect(() => parseOptions(given, {})).toThrow(
      expect.objectContaining({
        name: 'Problem',
        message: expect.stringMatching(
          /^--param token-lifetme: there is no such parameter; use one of .*revocation-max-age, .*token-lifetime/,
        ),
      }),
    );
  });
});

describe('A file that cannot be written is reported in one sentence:', () => {
  const failure = (code: string, path?: string) => Object.assign(new Error(code), { code, ...(path && { path }) });
  test.each<[unknown, string | undefined]>([
    [failure('ENOSPC'), 'cannot write a file: the disk is full'],
    [failure('EROFS', '/a'), 'cannot write /a: the file system is read-only'],
    [failure('EACCES', '/a'), 'cannot write /a: this user may not write there'],
    [failure('ENOENT', '/a'), undefined],
    [new Error('IO error: /a/7.log: No space left on device'), 'cannot write /a/7.log: the disk is full'],
    [new Error('IO error: /a/7.log: Disk quota exceeded'), 'cannot write /a/7.log: the disk quota is used up'],
    [new Error('IO error: /a/LOCK: No such file or directory'), undefined],
    ['ENOSPC', undefined],
  ])('%s', (error, sentence) => {
    expect(diskProblem(error)).toBe(sentence);
  });
});
