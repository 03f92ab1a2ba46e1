// `npm start` as a process of its own, in a directory of its own.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it, test } from 'vitest';
import { run } from '../../infra/local/local-service.ts';
import { parseOptions } from '../../infra/local/options.ts';

const program = fileURLToPath(new URL('../../infra/local/start.mjs', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));

const ends: (() => unknown)[] = [];
afterAll(() => Promise.all(ends.map((end) => end())));

/** Starts the program; `out` and `err` are what it has written so far. */
function launch(args: string[], env: Record<string, string> = {}) {
  const cwd = mkdtempSync(join(tmpdir(), 'latchkey-start-'));
  const { LOG_LEVEL: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [program, ...args], { cwd, env: { ...inherited, PORT: '0', ...env } });
  const written = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (written.out += chunk));
  child.stderr.on('data', (chunk) => (written.err += chunk));
  const closed = once(child, 'close');
  ends.push(async () => {
    child.kill('SIGKILL');
    await closed;
    rmSync(cwd, { recursive: true });
  });
  return { child, written, closed, demoFile: join(cwd, '.latchkey/demo.json') };
}

/** What a run writes that ends by itself. */
async function runToEnd(args: string[], env?: Record<string, string>) {
  const { written, closed } = launch(args, env);
  const [code] = await closed;
  return { code, ...written };
}

interface Demo {
  issuer: string;
  clients: Record<string, { client_id: string; client_secret: string }>;
  resources: Record<string, { identifier: string; secret: string }>;
  table: { endpoint: string; name: string };
}

/** Starts the program and waits until it is ready. */
async function launchReady(args: string[] = [], env?: Record<string, string>) {
  const { child, written, closed, demoFile } = launch(args, env);
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout.on(
      'data',
      () => /^ready (\S+)/m.test(written.out) && resolve(/^ready (\S+)/m.exec(written.out)?.[1] ?? ''),
    );
    child.once('close', () => reject(new Error(written.err)));
  });
  const issuer = await ready;
  const demo = JSON.parse(readFileSync(demoFile, 'utf8')) as Demo;
  const stop = async (signal: NodeJS.Signals = 'SIGINT') => {
    child.kill(signal);
    return (await closed)[0];
  };
  return { issuer, demo, demoFile, written, stop };
}

const basic = (id = '', secret = '') => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` });

async function token({ issuer, demo }: { issuer: string; demo: Demo }, name: string): Promise<string> {
  const { client_id, client_secret } = demo.clients[name] ?? {};
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  const response = await fetch(`${issuer}/token`, { method: 'POST', headers: basic(client_id, client_secret), body });
  return ((await response.json()) as { access_token: string }).access_token;
}

const whoami = (issuer: string, accessToken: string) =>
  fetch(`${issuer}/whoami`, { headers: { authorization: `Bearer ${accessToken}` } });

describe('a whole run', () => {
  it.each([[[]], [['--keys', 'kms']], [['--keys', 'wrapped']]])(
    '%j prints a tour that works, says that it is ready, and ends',
    async (args) => {
      const { issuer, demo, demoFile, written, stop } = await launchReady(args);
      expect(written.err).toBe('');
      const [tour = '', ready] = written.out.split('ready ');
      expect(ready).toMatch(/^http:\/\/localhost:\d+ \(\d+ ms\)\n$/);

      expect(statSync(demoFile).mode & 0o777).toBe(0o600);
      const client = (client_id: string) => ({ client_id, client_secret: expect.any(String) });
      expect(demo).toEqual({
        issuer,
        app: expect.stringMatching(/^http:\/\/localhost:\d+$/),
        clients: {
          'machine-jwt': client('machine-jwt'),
          'machine-encrypted': client('machine-encrypted'),
          'machine-sealed': client('machine-sealed'),
          'machine-reference': client('machine-reference'),
          web: client('web'),
          spa: { client_id: 'spa' },
          legacy: client('legacy'),
        },
        resources: {
          orders: { identifier: 'orders', secret: expect.any(String) },
          billing: { identifier: 'billing', secret: expect.any(String) },
        },
        users: { alice: { username: 'alice', password: expect.stringMatching(/^[a-z\d]{5}(-[a-z\d]{5}){3}$/) } },
        table: { endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), name: 'latchkey-local' },
        ...(args.includes('wrapped') && {
          kms: { endpoint: expect.stringMatching(/^http:/), wrapping_key: expect.stringMatching(/^alias\//) },
        }),
      });

      const { stdout } = await promisify(execFile)('sh', ['-c', tour]);
      const [jwt, reference, introspectedJwt, introspectedReference, ...refusals] = stdout.trim().split('\n');
      const answers = [jwt, reference, introspectedJwt, introspectedReference].map((line) => JSON.parse(line ?? ''));
      expect(answers).toMatchObject([
        { client_id: 'machine-jwt', aud: 'orders', scope: 'orders:read orders:write' },
        { client_id: 'machine-reference', aud: 'orders', scope: 'orders:read orders:write' },
        { active: true, client_id: 'machine-jwt', iss: issuer },
        { active: true, client_id: 'machine-reference', iss: issuer },
      ]);
      expect(refusals).toEqual(['403', '403']);

      expect(await stop('SIGINT')).toBe(0);
      expect(written.err).toBe('');
      await expect(fetch(issuer)).rejects.toThrow();
    },
  );

  it('with --data and keys in KMS carries on with them', async () => {
    const data = mkdtempSync(join(tmpdir(), 'latchkey-data-'));
    ends.push(() => rmSync(data, { recursive: true }));
    const args = ['--data', data, '--keys', 'kms'];
    const first = await launchReady(args);
    const tokens = [await token(first, 'machine-jwt'), await token(first, 'machine-reference')];
    const keySet = await (await fetch(`${first.issuer}/.well-known/jwks.json`)).json();
    await first.stop();
    const second = await launchReady(args, { PORT: new URL(first.issuer).port });
    expect(await (await fetch(`${second.issuer}/.well-known/jwks.json`)).json()).toEqual(keySet);
    for (const each of tokens) expect((await whoami(second.issuer, each)).status).toBe(200);
    await second.stop();
  });

  it('with --data carries on where the last one ended, and with --verbose shows what the functions write', async () => {
    const data = mkdtempSync(join(tmpdir(), 'latchkey-data-'));
    ends.push(() => rmSync(data, { recursive: true }));
    const first = await launchReady(['--data', data]);
    const machines = Object.keys(first.demo.clients).filter((name) => name.startsWith('machine-'));
    const tokens = await Promise.all(machines.map((name) => token(first, name)));
    expect(tokens).toHaveLength(4);
    const revoked = await token(first, 'machine-jwt');
    const { client_id, client_secret } = first.demo.clients['machine-jwt'] ?? {};
    const body = new URLSearchParams({ token: revoked });
    const revocation = { method: 'POST', headers: basic(client_id, client_secret), body };
    expect((await fetch(`${first.issuer}/revoke`, revocation)).status).toBe(200);
    expect(await first.stop('SIGTERM')).toBe(0);
    for (const name of readdirSync(data)) expect(statSync(join(data, name)).mode & 0o077, name).toBe(0);

    const second = await launchReady(['--data', data, '--verbose'], { PORT: new URL(first.issuer).port });
    expect({ ...second.demo, app: '', table: {} }).toEqual({ ...first.demo, app: '', table: {} });
    const statuses = [...tokens, revoked].map(async (each) => (await whoami(second.issuer, each)).status);
    expect(await Promise.all(statuses)).toEqual([200, 200, 200, 200, 403]);

    await fetch(`${second.issuer}/token`, { method: 'POST' });
    await expect.poll(() => second.written.err).toMatch(/^latchkey-local-token: \{"level":"info"/m);

    const { code, err } = await runToEnd(['--data', data]);
    expect([code, err]).toEqual([1, `latchkey: ${data}/table is in use by another process\n`]);
  });
});

test.each<[string[], Record<string, string>, object]>([
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
])('options %j with %j', (args, env, expected) => {
  expect(parseOptions(args, env)).toMatchObject(expected);
});

describe('what the user can put right is one line and exit code 1', () => {
  const help = '; see npm start -- --help';
  test.each<[string, string[], Record<string, string>, string]>([
    ['an unknown option', ['--prot', '1'], {}, `Unknown option '--prot'${help}`],
    ['an argument', ['fast'], {}, `Unexpected argument 'fast'${help}`],
    ['an option without its value', ['--data'], {}, `Option '--data <value>' argument missing${help}`],
    ['an empty directory', ['--data='], {}, '--data needs a directory'],
    ['a port that is text', ['--port', 'http'], {}, '--port must be a number from 0 to 65535'],
    ['a port that is too high', ['--port', '65536'], {}, '--port must be a number from 0 to 65535'],
    ['keys from nowhere', ['--keys', 'hsm'], {}, '--keys must be one of environment, kms, wrapped'],
    ['a bad variable', [], { PORT: '-1' }, 'PORT must be a number from 0 to 65535'],
  ])('%s', (_, args, env, message) => {
    expect(() => parseOptions(args, env)).toThrow(expect.objectContaining({ name: 'Problem', message }));
  });

  const bad = 'latchkey-local-token: LOG_LEVEL must be one of debug, info, warn, error, silent';
  test.each<[string, string[], Record<string, string>, RegExp | string]>([
    ['an unknown option', ['--prot'], {}, `Unknown option '--prot'${help}`],
    ['a bad variable of the functions', [], { LOG_LEVEL: 'loud' }, bad],
    ['a directory that is a file', ['--data', program], {}, /^--data \S+: E\w+: [^\n]+, mkdir [^\n]+$/],
  ])('%s, as a process', async (_, args, env, message) => {
    const { code, out, err } = await runToEnd(args, env);
    expect([code, out]).toEqual([1, '']);
    const line = err.replace(/^latchkey: (.*)\n$/s, '$1');
    if (typeof message === 'string') expect(line).toBe(message);
    else expect(line).toMatch(message);
  });

  test('a taken port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, err } = await runToEnd(['--port', String(port)]);
    server.close();
    expect([code, err]).toEqual([1, `latchkey: port ${port} is taken; choose another one with --port or PORT\n`]);
  });

  test('a failing build', async () => {
    const error = new Error('Build failed with 1 error:\nfunctions/token.ts:1:1: ERROR: Expected ";"');
    const build = { functions: Promise.reject(error), watchFunctions: () => Promise.reject(error) };
    const options = { port: 0, keys: 'environment' as const, watch: false, verbose: false, help: false };
    await expect(run(options, build, new AbortController().signal)).rejects.toMatchObject({
      name: 'Problem',
      message: 'the build failed: functions/token.ts:1:1: ERROR: Expected ";"',
    });
  });
});

it('explains itself', async () => {
  const { code, out, err } = await runToEnd(['--help']);
  expect([code, err]).toEqual([0, '']);
  for (const option of ['--port', '--data', '--keys', '--watch', '--verbose', '--help', 'LOG_LEVEL', 'PORT'])
    expect(out).toContain(option);
});

it('leaves nothing behind in the cache but the packaged template', () => {
  const cache = join(root, 'node_modules/.cache/latchkey');
  expect(
    existsSync(cache) ? readdirSync(cache).filter((name) => !/^template(\.kms|\.wrapped)?\.json$/.test(name)) : [],
  ).toEqual([]);
});
