// Rotation and compromise on `npm start -- --keys wrapped`: processes, HTTP, the packaged template, the stand-in for KMS.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyView } from '../../infra/cli/key-view.ts';
import { type LocalService, root, startLocalService } from '../support/local-service.ts';

/** A command line of its own in the directory of the service. */
async function latchkey<Document = KeyView>({ directory }: LocalService, ...args: string[]): Promise<Document> {
  const program = join(root, 'infra/cli/latchkey.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args, '--json'], { cwd: directory });
  return JSON.parse(stdout) as Document;
}

async function getToken({ issuer, demo }: LocalService): Promise<string> {
  const { client_id = '', client_secret = '' } = demo.clients['machine-jwt'] ?? {};
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { access_token: string }).access_token;
}

const kidOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;

/** Of many at once: containers start for those that the running ones have no time for, and know what is new. */
async function getTokenBy(service: LocalService, kid: string | undefined): Promise<string> {
  for (let count = 2; count <= 64; count *= 2) {
    const tokens = await Promise.all(Array.from({ length: count }, () => getToken(service)));
    const found = tokens.find((token) => kidOf(token) === kid);
    if (found) return found;
  }
  throw new Error(`nobody signs by ${kid}`);
}

async function status({ issuer }: LocalService, token: string): Promise<number> {
  return (await fetch(`${issuer}/whoami`, { headers: { authorization: `Bearer ${token}` } })).status;
}

async function isActive({ issuer, demo }: LocalService, token: string): Promise<boolean> {
  const { identifier = '', secret = '' } = demo.resources['orders'] ?? {};
  const response = await fetch(`${issuer}/introspect`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${identifier}:${secret}`)}` },
    body: new URLSearchParams({ token }),
  });
  return ((await response.json()) as { active: boolean }).active;
}

async function publishedKids({ issuer }: LocalService): Promise<string[]> {
  const response = await fetch(`${issuer}/.well-known/jwks.json`);
  return ((await response.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

describe('the key registry of a local stack', () => {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-data-'));
  const start = (port = '0') => startLocalService(['--keys', 'wrapped', '--data', data, '--port', port]);
  let service: LocalService;
  beforeAll(async () => {
    service = await start();
  });
  afterAll(async () => {
    await service.stop();
    rmSync(data, { recursive: true });
  });

  it('is rotated without a restart, and a compromised key ends at once', async () => {
    const first = await getToken(service);
    expect(await status(service, first)).toBe(200);
    expect(await latchkey<KeyView[]>(service, 'keys', 'list')).toMatchObject([{ kid: kidOf(first), status: 'active' }]);

    const { kid } = await latchkey(service, 'keys', 'add', '--wrapped');
    await latchkey(service, 'keys', 'activate', kid, '--force');
    // A container looks every minute; one that starts knows at once, and the authorizer that runs learns of it by its tokens.
    const second = await getTokenBy(service, kid);
    expect(await status(service, second)).toBe(200);
    expect(await status(service, first)).toBe(200);
    expect(await publishedKids(service)).toEqual([kid, kidOf(first)]);

    const compromise = await latchkey<KeyView & { signing: string[] }>(service, 'keys', 'compromise', kid);
    expect(compromise).toMatchObject({ kid, status: 'retired', signing: [expect.any(String)] });
    expect(await status(service, second)).toBe(403);
    expect(await isActive(service, second)).toBe(false);
    expect(await status(service, first)).toBe(200);
    const third = await getTokenBy(service, compromise.signing[0]);
    // The authorizer has just looked, and will not again for ten seconds.
    expect(await isActive(service, third)).toBe(true);
  });

  it('outlives a restart with --data, and is begun anew on another port, which is another issuer', async () => {
    const { port } = new URL(service.issuer);
    const signing = async () => kidOf(await getToken(service));
    const kids = (await latchkey<KeyView[]>(service, 'keys', 'list')).map(({ kid }) => kid);
    await service.stop();
    service = await start(port);
    expect(await signing()).toBe(kids[0]);
    expect((await latchkey<KeyView[]>(service, 'keys', 'list')).map(({ kid }) => kid)).toEqual(kids);
    await service.stop();
    service = await start();
    expect(kids).not.toContain(await signing());
  });
});
