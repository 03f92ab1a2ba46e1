// What all commands have in common: --json, and the question before many things end at once.
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../infra/cli/main.ts';
import type { Kms } from '../../infra/local/kms/server.ts';
import { randomId } from '../../lib/oauth/handle.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { app, newCode } from '../support/grants.ts';
import { createKey, type KmsWorld, startKmsWorld } from '../support/kms-world.ts';
import { managementVariables } from '../support/registry-world.ts';
import { sampled } from '../support/scale.ts';
import { client } from '../support/world.ts';
import { type Cli, type CliOptions, createCli, succeeding } from './cli-runner.ts';

let world: KmsWorld;
let attempt: Cli;
let latchkey: Cli;

beforeAll(async () => {
  const wrapping = (kms: Kms) => createKey(kms, 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT');
  world = await startKmsWorld((kms) => ({
    KEY_REGISTRY: 'on',
    ...managementVariables,
    WRAPPING_KMS_KEY: wrapping(kms),
    SIGNING_KMS_KEYS: '',
    VERIFICATION_KEYS: '',
  }));
  attempt = createCli({ ...world.env, SEALING_KEYS: Buffer.alloc(32, 7).toString('base64url') });
  latchkey = succeeding(attempt);
});
afterAll(() => world.stop());

let count = 0;
const newName = () => `new-${++count}`;

async function newClient(): Promise<string> {
  const id = newName();
  await world.clients.create(client(id));
  return id;
}

async function newUser(): Promise<string> {
  const name = newName();
  await latchkey(['user', 'create', name]);
  return name;
}

async function newKey(): Promise<string> {
  return (await latchkey(['keys', 'add', '--wrapped', '--json'])).json<{ kid: string }>().kid;
}

/** A key that has signed, and the one that took over. */
async function retiringKey(): Promise<string> {
  const kid = await newKey();
  await attempt(['keys', 'activate', kid, '--force']);
  await latchkey(['keys', 'activate', await newKey(), '--force']);
  return kid;
}

/** What the code is made with does not matter here. */
const HANDLE_KEYS = Buffer.alloc(32, 8).toString('base64url');

async function newGrant(sub = 'alice'): Promise<{ id: string; grant_id: string; sub: string }> {
  const id = newName();
  await world.clients.create(app(id));
  return { id, sub, grant_id: (await newCode({ ...world, env: { ...world.env, HANDLE_KEYS } }, id, { sub })).grant_id };
}

async function newSecret(): Promise<[id: string, secret_id: string]> {
  const id = await newClient();
  return [id, (await latchkey(['secret', 'add', '--client', id, '--json'])).json<{ secret_id: string }>().secret_id];
}

async function newResource(): Promise<string> {
  const id = newName();
  await latchkey(['resource', 'create', id]);
  return id;
}

/** The arguments with which each command succeeds. */
const cases: Readonly<Record<string, () => readonly string[] | Promise<readonly string[]>>> = {
  'client create': () => [newName(), '--resource', 'orders'],
  'client list': () => [],
  'client show': async () => [await newClient()],
  'client update': async () => [await newClient(), '--name', 'Another'],
  'client disable': async () => [await newClient()],
  'client enable': async () => [await newClient()],
  'resource create': () => [newName()],
  'resource list': () => [],
  'resource show': async () => [await newResource()],
  'resource update': async () => [await newResource(), '--scope', 'a'],
  'resource disable': async () => [await newResource()],
  'resource enable': async () => [await newResource()],
  'resource opening-keys': async () => [await newResource()],
  'secret add': async () => ['--client', await newClient()],
  'secret list': async () => ['--client', await newClient()],
  'secret retire': async () => {
    const [id, secret_id] = await newSecret();
    return [secret_id, '--client', id];
  },
  'user create': () => [newName()],
  'user list': () => [],
  'user show': async () => [await newUser()],
  'user update': async () => [await newUser(), '--nickname', 'Al'],
  'user reset': async () => [await newUser()],
  'user sign-out': async () => [await newUser()],
  'user disable': async () => [await newUser()],
  'user enable': async () => [await newUser()],
  'token revoke': async () => ['--client', await newClient()],
  'token explain': () => ['garbage'],
  'keys list': () => [],
  'keys generate': () => [],
  'keys add': () => ['--wrapped'],
  'keys activate': async () => [await newKey(), '--force'],
  'keys retire': async () => [await retiringKey(), '--force'],
  'keys compromise': async () => [await newKey()],
  'keys sign': async () => {
    await newKey();
    return [];
  },
  'keys registry-key': () => [createKey(world.kms, 'ECC_NIST_EDWARDS25519')],
  'grants list': () => ['--subject', 'alice'],
  'grants revoke': async () => [(await newGrant()).grant_id],
  'consents list': () => ['--subject', 'alice'],
  'sessions list': () => ['--subject', 'alice'],
  'consents withdraw': async () => {
    const { id, sub } = await newGrant();
    return [id, '--subject', sub];
  },
  init: () => ['--stage', 'test', '--dry-run'],
};

const leaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
const pathOf = (command: Command): string => {
  const parent = command.parent?.parent ? `${pathOf(command.parent)} ` : '';
  return `${parent}${command.name()}`;
};

const nowhere = { write: () => true };
const program = await createProgram({
  env: {},
  cwd: '/',
  stdin: Object.assign((async function* () {})(), {}),
  stdout: nowhere,
  stderr: nowhere,
});
const commands = leaves(program);
const paths = commands.map(pathOf);
const asking = commands.filter(({ options }) => options.some(({ long }) => long === '--yes')).map(pathOf);

async function argumentsOf(path: string): Promise<string[]> {
  const make = cases[path];
  if (!make) throw new Error(`no case for ${path}`);
  return [...path.split(' '), ...(await make())];
}

describe('--json', () => {
  it.each(paths)('makes %s print one JSON document and nothing else', async (path) => {
    const yes = asking.includes(path) ? ['--yes'] : [];
    const { code, stdout, stderr } = await attempt([...(await argumentsOf(path)), ...yes, '--json']);
    // The only command whose exit code is its result.
    expect({ code, stderr }).toEqual({ code: path === 'token explain' ? 1 : 0, stderr: '' });
    expect(JSON.parse(stdout)).toBeTypeOf('object');
  });

  it.each(sampled(paths, 4))('makes %s print an error as one JSON document', async (path) => {
    const { code, stdout, stderr } = await attempt([...path.split(' '), '--no-such-option', '--json']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr)).toEqual({ error: expect.stringMatching(/./) });
  });

  it.each(['client', 'keys'])('makes %s without a subcommand print an error as one JSON document', async (group) => {
    const { code, stdout, stderr } = await attempt([group, '--json']);
    expect({ code, stdout, error: JSON.parse(stderr) }).toMatchObject({ code: 2, stdout: '', error: { error: /./ } });
  });

  it('works with --version and --help', async () => {
    expect((await attempt(['--json', '--version'])).json()).toEqual({ version: packageJson.version });
    expect((await attempt(['client', '--json', '--help'])).json()).toMatchObject({
      help: expect.stringMatching(/Usage/),
    });
  });
});

it('--version prints the version', async () => {
  expect(await attempt(['--version'])).toEqual(
    expect.objectContaining({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' }),
  );
});

const MARK = { pk: 'LISTS#GRANT', sk: 'LISTS' };

/** Whether the list of grants is known to be complete: not before the first list since the upgrade. */
const markList = (isComplete: boolean) =>
  isComplete ? world.table.put({ ...MARK, complete_since: 1 }) : world.table.remove(MARK);

/** All that is in the table. */
const inTable = async () => {
  const kinds = ['CLIENT', 'USER', 'GRANT', 'EPOCH', 'KEYS', 'CONSENT'];
  const items = await Promise.all(kinds.map((kind) => world.table.scan(kind)));
  return JSON.stringify([items, await world.table.query('REVOKED#0', '')]);
};

describe('A command that revokes many things at once', () => {
  it('is each command that has --yes', () => {
    expect(asking).toEqual([
      'client disable',
      'user reset',
      'user sign-out',
      'user disable',
      'token revoke',
      'keys retire',
      'keys compromise',
      'keys sign',
      'consents withdraw',
    ]);
  });

  it.each(asking)('is refused without a terminal and without --yes: %s', async (path) => {
    const args = await argumentsOf(path);
    const before = await inTable();
    for (const options of [{}, { typed: 'y\n' }]) {
      const json = 'typed' in options ? ['--json'] : [];
      const { code, stdout, stderr } = await attempt([...args, ...json], options);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/this would .+: to confirm, add --yes/);
    }
    expect(await inTable()).toBe(before);
  });

  it.each(asking)('asks at a terminal, and changes nothing unless the answer is yes: %s', async (path) => {
    const args = await argumentsOf(path);
    await markList(false);
    const before = await inTable();
    for (const typed of sampled(['n\n', '\n', '', 'yeah no\n'], 4, asking.indexOf(path))) {
      const { code, stdout, stderr } = await attempt(args, { typed });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^This will .+\.\nContinue\? \[y\/N\] latchkey: nothing was changed$/m);
    }
    expect(await inTable()).toBe(before);
    expect(await attempt(args, { typed: 'y\n' })).toMatchObject({ code: 0 });
    expect(await inTable()).not.toBe(before);
  });

  const counting: [string, (grant: Awaited<ReturnType<typeof newGrant>>) => string[], RegExp][] = [
    [
      'client disable',
      ({ id }) => ['client', 'disable', id],
      /disable client new-\d+, and revoke its 1 grant and all its tokens/,
    ],
    [
      'user sign-out',
      ({ sub }) => ['user', 'sign-out', sub, '--subject'],
      /end every session of .+, and revoke 1 grant and all tokens/,
    ],
    [
      'token revoke --client',
      ({ id }) => ['token', 'revoke', '--client', id],
      /revoke 1 grant and all tokens of client/,
    ],
    [
      'token revoke --subject',
      ({ sub }) => ['token', 'revoke', '--subject', sub],
      /revoke 1 grant and all tokens of subject/,
    ],
    ['token revoke --issuer', () => ['token', 'revoke', '--issuer'], /\d+ grants and all tokens of the whole service/],
    [
      'token revoke --grant',
      ({ grant_id }) => ['token', 'revoke', '--grant', grant_id],
      /grant [\w-]{35} and all its tokens/,
    ],
    ['token revoke --key', () => ['token', 'revoke', '--key', 'abc'], /every token made with key abc/],
    [
      'consents withdraw',
      ({ id, sub }) => ['consents', 'withdraw', id, '--subject', sub],
      /withdraw the consent for client new-\d+, and revoke 1 grant and their tokens/,
    ],
  ];
  it.each(counting)(
    'says how much it revokes, by the list of grants and by the table: %s',
    async (_, args, expected) => {
      const grant = await newGrant(randomId());
      const options: CliOptions = { typed: 'n\n' };
      const turn = counting.findIndex(([, other]) => other === args);
      for (const isComplete of sampled([true, false], 2, turn)) {
        await markList(isComplete);
        expect((await attempt(args(grant), options)).stderr).toMatch(expected);
      }
    },
  );

  it('does not ask about a single token, or about something that does not exist', async () => {
    expect(await attempt(['token', 'revoke', randomId()])).toMatchObject({ code: 0 });
    expect(await attempt(['client', 'disable', 'nope'])).toMatchObject({ code: 1 });
    expect(await attempt(['keys', 'compromise', 'nope'])).toMatchObject({ code: 1 });
    expect(await attempt(['user', 'disable', 'nope'])).toMatchObject({ code: 1 });
  });
});
