// Rotation and compromise of keys on `npm start -- --keys wrapped`: HTTP, the packaged template, the stand-in for KMS.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyView } from '../../infra/cli/key-view.ts';
import { handleKeyVariables } from '../../infra/handle-keys.ts';
import { startKms } from '../../infra/local/kms/server.ts';
import { startLocalKeys } from '../../infra/local/local-keys.ts';
import { createSeedTable } from '../../infra/local/seed-table.ts';
import { createKeyRegistryStore, KEY_REGISTRY } from '../../lib/key-registry/store.ts';
import { blocks, document, runBlocks, section } from '../support/docs.ts';
import { itInLongRun } from '../support/long-run.ts';
import { reusablePort } from '../support/port.ts';
import { isLongRun, scaled } from '../support/scale.ts';
import { createCli, succeeding } from './cli-runner.ts';
import { expectTourToWork } from './local-tour.ts';
import { type LocalWorld, removeTemporary, requestToken, startLocalWorld, temporary } from './local-world.ts';

/** What a command line in the directory of the local stack results in. */
async function latchkey<Document = KeyView>({ directory }: LocalWorld, ...args: string[]): Promise<Document> {
  return (await succeeding(createCli({}, directory))([...args, '--json'])).json<Document>();
}

async function getToken(world: LocalWorld): Promise<string> {
  const response = await requestToken(world, 'machine-jwt');
  expect(response.status).toBe(200);
  return ((await response.json()) as { access_token: string }).access_token;
}

const kidOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;

/**
 * A token that the key of this id signed. A running container reads the registry once a minute, but a new one at once:
 * many requests at the same time make new ones start.
 */
async function getTokenBy(world: LocalWorld, kid: string | undefined): Promise<string> {
  for (let count = 2; count <= 64; count *= 2) {
    const tokens = await Promise.all(Array.from({ length: count }, () => getToken(world)));
    const found = tokens.find((token) => kidOf(token) === kid);
    if (found) return found;
  }
  // No new container had to start: wait until one has read the registry again.
  let token = '';
  const signedBy = async () => {
    token = await getToken(world);
    return kidOf(token);
  };
  await expect.poll(signedBy, { timeout: 240_000, interval: 2_000 }).toBe(kid);
  return token;
}

async function status({ issuer }: LocalWorld, token: string): Promise<number> {
  return (await fetch(`${issuer}/whoami`, { headers: { authorization: `Bearer ${token}` } })).status;
}

async function isActive({ issuer, demo }: LocalWorld, token: string): Promise<boolean> {
  const { identifier = '', secret = '' } = demo.resources['orders'] ?? {};
  const response = await fetch(`${issuer}/introspect`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${identifier}:${secret}`)}` },
    body: new URLSearchParams({ token }),
  });
  return ((await response.json()) as { active: boolean }).active;
}

async function publishedKids({ issuer }: LocalWorld): Promise<string[]> {
  const response = await fetch(`${issuer}/.well-known/jwks.json`);
  return ((await response.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

/** Lets a shell restart something by a command. */
async function listenForRestarts(restart: () => Promise<void>) {
  const server = createServer((_request, response) => {
    restart().then(
      () => response.end(),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    command: `curl -s --fail-with-body http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close(),
  };
}

/** Leaves the registry as version 0.1.0 would have. */
async function unsign({ demo }: LocalWorld): Promise<void> {
  const registry = createKeyRegistryStore(createSeedTable(demo.table.endpoint, demo.table.name));
  const found = await registry.findVersion(KEY_REGISTRY);
  if (found) await registry.replace({ keys: found.value.keys }, found.version);
}

describe('The keys of npm start that version 0.1.0 has left', () => {
  it('stay beside new ones, to verify handles: in the environment', async () => {
    const HANDLE_KEYS = Buffer.alloc(32, 1).toString('base64url');
    const own = { HANDLE_KEYS, SIGNING_KEYS: 'those of before' };
    const keys = await startLocalKeys('environment', { secrets: { 'latchkey/local': own } });
    expect(keys.environment).toEqual({ HANDLE_KEYS });
    expect(await keys.handleKeys('https://issuer.example')).toEqual({ HANDLE_KEYS });
    const secret = keys.secrets['latchkey/local'] ?? {};
    expect(secret).toMatchObject(own);
    expect(new Set(handleKeyVariables.map((name) => secret[name])).size).toBe(handleKeyVariables.length);
    const again = await startLocalKeys('environment', keys.save());
    expect(again.secrets).toEqual(keys.secrets);
  });

  it.each(['kms', 'wrapped'] as const)('stay beside new ones, to verify handles: %s', async (origin) => {
    const before = await startKms();
    const { KeyMetadata } = before.call('CreateKey', { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }) as {
      KeyMetadata: { KeyId: string };
    };
    const AliasName = 'alias/latchkey-local-handles';
    before.call('CreateAlias', { AliasName, TargetKeyId: KeyMetadata.KeyId });
    const saved = before.save();
    await before.stop();
    const keys = await startLocalKeys(origin, { kms: saved });
    try {
      expect(keys.environment).toMatchObject({ HANDLE_KMS_KEYS: AliasName });
      const { HANDLE_KEYS, ...others } = await keys.handleKeys('https://issuer.example');
      expect(HANDLE_KEYS).toMatch(/^[\w-]{43}$/);
      expect(Object.keys(others).toSorted()).toEqual(handleKeyVariables.toSorted());
      expect(Object.values(others)).not.toContain(HANDLE_KEYS);
    } finally {
      await keys.stop();
    }
  });
});

// Takes long, because each deployment of the drill is a restart.
if (isLongRun) {
  it('The drill of docs/keys.md that rotates the keys of reference tokens, pasted into a shell, refuses only what the removed key made', async () => {
    const directory = temporary();
    const port = String(await reusablePort());
    let world = await startLocalWorld(['--port', port], directory);
    const restarts = await listenForRestarts(async () => {
      await world.stop();
      world = await startLocalWorld(['--port', port], directory);
    });
    try {
      const [definitions = ''] = blocks(section(document('README.md'), 'Five minutes'), 'sh');
      const restart = `restart() { ${restarts.command}; }`;
      const drill = section(section(document('docs/keys.md'), 'Rotate the keys of handles'), 'Try it', 3);
      const [prepare = '', rotate = ''] = blocks(drill, 'sh');
      const [, , , rotated] = await runBlocks([definitions, prepare, restart, rotate], directory);
      expect(rotated).toMatch(/^200\n200\n200\n200\n403\n200\n/);
      expect(rotated).toMatch(/which is not in REFERENCE_TOKEN_KEYS[\s\S]*\nrefused$/);
    } finally {
      restarts.close();
      await world.stop();
    }
  });
}

describe('The key registry of npm start -- --keys wrapped', () => {
  const data = temporary();
  const start = (...args: string[]) => startLocalWorld(['--keys', 'wrapped', '--data', data, ...args]);
  const listKeys = async () =>
    (await latchkey<KeyView[]>(world, 'keys', 'list')).map(({ kid, status }) => ({ kid, status }));
  let world: LocalWorld;
  beforeAll(async () => {
    world = await start('--port', String(await reusablePort()));
  });
  afterAll(async () => {
    await world?.stop();
    removeTemporary();
  });

  const FIRST = scaled(12, 30);

  // First, because nothing was signed yet, and an API may start before that.
  it(`answers each of ${FIRST} first requests at once with a token, all signed by the one key that was published before`, async () => {
    const before = await publishedKids(world);
    const tokens = await Promise.all(Array.from({ length: FIRST }, () => getToken(world)));
    const kids = await publishedKids(world);
    expect(kids).toHaveLength(2);
    expect(kids).toEqual(before);
    expect(tokens.map(kidOf)).toEqual(tokens.map(() => kids[0]));
    expect(world.complaints).toEqual([]);
  });

  it('is written to demo.json for the command line, and the printed tour works', async () => {
    if (isLongRun) await expectTourToWork(world.said.join('\n'), world.issuer);
    expect(world.demo).toMatchObject({
      kms: { endpoint: expect.stringMatching(/^http:/), wrapping_key: expect.stringMatching(/^alias\//) },
    });
  });

  it('lets a new key sign without a restart, and refuses the tokens of a compromised key at once', async () => {
    const first = await getToken(world);
    expect(await status(world, first)).toBe(200);
    expect(await latchkey<KeyView[]>(world, 'keys', 'list')).toMatchObject([
      { kid: kidOf(first), alg: 'ES256', status: 'active' },
      { alg: 'RS256', status: 'active' },
    ]);

    const { kid } = await latchkey(world, 'keys', 'add', '--wrapped');
    await latchkey(world, 'keys', 'activate', kid, '--force');
    // A running authorizer learns of the new key by the first token that names it.
    const second = await getTokenBy(world, kid);
    expect(await status(world, second)).toBe(200);
    expect(await status(world, first)).toBe(200);
    expect(await publishedKids(world)).toEqual([kid, kidOf(first), expect.any(String)]);

    const compromise = await latchkey<KeyView & { signing: string[] }>(world, 'keys', 'compromise', '--yes', kid);
    expect(compromise).toMatchObject({ kid, status: 'retired', signing: [expect.any(String), expect.any(String)] });
    expect(await status(world, second)).toBe(403);
    expect(await isActive(world, second)).toBe(false);
    expect(await status(world, first)).toBe(200);
    // Introspection and not the authorizer, which has just read the registry and does so every ten seconds at most.
    const third = await getTokenBy(world, compromise.signing[0]);
    expect(await isActive(world, third)).toBe(true);
  });

  if (isLongRun) {
    it('passes the drills of docs/keys.md for a rotation and a compromise, pasted into a shell', async () => {
      const [definitions = ''] = blocks(section(document('README.md'), 'Five minutes'), 'sh');
      const keys = document('docs/keys.md');
      const drills = ['A rotation', 'A compromise'].flatMap((heading) => blocks(section(keys, heading), 'sh'));
      expect(drills).toHaveLength(4);
      // Instead of sleeping until running containers look: new ones, which look at once.
      const { port } = new URL(world.issuer);
      const { directory } = world;
      const restarts = await listenForRestarts(async () => {
        await world.stop();
        world = await startLocalWorld(['--keys', 'wrapped', '--data', data, '--port', port], directory);
      });
      const impatience = `sleep() { ${restarts.command}; }`;
      const [, , listed, refused, rotated, compromised] = await runBlocks(
        [definitions, impatience, ...drills],
        directory,
      ).finally(restarts.close);
      expect(listed).toMatch(/ active /);
      expect(refused).toBe('too early');
      expect(rotated).toMatch(/^status +active$[\s\S]*\n200\n200\ntoo early$/m);
      expect(compromised).toMatch(/^took +\d+ ms$[\s\S]*\n403\n\{"active":false\}200\n\{"active":true,.*\}$/m);
    });
  }

  // That a restart keeps the state: local-state.test.ts.
  itInLongRun('survives a restart with --data on the same port', async () => {
    const { port } = new URL(world.issuer);
    const keys = await listKeys();
    await unsign(world);
    await world.stop();
    world = await start('--port', port);
    expect(keys).toContainEqual({ kid: kidOf(await getToken(world)), status: 'active' });
    expect(await listKeys()).toEqual(keys);
  });

  // Last, because it starts all containers that a function may have.
  itInLongRun(
    'starts over on another port, which is another issuer: with its keys before the first token, of which many first requests at once all get the same',
    async () => {
      const before = (await listKeys()).map(({ kid }) => kid);
      await world.stop();
      world = await start();
      // An API may start before anything was signed.
      const published = await publishedKids(world);
      expect(published).toHaveLength(2);
      expect(await status(world, 'no-token')).toBe(403);
      const tokens = await Promise.all(Array.from({ length: FIRST }, () => getToken(world)));
      expect([...new Set(tokens.map(kidOf))]).toEqual([published[0]]);
      expect(published).toEqual((await listKeys()).map(({ kid }) => kid));
      expect(before.filter((kid) => published.includes(kid))).toEqual([]);
    },
  );
});
