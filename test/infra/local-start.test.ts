// What `npm start` does as a whole. Only what is about the process runs as a process: the rest calls `run` in this one.
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { demoApis } from '../../infra/demo-apis.ts';
import { run } from '../../infra/local/local-service.ts';
import { help, parseOptions } from '../../infra/local/options.ts';
import { launchLocalService, type Program, root } from '../support/local-service.ts';
import { describeInLongRun, itInLongRun } from '../support/long-run.ts';
import { reusablePort } from '../support/port.ts';
import { isLongRun } from '../support/scale.ts';
import { sharedService } from '../support/shared.ts';
import { expectTourToWork } from './local-tour.ts';
import {
  type LocalWorld,
  removeTemporary,
  requestToken,
  startLocalWorld,
  temporary,
  withKeysInKms,
} from './local-world.ts';

const thisFile = fileURLToPath(import.meta.url);

const programs: Program[] = [];
const worlds: LocalWorld[] = [];
afterAll(async () => {
  await Promise.all([...programs.map((program) => program.end('SIGKILL')), ...worlds.map((world) => world.stop())]);
  removeTemporary();
});

function launch(...parameters: Parameters<typeof launchLocalService>): Program {
  const program = launchLocalService(...parameters);
  programs.push(program);
  return program;
}

async function startWorld(...args: string[]): Promise<LocalWorld> {
  const world = await startLocalWorld(args);
  worlds.push(world);
  return world;
}

type Running = Parameters<typeof requestToken>[0];

async function getToken(running: Running, name: string): Promise<string> {
  const response = await requestToken(running, name);
  expect(response.status).toBe(200);
  return ((await response.json()) as { access_token: string }).access_token;
}

async function whoami({ issuer }: Running, token: string): Promise<number> {
  return (await fetch(`${issuer}/whoami`, { headers: { authorization: `Bearer ${token}` } })).status;
}

async function revoke({ issuer, demo }: Running, name: string, token: string): Promise<number> {
  const { client_id = '', client_secret = '' } = demo.clients[name] ?? {};
  const headers = { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` };
  return (await fetch(`${issuer}/revoke`, { method: 'POST', headers, body: new URLSearchParams({ token }) })).status;
}

const keySet = async ({ issuer }: Running) => (await fetch(`${issuer}/.well-known/jwks.json`)).json();

const machines = ['machine-jwt', 'machine-encrypted', 'machine-sealed', 'machine-reference'];

describe('npm start', () => {
  it('prints a tour that works when it is pasted into a shell, and then that it is ready, without errors', async () => {
    const { issuer, written } = await sharedService();
    expect(written.err).toBe('');
    expect(written.out).toMatch(/\nready http:\/\/localhost:\d+ \(\d+ ms\)\n$/);
    await expectTourToWork(written.out, issuer);
  });

  it('writes clients, APIs, a user and the table to .latchkey/demo.json, which only its owner may read', async () => {
    const { issuer, directory, demo } = await sharedService();
    expect(statSync(join(directory, '.latchkey/demo.json')).mode & 0o777).toBe(0o600);
    expect(demo).toMatchObject({
      issuer,
      app: expect.stringMatching(/^http:\/\/localhost:\d+$/),
      users: { alice: { username: 'alice', password: expect.stringMatching(/^[a-z\d]{5}(-[a-z\d]{5}){3}$/) } },
      table: { endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), name: 'latchkey-local' },
    });
    const withSecret = [...machines, 'web', 'legacy'];
    expect(demo.clients).toEqual({
      ...Object.fromEntries(
        withSecret.map((client_id) => [client_id, { client_id, client_secret: expect.any(String) }]),
      ),
      spa: { client_id: 'spa' },
    });
    expect(demo.resources).toEqual({
      orders: { identifier: demoApis.orders, secret: expect.any(String) },
      billing: { identifier: demoApis.billing, secret: expect.any(String) },
    });
  });

  it('keeps tokens of every format valid over a restart with --data, and prints the output of functions with --verbose', async () => {
    const data = temporary();
    const args = ['--data', data, '--port', String(await reusablePort())];
    const program = launch([...args, '--verbose']);
    const first = await program.ready();
    const tokens = await Promise.all(machines.map((name) => getToken(first, name)));
    const revoked = await getToken(first, 'machine-jwt');
    expect(await revoke(first, 'machine-jwt', revoked)).toBe(200);
    await expect
      .poll(() => program.written.err, { timeout: 240_000 })
      .toMatch(/^latchkey-local-token: \{"level":"info"/m);

    // Another process may not use its table.
    await expect(startWorld('--data', data)).rejects.toMatchObject({
      name: 'Problem',
      message: `${data}/table is in use by another process`,
    });

    expect(await program.end('SIGINT')).toBe(0);
    await expect(fetch(first.issuer)).rejects.toThrow('fetch failed');
    for (const name of readdirSync(data)) expect(statSync(join(data, name)).mode & 0o077, name).toBe(0);

    const second = await startWorld(...args);
    for (const part of ['issuer', 'clients', 'resources', 'users'] as const) {
      expect(second.demo[part], part).toEqual(first.demo[part]);
    }
    const statuses = await Promise.all([...tokens, revoked].map((token) => whoami(second, token)));
    expect(statuses).toEqual([200, 200, 200, 200, 403]);
  });

  // In the normal run, the stacks of local-own-api.test.ts and cli-local.test.ts have keys in KMS.
  itInLongRun(
    'with --keys kms prints a tour that works, and with --data signs with the same key after a restart',
    async () => {
      const args = [...withKeysInKms, '--data', temporary(), '--port', String(await reusablePort())];
      const first = await startWorld(...args);
      expect(first.complaints).toEqual([]);
      await expectTourToWork(first.said.join('\n'), first.issuer);
      const tokens = [await getToken(first, 'machine-jwt'), await getToken(first, 'machine-reference')];
      const keys = await keySet(first);
      await first.stop();

      const second = await startWorld(...args);
      expect(await keySet(second)).toEqual(keys);
      for (const token of tokens) expect(await whoami(second, token)).toBe(200);
    },
  );
});

// Which sentence there is for which error: local-state.test.ts.
describeInLongRun('A disk that becomes full while npm start runs', () => {
  it('ends the process with one sentence and exit code 1, and the next start continues with the state', async () => {
    const data = temporary();
    const args = ['--data', data, '--port', String(await reusablePort())];
    const program = launch(args, { NODE_OPTIONS: `--require ${join(root, 'test/support/full-disk.cjs')}` });
    const running = await program.ready();
    const token = await getToken(running, 'machine-reference');
    writeFileSync(join(data, 'table/full'), '');
    await expect(requestToken(running, 'machine-reference')).rejects.toThrow('fetch failed');
    expect(await program.end()).toBe(1);
    expect(program.written.err).toBe(`latchkey: cannot write ${data}/table/000005.log: the disk is full\n`);

    rmSync(join(data, 'table/full'));
    const second = await startWorld(...args);
    expect(await whoami(second, token)).toBe(200);
  });
});

describe('The options of npm start', () => {
  it.each<[string[], Record<string, string>, object]>([
    [[], {}, { port: 3000, keys: 'environment', watch: false, verbose: false, help: false }],
    [[], { PORT: '4000', LOG_LEVEL: 'debug' }, { port: 4000, verbose: true, logLevel: 'debug' }],
    [
      ['--port', '0', '--data', 'x', '--watch', '--verbose'],
      { PORT: '1' },
      { port: 0, data: 'x', watch: true, verbose: true },
    ],
    [['--keys', 'kms'], {}, { keys: 'kms' }],
    [['--keys', 'wrapped'], {}, { keys: 'wrapped' }],
    [[], { PORT: '', LOG_LEVEL: '' }, { port: 3000, verbose: false }],
  ])('are read from the arguments %j and the variables %j', (args, env, expected) => {
    expect(parseOptions(args, env)).toMatchObject(expected);
  });

  it('are explained by --help, which starts nothing', async () => {
    expect(parseOptions(['--help'], {})).toMatchObject({ help: true });
    if (isLongRun) {
      const program = launch(['--help']);
      expect(await program.end()).toBe(0);
      expect(program.written).toEqual({ out: help, err: '' });
    }
    for (const option of ['--port', '--data', '--keys', '--watch', '--verbose', '--help', 'LOG_LEVEL', 'PORT']) {
      expect(help).toContain(option);
    }
  });
});

describe('A mistake of the user', () => {
  const seeHelp = '; see npm start -- --help';
  it.each<[string, string[], Record<string, string>, string]>([
    ['an unknown option', ['--prot', '1'], {}, `Unknown option '--prot'${seeHelp}`],
    ['an argument that is no option', ['fast'], {}, `Unexpected argument 'fast'${seeHelp}`],
    ['an option without its value', ['--data'], {}, `Option '--data <value>' argument missing${seeHelp}`],
    [
      'a value that begins with a dash',
      ['--audience', '-bad'],
      {},
      '--audience needs a value; write one that begins with - as in --audience=-value',
    ],
    [
      'an option in place of a value',
      ['--data', '--fresh'],
      {},
      '--data needs a value; write one that begins with - as in --data=-value',
    ],
    ['an empty directory', ['--data='], {}, '--data needs the path of a directory'],
    ['a port that is no number', ['--port', 'http'], {}, '--port must be a number from 0 to 65535'],
    ['a port that is too high', ['--port', '65536'], {}, '--port must be a number from 0 to 65535'],
    ['an unknown origin of keys', ['--keys', 'hsm'], {}, '--keys must be one of environment, kms, wrapped'],
    ['a port in a variable that is out of range', [], { PORT: '-1' }, 'PORT must be a number from 0 to 65535'],
  ])('is reported in one sentence before anything starts: %s', (_, args, env, message) => {
    expect(() => parseOptions(args, env)).toThrow(expect.objectContaining({ name: 'Problem', message }));
  });

  it('is one line, and the process exits with code 1', async () => {
    const program = launch(['--prot']);
    expect(await program.end()).toBe(1);
    expect(program.written).toEqual({ out: '', err: `latchkey: Unknown option '--prot'${seeHelp}\n` });
  });

  /** A start that fails. */
  function start(args: string[], env: Record<string, string> = {}, building: Promise<unknown> = Promise.resolve()) {
    const build = { functions: building, watchFunctions: () => Promise.reject(new Error('watches nothing')) };
    const surroundings = { directory: temporary(), say: () => {}, complain: () => {} };
    return run(parseOptions(args, { PORT: '0', ...env }), build, new AbortController().signal, surroundings);
  }

  it('is reported in one sentence: a value that the functions do not accept', async () => {
    await expect(start([], { LOG_LEVEL: 'loud' })).rejects.toMatchObject({
      name: 'Problem',
      message: 'latchkey-local-token: LOG_LEVEL must be one of debug, info, warn, error, silent',
    });
  });

  it.each<[string[], string]>([
    [['--param', 'token-lifetime='], 'parameter token-lifetime must not be empty'],
    [['--param', 'token-lifetime=abc'], 'parameter token-lifetime must be a whole number from 1 to 86400'],
    [['--param', 'rotation=on'], 'parameter rotation can only be used with keys=wrapped'],
    [
      ['--issuer', 'https://a.example', '--audience', 'https://a.example'],
      '--audience must not be the issuer, for which any client may get tokens',
    ],
  ])('is reported in one sentence before --fresh deletes anything: %j', async (args, message) => {
    const data = temporary();
    writeFileSync(join(data, 'local.json'), '{}');
    const expected = { name: 'Problem', message };
    await expect(start([...args, '--data', data, '--fresh'])).rejects.toMatchObject(expected);
    expect(readdirSync(data)).toEqual(['local.json']);
  });

  it('is reported in one sentence: a directory that is a file', async () => {
    await expect(start(['--data', thisFile])).rejects.toMatchObject({
      name: 'Problem',
      message: `--data ${thisFile}: a part of this path is a file; choose another directory`,
    });
  });

  if (existsSync('/proc/self')) {
    it('is reported in one sentence: a directory where none can be made', async () => {
      await expect(start(['--data', '/proc/x'])).rejects.toMatchObject({
        name: 'Problem',
        message: '--data /proc/x: no directory can be created there; choose another directory',
      });
    });
  }

  it('is reported in one sentence: a port that another program uses', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(start(['--port', String(port)])).rejects.toMatchObject({
      name: 'Problem',
      message: `port ${port} is taken: choose another one with --port or PORT`,
    });
    server.close();
  });

  it('is reported in one sentence: functions that cannot be built', async () => {
    const error = new Error('Build failed with 1 error:\nfunctions/token.ts:1:1: ERROR: Expected ";"');
    await expect(start([], {}, Promise.reject(error))).rejects.toMatchObject({
      name: 'Problem',
      message: 'the build failed: functions/token.ts:1:1: ERROR: Expected ";"',
    });
  });
});
