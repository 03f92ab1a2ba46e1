import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../infra/cli/explain-token.ts';
import type { serve } from '../../lib/http/serve.ts';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import { bin } from '../../package.json';
import { isLongRun } from '../support/scale.ts';
import { getToken, startWorld, type Variables, type World } from '../support/world.ts';
import { type Cli, createCli, emptyDirectory } from './cli-runner.ts';

let world: World;
let attempt: Cli;

beforeAll(async () => {
  world = await startWorld();
  attempt = createCli(world.env);
});
afterAll(() => world.stop());

const commands = [
  ...['create', 'list', 'show', 'update', 'disable', 'enable'].flatMap((verb) => [
    `client ${verb}`,
    `resource ${verb}`,
  ]),
  ...['add', 'list', 'retire'].map((verb) => `secret ${verb}`),
  ...['create', 'list', 'show', 'update', 'reset', 'sign-out', 'disable', 'enable'].map((verb) => `user ${verb}`),
  ...['list', 'withdraw'].map((verb) => `consents ${verb}`),
  'sessions list',
  ...['revoke', 'explain'].map((verb) => `token ${verb}`),
  ...['list', 'add', 'activate', 'retire', 'compromise'].map((verb) => `keys ${verb}`),
  'init',
];

describe('--help', () => {
  it.each(commands)('of %s describes the command, with examples that are valid command lines', async (command) => {
    const { code, stdout } = await attempt([...command.split(' '), '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: latchkey .+\n\n[A-Z][\s\S]+?\./);
    const examples = [...stdout.matchAll(/^ {2}\$ (?:.*\| )?latchkey (.*)$/gm)].map(([, line = '']) => line);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(example.startsWith(command)).toBe(true);
  });

  it('of the program names every group', async () => {
    const { code, stdout } = await attempt(['--help']);
    expect(code).toBe(0);
    for (const group of [
      'client',
      'resource',
      'secret',
      'user',
      'token',
      'keys',
      'grants',
      'consents',
      'sessions',
      'init',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${group} `, 'm'));
  });
});

describe('--json with', () => {
  it.each(['--help', 'client --help', 'client create --help', 'token explain -h', 'init --help'])(
    '%s prints the help as one JSON document',
    async (line) => {
      for (const args of [
        ['--json', ...line.split(' ')],
        [...line.split(' '), '--json'],
      ]) {
        const { code, json } = await attempt(args);
        expect(code).toBe(0);
        expect(json()).toEqual({ help: expect.stringMatching(/^Usage: latchkey .*\n\n\w/) });
      }
    },
  );

  it('--version prints the version as one JSON document', async () => {
    expect((await attempt(['--version', '--json'])).json()).toEqual({ version: expect.stringMatching(/^\d/) });
  });
});

describe('A usage error', () => {
  it.each<[string, string[], RegExp]>([
    ['an unknown group', ['clients'], /unknown command/],
    ['an unknown command', ['client', 'shw'], /unknown command 'shw' \(Did you mean show\?\)/],
    ['an unknown option', ['client', 'list', '--al'], /unknown option/],
    ['a missing argument', ['client', 'show'], /missing required argument/],
    ['too many arguments', ['client', 'show', 'a', 'b'], /too many arguments/],
    ['two tables', ['client', 'list', '--stage', 'a', '--local'], /only one of/],
    ['two tables in two places', ['--table', 'aaa', 'client', 'list', '--stage', 'a'], /only one of/],
    ['a stage that is none', ['client', 'list', '--stage', 'a_b'], /A stage name has/],
    ['a table that is none', ['client', 'list', '--table', 'a b'], /A table name has/],
  ])('gives exit code 2: %s', async (_, args, reason) => {
    expect(await attempt(args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(reason) });
    const { code, stderr } = await attempt(['--json', ...args]);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toEqual({ error: expect.stringMatching(reason) });
  });

  it('is a group without a subcommand, whose help is printed', async () => {
    expect(await attempt(['client'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Usage: latchkey client'),
    });
  });
});

/** A directory in which `npm start` was run. */
function directoryWith(demo: unknown): string {
  const directory = emptyDirectory();
  mkdirSync(join(directory, '.latchkey'));
  writeFileSync(join(directory, '.latchkey', 'demo.json'), typeof demo === 'string' ? demo : JSON.stringify(demo));
  return directory;
}

const localTable = () => ({ endpoint: world.env['AWS_ENDPOINT_URL_DYNAMODB'], name: world.env['TABLE_NAME'] });
const without = (...names: string[]): Variables => Object.fromEntries(names.map((name) => [name, '']));
const noAws = without('TABLE_NAME', 'AWS_ENDPOINT_URL_DYNAMODB', 'AWS_REGION', 'AWS_ACCESS_KEY_ID');

describe('The table', () => {
  const list = ['client', 'list', '--json'];

  it('of a newer version is refused, and nothing is changed', async () => {
    const schema = { pk: 'SCHEMA', sk: 'SCHEMA' };
    await world.table.put({ ...schema, version: 2, needs: '99.0.0' });
    const { code, stdout, stderr } = await attempt(['client', 'disable', 'machine-jwt']);
    await world.table.remove(schema);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /the table has schema 2, this version of Latchkey \(.*\) understands up to 1: use version 99\.0\.0 or newer\n$/,
    );
    expect(await world.clients.find('machine-jwt')).toMatchObject({ enabled: true });
  });

  it('is that of the local stack when none is named', async () => {
    const cwd = directoryWith({ issuer: 'http://localhost:3000', table: localTable() });
    const { code, stdout } = await attempt(list, { cwd, env: noAws });
    expect(code).toBe(0);
    expect(stdout).toContain('machine-jwt');
  });

  it('is that of the local stack with --local, even when one is named', async () => {
    const cwd = directoryWith({ issuer: 'http://localhost:3000', table: localTable() });
    const env = { TABLE_NAME: 'another', AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9' };
    expect((await attempt(['--local', ...list], { cwd, env })).stdout).toContain('machine-jwt');
  });

  it('is that of TABLE_NAME rather than the local one, and is printed', async () => {
    const cwd = directoryWith({
      issuer: 'http://localhost:3000',
      table: { endpoint: 'http://127.0.0.1:9', name: 'x' },
    });
    const { code, stderr } = await attempt(['client', 'list'], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'table latchkey-test in eu-west-1\n' });
  });

  it.each([
    ['--stage', ['--stage', 'test']],
    ['--table', ['--table', 'latchkey-test']],
  ])('is that of %s, before or after the command', async (_, option) => {
    const env = { TABLE_NAME: 'another' };
    expect(await attempt([...list, ...option], { env })).toMatchObject({ code: 0 });
    expect(await attempt([...option, ...list], { env })).toMatchObject({ code: 0 });
  });

  it('is in AWS_DEFAULT_REGION unless another setting names the region, and --region overrides all', async () => {
    const env = { AWS_REGION: '', AWS_DEFAULT_REGION: 'eu-central-1' };
    expect((await attempt(['client', 'list'], { env })).stderr).toContain('in eu-central-1');
    expect((await attempt(['client', 'list', '--region', 'us-west-2'], { env })).stderr).toContain('in us-west-2');
  });

  it.each<[string, string[], Variables, unknown, RegExp, number?]>([
    ['not named', [], noAws, undefined, /which table\?/, 2],
    ['--local and not there', ['--local'], {}, undefined, /no local table: run npm start/],
    [
      'of a stack that has ended',
      ['--local'],
      {},
      { issuer: 'http://localhost:1', table: { endpoint: 'http://127.0.0.1:9', name: 'x' } },
      /is not running: run npm start/,
    ],
    ['in a file that is not JSON', ['--local'], {}, '{', /is not JSON/],
    ['in a file of something else', ['--local'], {}, { issuer: 1 }, /does not name a table/],
    ['not there', ['--stage', 'nope'], {}, undefined, /there is no table latchkey-nope in eu-west-1/],
    [
      'out of reach',
      [],
      { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9' },
      undefined,
      /is unavailable: .*ECONNREFUSED/,
    ],
  ])('is reported when it is %s', async (_, args, env, demo, reason, code = 1) => {
    const cwd = demo === undefined ? emptyDirectory() : directoryWith(demo);
    const result = await attempt(['client', 'list', ...args], { env, cwd });
    expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(reason) });
  });
});

it('token explain verifies JWTs of the local stack with its published keys', async () => {
  const server = createServer(async (_request, response) => {
    const { statusCode, headers, body } = await world.handlers.jwks({
      version: '2.0',
      rawPath: '/',
      rawQueryString: '',
      headers: {},
      requestContext: { http: { method: 'GET', path: '/' } },
      isBase64Encoded: false,
    } as unknown as Parameters<ReturnType<typeof serve>>[0]);
    response.writeHead(statusCode, headers as Record<string, string>).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const token = await getToken(world.restart({ ISSUER: issuer }), 'machine-jwt');
  const options = {
    cwd: directoryWith({ issuer, table: localTable() }),
    env: { ...noAws, ...without('VERIFICATION_KEYS', 'HANDLE_KEYS', 'ISSUER') },
  };
  const explain = async () => (await attempt(['token', 'explain', token, '--json'], options)).json<Explanation>();
  expect(await explain()).toMatchObject({ verdict: 'accepted', claims_verified: true });
  server.closeAllConnections();
  server.close();
  expect(await explain()).toMatchObject({ verdict: 'undecided', not_checked: [expect.stringMatching(/signature/)] });
});

/** A directory in which several were started: each leaves a file named by its port. */
function directoryWithPorts(demo: unknown, ports: Record<string, unknown>): string {
  const directory = directoryWith(demo);
  for (const [port, written] of Object.entries(ports)) {
    writeFileSync(join(directory, '.latchkey', `${port}.json`), JSON.stringify(written));
  }
  return directory;
}

describe('Several local stacks', () => {
  const ended = { issuer: 'http://localhost:3000', table: { endpoint: 'http://127.0.0.1:9', name: 'x' } };
  const running = () => ({ issuer: 'http://localhost:3001', table: localTable(), pid: process.pid });
  const list = ['client', 'list', '--json'];

  it('are told apart by --port, before or after the command', async () => {
    const cwd = directoryWithPorts(ended, { 3000: ended, 3001: running() });
    expect((await attempt([...list, '--port', '3001'], { cwd, env: noAws })).stdout).toContain('machine-jwt');
    expect((await attempt(['--port', '3001', ...list], { cwd, env: noAws })).stdout).toContain('machine-jwt');
  });

  it.each<[string, unknown, Record<string, unknown>]>([
    ['was killed', ended, { 3000: { ...ended, pid: 2 ** 30 } }],
    ['was killed, and another process has its id', ended, { 3000: { ...ended, pid: process.pid } }],
    ['left a damaged file', '{', {}],
  ])('are not mixed up: the only one that runs is used after the last one %s', async (_, demo, ports) => {
    const cwd = directoryWithPorts(demo, { ...ports, 3001: running() });
    const { code, stdout } = await attempt(list, { cwd, env: noAws });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('machine-jwt') });
  });

  it('are named when the chosen one is not running', async () => {
    const left = { ...ended, pid: process.pid };
    const cwd = directoryWithPorts(ended, { 3000: left, 3001: running(), 3003: running() });
    expect(await attempt(['client', 'list'], { cwd, env: noAws })).toMatchObject({
      code: 1,
      stderr:
        'latchkey: the local stack at http://localhost:3000 (.latchkey/demo.json) is not running: run npm start, or give --port 3001 or --port 3003\n',
    });
    expect(await attempt(['client', 'list', '--port', '3002'], { cwd, env: noAws })).toMatchObject({
      code: 1,
      stderr:
        'latchkey: no local stack is running on port 3002 in this directory: run PORT=3002 npm start, or give --port 3001 or --port 3003\n',
    });
  });

  it.each([
    ['--port', '3001', '--stage', 'a'],
    ['--port', '3001', '--table', 'aaa'],
  ])('cannot be combined with a deployed table: %s %s %s %s', async (...options) => {
    expect(await attempt([...list, ...options])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/only one of/),
    });
  });

  it.each([
    ['{', 'is not JSON'],
    ['{}', 'does not name a table'],
  ])('are named by their port when the file is damaged: %s', async (content, reason) => {
    const cwd = directoryWithPorts(ended, {});
    writeFileSync(join(cwd, '.latchkey/4310.json'), content);
    expect(await attempt([...list, '--port', '4310'], { cwd, env: noAws })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`.latchkey/4310.json ${reason}: run PORT=4310 npm start again`),
    });
  });

  it('are chosen with a numeric port only', async () => {
    expect(await attempt([...list, '--port', 'x'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/A port is/),
    });
  });
});

describe('keys list without a registered key', () => {
  const list = ['keys', 'list'];

  it('shows VERIFICATION_KEYS of the environment, and says so', async () => {
    const { code, stdout, stderr } = await attempt(list);
    const [key] = parseSigningKeys(world.env['VERIFICATION_KEYS'] ?? '', 'public');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^${key.kid} .* published$`, 'm'));
    expect(stderr).toMatch(/The registry is empty; these keys are from VERIFICATION_KEYS/);
  });

  it('says where else keys can be if it finds none', async () => {
    const { code, stdout, stderr } = await attempt(list, { env: without('VERIFICATION_KEYS', 'ISSUER') });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'none\n' });
    expect(stderr).toMatch(/in the secret latchkey\/STAGE or in KMS\. To list .*, set ISSUER/);
  });
});

describe('The rules for secrets and passwords', () => {
  it.each([
    ['client create a --resource orders --secret-stdin', /pipe the secret in, 12 to 255 printable ASCII characters/],
    ['user create a --password-stdin', /pipe the password in, 8 to 255 characters/],
  ])('are printed at a terminal: %s', async (line, rules) => {
    const result = await attempt(line.split(' '), { typed: 'x\n' });
    expect(result).toMatchObject({ code: 1, stderr: expect.stringMatching(rules) });
  });

  it.each([
    ['client create', /12 to 255 printable\s+ASCII characters/],
    ['secret add', /12 to 255 printable\s+ASCII characters/],
    ['user reset', /8 to 255\s+characters/],
    ['client create', /255 visible ASCII\s+characters without "#"/],
    ['resource create', /255 visible ASCII\s+characters without "#"/],
  ])('are in the help of %s: %s', async (command, rules) => {
    const { stdout } = await attempt([...command.split(' '), '--help']);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(rules);
  });
});

describe('The program latchkey as a process', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));

  async function runProgram(command: string, args: string[]) {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...(world.env as Variables) } });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
    const [code] = await once(child, 'close');
    return { code, ...output };
  }

  /** In the long run as npx finds it, which takes longer than the command. */
  const start = isLongRun ? ['npx', 'latchkey'] : [process.execPath, join(root, bin.latchkey)];

  it('works on the table that the usual variables name, and writes nothing but the result', async () => {
    const [command = '', ...args] = [...start, 'client', 'create', 'from-npx', '--resource', 'orders', '--json'];
    const { code, stdout, stderr } = await runProgram(command, args);
    expect({ code, stderr: stderr.replace(/^npm warn.*\n/gm, '') }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      client_id: 'from-npx',
      client_secret: expect.stringMatching(/^lk_cs_/),
    });
    expect(await world.clients.find('from-npx')).toMatchObject({ enabled: true });
  });

  it('exits with code 1 when a command fails', async () => {
    const program = join(root, 'infra/cli/latchkey.mjs');
    expect(await runProgram(process.execPath, [program, 'client', 'show', 'nope'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('nope'),
    });
  });
});
