import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createStageSecret, environmentSize } from '../../infra/cli/stage-secret.ts';
import { MAX_ENVIRONMENT_BYTES } from '../../infra/environment-size.ts';
import { handleKeyVariables } from '../../infra/handle-keys.ts';
import { type AlgorithmName, algorithmNames } from '../../lib/keys/algorithm.ts';
import type { EncryptionJwk, ResourceServer } from '../../lib/oauth/resource-server.ts';
import { app, newCode, redeem, tokensOf } from '../support/grants.ts';
import { isLongRun } from '../support/scale.ts';
import { authorizerEvents, getToken, MACHINES, startWorld, verdict, type World } from '../support/world.ts';
import { type Cli, createCli } from './cli-runner.ts';

/** A stand-in for Secrets Manager: the operations that are used, and their refusals of a name that is taken, or is not there. */
const secrets = new Map<string, Record<string, string>>();
let server: Server;
let attempt: Cli;
let world: World;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { Name, SecretId, SecretString } = JSON.parse(Buffer.concat(chunks).toString());
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
    const operation = String(request.headers['x-amz-target']).replace('secretsmanager.', '');
    if (operation !== 'CreateSecret') {
      const stored = secrets.get(SecretId);
      if (!stored) return answer(400, { __type: 'ResourceNotFoundException', Message: 'not there' });
      if (operation === 'GetSecretValue') return answer(200, { SecretString: JSON.stringify(stored) });
      if (operation !== 'PutSecretValue') return answer(400, { __type: 'Unknown' });
      secrets.set(SecretId, JSON.parse(SecretString));
      return answer(200, {});
    }
    if (Name === 'latchkey/denied') return answer(400, { __type: 'AccessDeniedException', Message: 'not you' });
    if (secrets.has(Name)) return answer(400, { __type: 'ResourceExistsException', Message: 'there' });
    secrets.set(Name, JSON.parse(SecretString));
    return answer(200, { ARN: `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${Name}`, Name });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  attempt = createCli({
    AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
  world = await startWorld();
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await world.stop();
});
beforeEach(() => secrets.clear());

/** Everything in a secret that must not be seen. */
function material(secret: Record<string, string> = {}): string[] {
  const { SIGNING_KEYS = '', DECRYPTION_KEYS = '', SEALING_KEYS = '', REGISTRY_SIGNING_KEY = '' } = secret;
  const keys = [SIGNING_KEYS, DECRYPTION_KEYS].flatMap(
    (text) => (JSON.parse(text) as { keys: Record<string, string>[] }).keys,
  );
  const hidden = ['d', 'p', 'q', 'dp', 'dq', 'qi'].flatMap((member) => keys.flatMap((key) => key[member] ?? []));
  return [...hidden, ...handleKeyVariables.map((name) => secret[name] ?? ''), SEALING_KEYS, REGISTRY_SIGNING_KEY];
}

/** Registers the public half of a key with the API that the tokens are for. */
async function encryptTo({ d: _, ...access_token_encryption_jwk }: EncryptionJwk & { d: string }): Promise<void> {
  const { value, version } = (await world.resourceServers.findVersion('orders'))!;
  await world.resourceServers.replace({ ...value, access_token_encryption_jwk } as ResourceServer, version);
}

/** Making RSA keys takes seconds of CPU: the normal run makes those of one algorithm of each kind. */
const algorithms: readonly AlgorithmName[] = isLongRun ? algorithmNames : ['RS256', 'ES256', 'EdDSA'];

describe('init', () => {
  // Those that keys generate makes of the others are tested with functions below.
  it.each(algorithms.filter((alg) => isLongRun || alg !== 'RS256'))(
    'makes keys that a deployment with %s works with',
    async (alg) => {
      const { code, stdout, stderr } = await attempt(['init', '--stage', 'dev', '--alg', alg]);
      expect({ code, stderr }).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('serverless deploy --stage dev'),
      });
      const secret = secrets.get('latchkey/dev') ?? {};
      expect(Object.keys(secret).toSorted()).toEqual([
        'CODE_KEYS',
        'DECRYPTION_KEYS',
        'PAGE_KEYS',
        'REFERENCE_TOKEN_KEYS',
        'REFRESH_TOKEN_KEYS',
        'REGISTRY_KEYS',
        'REGISTRY_SIGNING_KEY',
        'SEALING_KEYS',
        'SESSION_KEYS',
        'SIGNING_KEYS',
        'VERIFICATION_KEYS',
      ]);
      for (const text of material(secret)) expect(stdout + stderr).not.toContain(text);
      for (const text of material(secret)) expect(secret['VERIFICATION_KEYS']).not.toContain(text);
      const handlers = world.restart({ ...secret, HANDLE_KEYS: '' });
      await encryptTo(JSON.parse(secret['DECRYPTION_KEYS'] ?? '').keys[0]);
      for (const id of MACHINES) {
        const token = await getToken(handlers, id);
        expect(await verdict(handlers.authorizer(authorizerEvents['HTTP API 2.0'](token)))).toBe('allow');
        if (id === 'machine-jwt') {
          expect(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({ alg });
        }
      }
    },
  );

  it('prints the public half of the decryption key', async () => {
    const { json } = await attempt(['init', '--stage', 'dev', '--alg', 'ES256', '--json']);
    const [key] = JSON.parse(secrets.get('latchkey/dev')?.['DECRYPTION_KEYS'] ?? '').keys;
    const { encryption_jwk } = json<{ encryption_jwk: unknown }>();
    expect({ ...(encryption_jwk as object), d: key.d }).toEqual(key);
    expect(encryption_jwk).not.toHaveProperty('d');
  });

  const join = (...sets: string[]) => JSON.stringify({ keys: sets.flatMap((set) => JSON.parse(set).keys) });

  it.each(algorithms)('makes %s keys of which two private and three public ones fit into 4 KB in a rotation', (alg) => {
    // The same keys again take as much room as others.
    const secret = createStageSecret([alg]);
    const { SIGNING_KEYS, VERIFICATION_KEYS, SEALING_KEYS } = secret;
    const inRotation = {
      ...secret,
      SIGNING_KEYS: join(SIGNING_KEYS, SIGNING_KEYS),
      VERIFICATION_KEYS: join(VERIFICATION_KEYS, VERIFICATION_KEYS, VERIFICATION_KEYS),
      SEALING_KEYS: `${SEALING_KEYS},${SEALING_KEYS}`,
    };
    for (const name of handleKeyVariables) {
      const withRing = { ...inRotation, [name]: `${secret[name]},${secret[name]}` };
      expect({ name, bytes: environmentSize(withRing) < MAX_ENVIRONMENT_BYTES }).toEqual({ name, bytes: true });
    }
  });

  it('makes a key of each kind by default, which sign access tokens and ID tokens, and fit into 4 KB with their successors', async () => {
    const { json } = await attempt(['init', '--stage', 'dev', '--json']);
    const secret = (secrets.get('latchkey/dev') ?? {}) as unknown as ReturnType<typeof createStageSecret>;
    const published = JSON.parse(secret.VERIFICATION_KEYS).keys as Record<string, string>[];
    const kids = published.map(({ kid, alg }) => ({ kid, alg }));
    expect(json()).toMatchObject({ alg: 'ES256', kid: kids[0]?.kid, signing_keys: kids });
    expect(kids.map(({ alg }) => alg)).toEqual(['ES256', 'RS256']);
    expect(published.map(({ n = '' }) => Buffer.from(n, 'base64url').length)).toEqual([0, 256]);

    await world.clients.create(app('web'));
    const { code } = await newCode(world, 'web');
    const { SIGNING_KEYS, VERIFICATION_KEYS, SEALING_KEYS } = secret;
    const handlers = world.restart({ SIGNING_KEYS, VERIFICATION_KEYS });
    const { id_token, access_token } = tokensOf(await redeem(handlers, 'web', code));
    const algs = [access_token, id_token].map((token) => decodeProtectedHeader(token).alg);
    expect(algs).toEqual(['ES256', 'RS256']);

    // One private key of each, and the public ones of the next: docs/keys.md#rotate-without-the-registry
    for (const name of handleKeyVariables) {
      const inRotation = {
        ...secret,
        VERIFICATION_KEYS: join(VERIFICATION_KEYS, VERIFICATION_KEYS),
        SEALING_KEYS: `${SEALING_KEYS},${SEALING_KEYS}`,
        [name]: `${secret[name]},${secret[name]}`,
      };
      expect(environmentSize(inRotation)).toBeLessThan(MAX_ENVIRONMENT_BYTES);
    }
    // With the registry, two private keys of each and no public ones.
    const registered = {
      ...secret,
      SIGNING_KEYS: join(SIGNING_KEYS, SIGNING_KEYS),
      VERIFICATION_KEYS: secret.REGISTRY_KEYS,
    };
    expect(environmentSize(registered)).toBeLessThan(MAX_ENVIRONMENT_BYTES);
  });

  it('never changes an existing secret', async () => {
    expect(await attempt(['init', '--stage', 'prod', '--alg', 'ES256'])).toMatchObject({ code: 0 });
    const before = secrets.get('latchkey/prod');
    const second = await attempt(['init', '--stage', 'prod', '--alg', 'ES256', '--json']);
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(second.stderr).error).toMatch(/already exists and was not changed/);
    expect(secrets.get('latchkey/prod')).toBe(before);
  });

  it.each(algorithms)('--dry-run makes nothing and shows no private key material of %s', async (alg) => {
    const { code, json } = await attempt(['init', '--stage', 'dev', '--alg', alg, '--dry-run', '--json']);
    expect(code).toBe(0);
    expect(secrets.size).toBe(0);
    const { secret } = json<{ secret: Record<string, string> }>();
    expect(new Set(material(secret))).toEqual(new Set(['(elided)']));
    const [key] = JSON.parse(secret['SIGNING_KEYS'] ?? '').keys;
    const [published] = JSON.parse(secret['VERIFICATION_KEYS'] ?? '').keys;
    const visible = Object.entries(key).filter(([, value]) => value !== '(elided)');
    expect(Object.fromEntries(visible)).toEqual(published);
    const { stdout } = await attempt(['init', '--stage', 'dev', '--alg', alg, '--dry-run']);
    expect(stdout).not.toMatch(/"d":"(?!\(elided)/);
    expect(stdout).toMatch(/samples:\neach run makes new keys/);
  });

  it.each<[string, string[], number, RegExp]>([
    ['no stage', [], 2, /which stage/],
    ['a stage with a slash', ['--stage', 'a/b'], 2, /A stage name has/],
    ['an unknown algorithm', ['--stage', 'dev', '--alg', 'HS256'], 2, /must be one of/],
    ['a region that is none', ['--stage', 'dev', '--region', 'Europe'], 2, /A region/],
    ['a stage that AWS refuses', ['--stage', 'denied'], 1, /could not be created: not you/],
  ])('refuses %s', async (_, args, code, reason) => {
    const result = await attempt(['init', ...args]);
    expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(reason) });
    expect(secrets.size).toBe(0);
  });
});

describe('init --upgrade', () => {
  const upgrade = (...args: string[]) => attempt(['init', '--stage', 'old', '--upgrade', ...args]);
  const old = (): Record<string, string> => {
    const { SIGNING_KEYS, VERIFICATION_KEYS, DECRYPTION_KEYS, SEALING_KEYS } = createStageSecret(['ES256']);
    const HANDLE_KEYS = Buffer.alloc(32, 3).toString('base64url');
    return { SIGNING_KEYS, VERIFICATION_KEYS, DECRYPTION_KEYS, SEALING_KEYS, HANDLE_KEYS, OTHER: 'of the user' };
  };

  it('adds the keys of handles to a secret of version 0.1.0, and says how to deploy it', async () => {
    const before = old();
    secrets.set('latchkey/old', before);
    const { code, stderr, stdout } = await upgrade();
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/--param previous-handle-keys=on --param secrets-version=(.|\n)*7 days later/),
    });
    const { REFERENCE_TOKEN_KEYS, CODE_KEYS, REFRESH_TOKEN_KEYS, SESSION_KEYS, PAGE_KEYS, ...more } =
      secrets.get('latchkey/old') ?? {};
    const { REGISTRY_SIGNING_KEY, REGISTRY_KEYS, ...others } = more;
    expect(REGISTRY_KEYS).toMatch(/^[\w-]{43}$/);
    expect(others).toEqual(before);
    const added = [REFERENCE_TOKEN_KEYS, CODE_KEYS, REFRESH_TOKEN_KEYS, SESSION_KEYS, PAGE_KEYS, REGISTRY_SIGNING_KEY];
    expect(new Set(added).size).toBe(6);
    for (const text of added) {
      expect(text).toMatch(/^[\w-]{43}$/);
      expect(stdout + stderr).not.toContain(text);
    }
    const stored = secrets.get('latchkey/old');
    expect((await upgrade('--json')).json()).toMatchObject({ added: [] });
    expect(secrets.get('latchkey/old')).toBe(stored);
  });

  it('adds what is missing only, and with --dry-run nothing', async () => {
    const before: Record<string, string> = { ...old(), CODE_KEYS: Buffer.alloc(32, 4).toString('base64url') };
    secrets.set('latchkey/old', before);
    expect((await upgrade('--dry-run', '--json')).json()).toMatchObject({
      dry_run: true,
      added: [
        'REFERENCE_TOKEN_KEYS',
        'REFRESH_TOKEN_KEYS',
        'SESSION_KEYS',
        'PAGE_KEYS',
        'REGISTRY_SIGNING_KEY',
        'REGISTRY_KEYS',
      ],
    });
    expect(secrets.get('latchkey/old')).toBe(before);
    await upgrade();
    expect(secrets.get('latchkey/old')).toMatchObject(before);
  });

  it.each<[string, Record<string, string> | undefined, RegExp]>([
    ['a stage without a secret', undefined, /there is no secret latchkey\/old: make it without --upgrade/],
    ['a secret for keys in KMS', { VERIFICATION_KEYS: '{}' }, /has no HANDLE_KEYS of version 0\.1\.0/],
    ['a secret without room', { ...old(), SIGNING_KEYS: 'x'.repeat(3_000) }, /remove keys that are no longer used/],
  ])('refuses %s', async (_, secret, reason) => {
    if (secret) secrets.set('latchkey/old', secret);
    expect(await upgrade()).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(reason) });
    expect(secrets.get('latchkey/old')).toBe(secret);
  });
});

describe('keys generate', () => {
  it.each(algorithms)('makes a key of %s that the functions can sign with, and prints it once', async (alg) => {
    const { code, json, stderr } = await attempt(['keys', 'generate', '--alg', alg, '--json']);
    const { kid, private_jwk, public_jwk } = json<{ kid: string; private_jwk: object; public_jwk: object }>();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(Object.keys(public_jwk).filter((name) => ['d', 'p', 'q', 'dp', 'dq', 'qi'].includes(name))).toEqual([]);
    const keys = { SIGNING_KEYS: JSON.stringify(private_jwk), VERIFICATION_KEYS: JSON.stringify(public_jwk) };
    const handlers = world.restart(keys);
    const token = await getToken(handlers, 'machine-jwt');
    expect(await verdict(handlers.authorizer(authorizerEvents['HTTP API 2.0'](token)))).toBe('allow');
    expect(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())).toMatchObject({ alg, kid });
  });
});
