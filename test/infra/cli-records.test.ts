import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SecretView } from '../../infra/cli/view.ts';
import type { Clock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config.ts';
import { type FaultyStore, faults, startFaultyStore } from '../support/faulty-store.ts';
import { openList } from '../support/revocation-list.ts';
import {
  authorizerEvents,
  basic,
  createTestClock,
  DECRYPTION_KEYS,
  encryptionJwk,
  getToken,
  type Handlers,
  httpEvent,
  readResult,
  startWorld,
  type Variables,
  verdict,
  type World,
} from '../support/world.ts';
import { type Cli, createCli, succeeding } from './cli-runner.ts';

const files = mkdtempSync(join(tmpdir(), 'latchkey-keys-'));
const [PRIVATE_KEY, PUBLIC_KEY] = [join(files, 'private.json'), join(files, 'public.json')];
writeFileSync(PRIVATE_KEY, JSON.stringify(DECRYPTION_KEYS.orders));
writeFileSync(PUBLIC_KEY, JSON.stringify(encryptionJwk(DECRYPTION_KEYS.orders)));
afterAll(() => rmSync(files, { recursive: true }));

let world: World;
let store: FaultyStore;
let attempt: Cli;
let latchkey: Cli;
/** A container whose clock can be put forward. */
let handlers: Handlers;
let clock: ReturnType<typeof createTestClock>;

const systemTime: Clock = () => Math.floor(Date.now() / 1000);

beforeAll(async () => {
  world = await startWorld();
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  attempt = createCli({ ...world.env, AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
  latchkey = succeeding(attempt);
});
afterAll(async () => {
  await store.stop();
  await world.stop();
});

function restart() {
  clock = createTestClock(systemTime());
  handlers = world.restart({}, clock.clock);
}
beforeAll(restart);
afterEach(() => {
  store.behave();
  vi.useRealTimers();
  restart();
});

async function requestToken(id: string, secret: string) {
  const headers = { authorization: basic(id, secret) };
  return readResult(await handlers.token(httpEvent({ headers, form: { grant_type: 'client_credentials' } })));
}

const tokenOf = async (id: string, secret: string) => {
  const { status, json } = await requestToken(id, secret);
  expect({ status, json }).toMatchObject({ status: 200 });
  return String(json['access_token']);
};

const shown = (token: string, { authorizer } = handlers) =>
  verdict(authorizer(authorizerEvents['HTTP API 2.0'](token)));

async function wholeTable(): Promise<string> {
  const client = new DynamoDBClient(readConfig(world.env).aws('DYNAMODB'));
  const { Items } = await client.send(new ScanCommand({ TableName: world.env['TABLE_NAME'] ?? '' }));
  return JSON.stringify(Items);
}

/** Commands take the time from the answers of the table. Until the end of the test. */
function stopClockOfTable() {
  const date = new Date().toUTCString();
  store.behave(async (response, forward) => {
    const { status, headers, body } = await forward();
    response.writeHead(status, { ...headers, date }).end(body);
  });
  vi.useFakeTimers({ toFake: ['performance'] });
}

const revocations = () => openList(world.table).length();

let count = 0;
/** A new client for the resource server `orders`, and its secret. */
async function newClient(...more: string[]): Promise<{ id: string; secret: string }> {
  const id = `client-${++count}`;
  const args = ['client', 'create', id, '--resource', 'orders', '--scope', 'read', ...more, '--json'];
  return { id, secret: String((await latchkey(args)).json()['client_secret']) };
}

const secretsOf = async (id: string) =>
  (await latchkey(['secret', 'list', '--client', id, '--json'])).json<SecretView[]>();

describe('client create', () => {
  it.each([
    ['a JWT', ['--format', 'jwt', '--lifetime', '60'], /^eyJ/, 60],
    ['a reference token', ['--format', 'reference', '--lifetime', '61'], /^lk_at_/, 61],
    ['an encrypted JWT', ['--format', 'encrypted_jwt', '--lifetime', '62'], /^eyJ[^.]+(\.[^.]+){4}$/, 62],
    ['a sealed token', ['--format', 'sealed', '--lifetime', '63'], /^eyJhbGciOiJkaXIi[^.]+\.(\.[^.]+){3}$/, 63],
    ['the format and lifetime of the resource server', [], /^eyJ/, 3600],
  ])('registers a client that gets %s', async (_, more, form, expires_in) => {
    const { id, secret } = await newClient(...more);
    const { json } = await requestToken(id, secret);
    expect(json).toMatchObject({ access_token: expect.stringMatching(form), expires_in, scope: 'read' });
    expect(await shown(String(json['access_token']))).toBe('allow');
  });

  it('generates an id if none is given', async () => {
    const { json } = await latchkey(['client', 'create', '--resource', 'orders', '--json']);
    expect(json()['client_id']).toMatch(/^\w[\w-]{21}$/);
  });

  it('shows the secret once, and stores no clear text', async () => {
    const { stdout, stderr } = await latchkey(['client', 'create', 'once', '--resource', 'orders']);
    const secrets = stdout.match(/lk_cs_[\w-]{43}/g) ?? [];
    expect(secrets).toHaveLength(1);
    expect(stderr).toContain('shown only now');
    expect(stderr).not.toContain('lk_cs_');
    const later = await Promise.all(
      [
        ['client', 'show', 'once'],
        ['client', 'list', '--json'],
        ['secret', 'list', '--client', 'once'],
      ].map((args) => latchkey(args)),
    );
    const record = await world.clients.find('once');
    for (const { stdout: text } of later) {
      expect(text).not.toContain('lk_cs_');
      expect(text).not.toContain(record?.secrets[0]?.hash.split('$').at(-1));
    }
    expect(await wholeTable()).not.toContain(secrets[0]);
    await tokenOf('once', secrets[0] ?? '');
  });

  it('stores a chosen secret as a scrypt hash', async () => {
    const secret = 'correct horse battery';
    const options = { stdin: `${secret}\n` };
    const { stdout } = await latchkey(
      ['client', 'create', 'chosen', '--resource', 'orders', '--secret-stdin'],
      options,
    );
    expect(stdout).not.toContain(secret);
    expect((await world.clients.find('chosen'))?.secrets[0]?.hash).toMatch(/^scrypt\$/);
    expect(await wholeTable()).not.toContain(secret);
    await tokenOf('chosen', secret);
    expect((await requestToken('chosen', `${secret}!`)).status).toBe(401);
  });

  it('takes over the id and the short secret of a client of another system, and warns of both', async () => {
    const args = ['client', 'create', 'My app.', '--resource', 'orders', '--secret-stdin', '--imported'];
    const { stderr } = await latchkey(args, { stdin: 's3cret' });
    expect(stderr).toMatch(/A new client cannot have such an id/);
    expect(stderr).toMatch(/This secret has fewer than 12 characters/);
    await tokenOf('My app.', 's3cret');
    const headers = { authorization: `Basic ${Buffer.from('My app.:s3cret').toString('base64')}` };
    const form = { grant_type: 'client_credentials' };
    expect(readResult(await handlers.token(httpEvent({ headers, form }))).status).toBe(200);
    expect((await latchkey(['client', 'show', 'My app.', '--json'])).json()).toMatchObject({ client_id: 'My app.' });

    const { stderr: nothing } = await latchkey([...args.with(2, 'plain'), '--json'], {
      stdin: 'as long as it must be',
    });
    expect(nothing).toBe('');
  });

  it('gives a public client no secret', async () => {
    const args = ['client', 'create', 'public', '--resource', 'orders', '--auth-method', 'none', '--json'];
    const { json } = await latchkey(args);
    expect(json()).not.toHaveProperty('client_secret');
    expect(await world.clients.find('public')).toMatchObject({ secrets: [], grant_types: [] });
  });

  it('restricts how the client authenticates', async () => {
    const { id, secret } = await newClient('--auth-method', 'client_secret_post');
    expect((await requestToken(id, secret)).status).toBe(401);
  });

  it('warns of a scope that no resource server knows', async () => {
    const { stderr } = await latchkey(['client', 'create', '--resource', 'orders', '--scope', 'read raed']);
    expect(stderr).toContain('No resource server of this client knows the scope raed');
  });

  it('succeeds when only the answer of the table was lost', async () => {
    let isFirst = true;
    store.behave(async (response, forward, request) => {
      const isLost = isFirst && request.operation === 'PutItem';
      if (isLost) isFirst = false;
      if (isLost) return faults['an answer lost after the fact'](response, forward);
      const { status, headers, body } = await forward();
      response.writeHead(status, headers).end(body);
    });
    const { id, secret } = await newClient();
    await tokenOf(id, secret);
    expect(isFirst).toBe(false);
  });
});

describe('resource create', () => {
  it('registers a resource server, with a secret for introspection that is shown once', async () => {
    const identifier = 'https://api.example.com/invoices';
    const { stdout } = await latchkey(['resource', 'create', identifier, '--audience', 'invoices', '--scope', 'pay']);
    const [secret = '', ...others] = stdout.match(/lk_cs_[\w-]{43}/g) ?? [];
    expect(others).toEqual([]);
    expect(await wholeTable()).not.toContain(secret);
    const client = await latchkey(['client', 'create', 'payer', '--resource', identifier, '--scope', 'pay', '--json']);
    const token = await tokenOf('payer', String(client.json()['client_secret']));
    const headers = { authorization: basic(identifier, secret) };
    const { json } = readResult(await handlers.introspection(httpEvent({ headers, form: { token } })));
    expect(json).toMatchObject({ active: true, aud: 'invoices', scope: 'pay' });
  });

  it('stores the encryption key until update removes it', async () => {
    const show = async () => (await latchkey(['resource', 'show', 'vault'])).stdout;
    await latchkey(['resource', 'create', 'vault', '--format', 'encrypted_jwt', '--encryption-key', PUBLIC_KEY]);
    expect(await show()).toMatch(/^access_token_encryption_key +of-orders \(ECDH-ES\+A256KW\)$/m);
    const { json } = await latchkey(['client', 'create', 'opener', '--resource', 'vault', '--json']);
    const secret = String(json()['client_secret']);
    expect((await requestToken('opener', secret)).json['access_token']).toMatch(/^eyJ[^.]+(\.[^.]+){4}$/);
    const takeAway = ['resource', 'update', 'vault', '--encryption-key', 'default'];
    expect(await attempt(takeAway)).toMatchObject({ code: 2, stderr: expect.stringMatching(/need a key/) });
    const { stderr } = await latchkey([...takeAway, '--format', 'jwt']);
    expect(stderr).toContain('Clients with the format encrypted_jwt get no more tokens for it.');
    expect(await show()).toMatch(/^access_token_encryption_key +none$/m);
    const { value, version } = (await world.resourceServers.findVersion('vault'))!;
    await world.resourceServers.replace({ ...value, access_token_format: 'encrypted_jwt' }, version);
    expect((await requestToken('opener', secret)).json).toMatchObject({ error: 'invalid_target' });
  });

  it('resource opening-keys derives keys that open the sealed tokens of this resource server only', async () => {
    const { json } = await latchkey(['resource', 'opening-keys', 'orders', '--json']);
    const { json: other } = await latchkey(['resource', 'opening-keys', 'billing', '--json']);
    const token = await getToken(handlers, 'machine-sealed');
    const [own, foreign] = [json<Variables>(), other<Variables>()].map((variables) =>
      world.restart({ ...variables, AUDIENCE: 'orders', SEALING_KEYS: '' }),
    );
    expect(json()).toMatchObject({ AUDIENCE: 'orders' });
    expect(await shown(token, own)).toBe('allow');
    expect(await shown(token, foreign)).toBe('refuse');
    const without = await attempt(['resource', 'opening-keys', 'orders'], { env: { SEALING_KEYS: '' } });
    expect(without).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('SEALING_KEYS is not set') });
  });

  it('sets format and lifetime unless the client has its own', async () => {
    await latchkey(['resource', 'create', 'ledger', '--format', 'reference', '--lifetime', '77']);
    const { json } = await latchkey(['client', 'create', 'keeper', '--resource', 'ledger', '--json']);
    const answer = await requestToken('keeper', String(json()['client_secret']));
    expect(answer.json).toMatchObject({ access_token: expect.stringMatching(/^lk_at_/), expires_in: 77 });
  });
});

describe('client update and resource update:', () => {
  it.each([
    ['--name', ['--name', 'New name'], { client_name: 'New name' }],
    ['--scope', ['--scope', 'write'], { scope: 'write' }],
    ['--scope of nothing', ['--scope', ''], { scope: '' }],
    ['--resource', ['--resource', 'billing', '--resource', 'orders'], { resources: ['billing', 'orders'] }],
    ['--format', ['--format', 'reference'], { access_token_format: 'reference' }],
    ['--lifetime', ['--lifetime', '86400'], { access_token_lifetime: 86_400 }],
    ['--auth-method', ['--auth-method', 'client_secret_post'], { token_endpoint_auth_method: 'client_secret_post' }],
  ])('%s changes this setting of a client only', async (_, args, expected) => {
    const { id } = await newClient();
    const before = await world.clients.find(id);
    await latchkey(['client', 'update', id, ...args]);
    expect(await world.clients.find(id)).toEqual({ ...before, ...expected });
  });

  it('a client can be made public once it has no secrets', async () => {
    const { id } = await newClient();
    const toPublic = ['client', 'update', id, '--auth-method', 'none'];
    expect(await attempt(toPublic)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('first retire the secrets'),
    });
    await latchkey(['secret', 'retire', (await secretsOf(id))[0]?.secret_id ?? '', '--client', id]);
    await latchkey(toPublic);
    expect(await world.clients.find(id)).toMatchObject({ token_endpoint_auth_method: 'none', grant_types: [] });
  });

  it('default removes settings', async () => {
    const { id } = await newClient('--format', 'jwt', '--lifetime', '5', '--auth-method', 'client_secret_basic');
    await latchkey([
      'client',
      'update',
      id,
      '--format',
      'default',
      '--lifetime',
      'default',
      '--auth-method',
      'default',
    ]);
    const client = await world.clients.find(id);
    expect(client).not.toHaveProperty('access_token_format');
    expect(client).not.toHaveProperty('access_token_lifetime');
    expect(client).not.toHaveProperty('token_endpoint_auth_method');
  });

  it.each([
    [['--audience', 'other'], { audience: 'other' }],
    [['--scope', 'a b'], { scope: 'a b' }],
    [['--encryption-key', PUBLIC_KEY], { access_token_encryption_jwk: encryptionJwk(DECRYPTION_KEYS.orders) }],
    [['--format', 'reference', '--lifetime', '9'], { access_token_format: 'reference', access_token_lifetime: 9 }],
    [['--signing-alg', 'ES256'], { access_token_signing_alg: 'ES256' }],
    [
      ['--groups-claim', 'cognito:groups', '--roles-claim', 'role'],
      { groups_claim: 'cognito:groups', roles_claim: 'role' },
    ],
    [['--nbf', '--scope-list'], { access_token_nbf: true, access_token_scope_list: true }],
    [
      ['--static-audience', 'https://id.example/resources'],
      { access_token_static_audience: 'https://id.example/resources' },
    ],
    [['--groups-claim', 'default', '--no-nbf', '--static-audience', 'default'], {}],
  ])('%j changes these settings of a resource server only', async (args, expected) => {
    const identifier = `resource-${++count}`;
    await latchkey(['resource', 'create', identifier]);
    const before = await world.resourceServers.find(identifier);
    await latchkey(['resource', 'update', identifier, ...args]);
    expect(await world.resourceServers.find(identifier)).toEqual({ ...before, ...expected });
  });

  /** Another change is written right before each change of the command. */
  const overtake = async (id: string, times: number) => {
    let left = times;
    store.behave(async (response, forward, { operation }) => {
      if (operation === 'PutItem' && left-- > 0) {
        const found = await world.clients.findVersion(id);
        if (found) await world.clients.replace({ ...found.value, scope: `other${left}` }, found.version);
      }
      const { status, headers, body } = await forward();
      response.writeHead(status, headers).end(body);
    });
  };

  it('a concurrent change is kept', async () => {
    const { id } = await newClient();
    await overtake(id, 1);
    await latchkey(['client', 'update', id, '--name', 'Ours']);
    expect(await world.clients.find(id)).toMatchObject({ client_name: 'Ours', scope: 'other0' });
  });

  it('a second concurrent change makes the command fail', async () => {
    const { id } = await newClient();
    await overtake(id, 2);
    const { code, stderr } = await attempt(['client', 'update', id, '--name', 'Ours']);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('by somebody else') });
    expect(await world.clients.find(id)).not.toHaveProperty('client_name');
  });
});

describe('client disable', () => {
  it.each(['jwt', 'reference'])('stops new tokens, and revokes existing ones: %s', async (format) => {
    const { id, secret } = await newClient('--format', format);
    const token = await tokenOf(id, secret);
    expect(await shown(token)).toBe('allow');
    await latchkey(['client', 'disable', '--yes', id]);
    expect(await shown(token)).toBe('refuse');
    expect((await requestToken(id, secret)).status).toBe(401);
  });

  it('covers tokens that containers with an old record may still issue', async () => {
    const { id, secret } = await newClient();
    const container = world.restart({ CLIENT_CACHE_SECONDS: '30' }, clock.clock);
    const request = httpEvent({
      headers: { authorization: basic(id, secret) },
      form: { grant_type: 'client_credentials' },
    });
    await container.token(request);
    await latchkey(['client', 'disable', '--yes', id], { env: { CLIENT_CACHE_SECONDS: '30' } });
    clock.advance(29);
    const { status, json } = readResult(await container.token(request));
    expect(status).toBe(200);
    expect(await shown(String(json['access_token']))).toBe('refuse');
  });

  it('can be repeated in the same second without adding to the revocation list', async () => {
    const { id } = await newClient();
    stopClockOfTable();
    await latchkey(['client', 'disable', '--yes', id]);
    const before = await revocations();
    await latchkey(['client', 'disable', '--yes', id]);
    await latchkey(['token', 'revoke', '--yes', '--client', id]);
    expect(await revocations()).toBe(before);
  });

  it('says so when only the record could be written, and can be completed by repeating it', async () => {
    const { id, secret } = await newClient();
    const token = await tokenOf(id, secret);
    store.behave(async (response, forward, request) => {
      if (request.operation === 'UpdateItem' && JSON.stringify(request.input).includes('REVOKED#')) {
        return faults['access denied'](response, forward, request);
      }
      const { status, headers, body } = await forward();
      response.writeHead(status, headers).end(body);
    });
    const { code, stderr } = await attempt(['client', 'disable', '--yes', id]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/is disabled, but its existing tokens still work: .*run the same command again/);
    expect(await world.clients.find(id)).toMatchObject({ enabled: false });
    expect(await shown(token)).toBe('allow');
    store.behave();
    await latchkey(['client', 'disable', '--yes', id]);
    expect(await shown(token)).toBe('refuse');
  });

  it('is undone by enable, except for tokens from before', async () => {
    const { id, secret } = await newClient();
    const before = await tokenOf(id, secret);
    await latchkey(['client', 'disable', '--yes', id]);
    const { stderr } = await latchkey(['client', 'enable', id]);
    expect(stderr).toMatch(/New tokens work from \S+ \(in .+\) on: tokens issued until \S+Z are revoked/);
    clock.advance(30);
    expect(await shown(await tokenOf(id, secret))).toBe('allow');
    expect(await shown(before)).toBe('refuse');
  });
});

describe('resource disable', () => {
  it('stops new tokens and introspection until enable', async () => {
    const { json } = await latchkey(['resource', 'create', 'closing', '--json']);
    const client = await latchkey(['client', 'create', 'visitor', '--resource', 'closing', '--json']);
    const secret = String(client.json()['client_secret']);
    const token = await tokenOf('visitor', secret);
    const introspect = () =>
      handlers.introspection(
        httpEvent({ headers: { authorization: basic('closing', String(json()['secret'])) }, form: { token } }),
      );
    await latchkey(['resource', 'disable', 'closing']);
    expect((await requestToken('visitor', secret)).json['error']).toBe('invalid_target');
    expect((await introspect()).statusCode).toBe(401);
    await latchkey(['resource', 'enable', 'closing']);
    await tokenOf('visitor', secret);
    expect((await introspect()).statusCode).toBe(200);
  });
});

describe('secret: a secret', () => {
  it('can be replaced without an outage', async () => {
    const { id, secret: old } = await newClient();
    const [first] = await secretsOf(id);
    const added = (await latchkey(['secret', 'add', '--client', id, '--json'])).json();
    expect(await wholeTable()).not.toContain(added['secret']);
    await Promise.all([tokenOf(id, old), tokenOf(id, String(added['secret']))]);
    await latchkey(['secret', 'retire', first?.secret_id ?? '', '--client', id]);
    expect((await requestToken(id, old)).status).toBe(401);
    await tokenOf(id, String(added['secret']));
  });

  it('expires if it was added with --expires-in', async () => {
    const { id } = await newClient();
    const { json } = await latchkey(['secret', 'add', '--client', id, '--expires-in', '2h', '--json']);
    const secret = String(json()['secret']);
    clock.advance(7_190);
    await tokenOf(id, secret);
    clock.advance(20);
    expect((await requestToken(id, secret)).status).toBe(401);
  });

  it('that is retired with --in expires later, but not later than before', async () => {
    const { id, secret } = await newClient();
    const secret_id = (await secretsOf(id))[0]?.secret_id ?? '';
    await latchkey(['secret', 'retire', secret_id, '--client', id, '--in', '1d']);
    await latchkey(['secret', 'retire', secret_id, '--client', id, '--in', '30d']);
    await tokenOf(id, secret);
    clock.advance(86_410);
    expect((await requestToken(id, secret)).status).toBe(401);
  });

  it('can be chosen for a resource server', async () => {
    await latchkey(['secret', 'add', '--resource', 'orders', '--secret-stdin'], { stdin: 'a secret of before' });
    const { id, secret } = await newClient();
    const headers = { authorization: basic('orders', 'a secret of before') };
    const answer = await handlers.introspection(httpEvent({ headers, form: { token: await tokenOf(id, secret) } }));
    expect(readResult(answer).json).toMatchObject({ active: true, client_id: id });
  });

  it('that is the last one is removed with a warning', async () => {
    const { id } = await newClient();
    const secret_id = (await secretsOf(id))[0]?.secret_id ?? '';
    const { stderr } = await latchkey(['secret', 'retire', secret_id, '--client', id]);
    expect(stderr).toContain('cannot authenticate');
  });

  it('replaces expired ones, and there are at most ten', async () => {
    const { id } = await newClient();
    const found = await world.clients.findVersion(id);
    const [one] = found?.value.secrets ?? [];
    if (!found || !one) throw new Error('no secret');
    const nine = Array.from({ length: 9 }, (_, index) => ({ ...one, secret_id: `s${index}`, expires_at: 1 }));
    await world.clients.replace({ ...found.value, secrets: [one, ...nine] }, found.version);
    await latchkey(['secret', 'add', '--client', id]);
    expect(await secretsOf(id)).toHaveLength(2);
    for (let added = 2; added < 10; added++) await latchkey(['secret', 'add', '--client', id]);
    expect(await attempt(['secret', 'add', '--client', id])).toMatchObject({ code: 1 });
  });
});

describe('The client, resource and secret commands refuse', () => {
  const long = 'a'.repeat(256);
  const create = ['client', 'create', 'new', '--resource', 'orders'];
  it.each<[string, string[], number, RegExp, string?]>([
    ['a client_id with #', ['client', 'create', 'a#b', '--resource', 'orders'], 2, /An id has/],
    ['a client_id with a space', ['client', 'create', 'a b', '--resource', 'orders'], 2, /has no space/],
    ['an imported client_id with #', ['client', 'create', 'a#b', '--resource', 'orders', '--imported'], 2, /An id has/],
    ['a client_id that is too long', ['client', 'create', long, '--resource', 'orders'], 2, /An id has/],
    ['an empty client_id', ['client', 'create', '', '--resource', 'orders'], 2, /An id has/],
    ['a client without resource server', ['client', 'create', 'new'], 2, /needs a resource server/],
    ['an unknown resource server', [...create, '--resource', 'nope'], 1, /no resource server nope/],
    [
      'a client that is there',
      ['client', 'create', 'machine-jwt', '--resource', 'orders'],
      1,
      /client machine-jwt already exists/,
    ],
    [
      'a client named like a resource server',
      ['client', 'create', 'orders', '--resource', 'orders'],
      1,
      /id of a resource/,
    ],
    ['a resource server named like a client', ['resource', 'create', 'machine-jwt'], 1, /id of a client/],
    ['a resource server that is there', ['resource', 'create', 'orders'], 1, /resource server orders already exists/],
    ['an identifier with a fragment', ['resource', 'create', 'https://a.example/#b'], 2, /An id has/],
    ['a scope with a quote', [...create, '--scope', 'a"b'], 2, /A scope is/],
    ['a scope that is not ASCII', [...create, '--scope', 'lesé'], 2, /A scope is/],
    ['a lifetime of 0', [...create, '--lifetime', '0'], 2, /from 1 to 86400/],
    ['a lifetime of more than a day', [...create, '--lifetime', '86401'], 2, /from 1 to 86400/],
    ['a lifetime in words', [...create, '--lifetime', '1h'], 2, /from 1 to 86400/],
    ['an unknown format', [...create, '--format', 'saml'], 2, /one of jwt, encrypted_jwt, sealed, reference/],
    [
      'a private encryption key',
      ['resource', 'create', 'r', '--encryption-key', PRIVATE_KEY],
      2,
      /but a public key is required/,
    ],
    [
      'an encryption key that is no file',
      ['resource', 'create', 'r', '--encryption-key', '/nope'],
      2,
      /cannot be read/,
    ],
    ['an unknown algorithm', ['resource', 'create', 'x', '--signing-alg', 'none'], 2, /one of RS256, .*EdDSA/],
    ['an unknown grant type', [...create, '--grant-type', 'magic'], 2, /one of client_credentials/],
    ['an unknown authentication method', [...create, '--auth-method', 'magic'], 2, /client_secret_basic/],
    ['a name with a control character', [...create, '--name', 'a\u001b[31mb'], 2, /control character/],
    [
      'client_credentials for a public client',
      [...create, '--auth-method', 'none', '--grant-type', 'client_credentials'],
      2,
      /may not use the grant type client_credentials/,
    ],
    ['a secret for a public client', [...create, '--auth-method', 'none', '--secret-stdin'], 2, /has no secret/],
    ['a short secret', [...create, '--secret-stdin'], 1, /12 to 255/, 'short'],
    ['no secret at all', [...create, '--secret-stdin'], 1, /12 to 255/, ''],
    ['an imported secret that is empty', [...create, '--secret-stdin', '--imported'], 1, /12 to 255/, ''],
    ['a secret of two lines', [...create, '--secret-stdin'], 1, /one line/, 'a secret of\ntwo lines'],
    [
      'making a client public that has secrets',
      ['client', 'update', 'machine-jwt', '--auth-method', 'none'],
      2,
      /public/,
    ],
    ['an update of nothing', ['client', 'update', 'machine-jwt'], 2, /nothing to change/],
    [
      'an update to an unknown resource server',
      ['client', 'update', 'machine-jwt', '--resource', 'nope'],
      1,
      /no resource/,
    ],
    ['an update of an unknown client', ['client', 'update', 'nope', '--name', 'x'], 1, /no client nope/],
    ['showing an unknown client', ['client', 'show', 'nope'], 1, /no client nope/],
    ['disabling an unknown client', ['client', 'disable', '--yes', 'nope'], 1, /no client nope/],
    ['a secret of nobody', ['secret', 'add'], 2, /whose/],
    ['a secret of two', ['secret', 'add', '--client', 'machine-jwt', '--resource', 'orders'], 2, /cannot be used with/],
    ['a secret of an unknown client', ['secret', 'add', '--client', 'nope'], 1, /no client nope/],
    ['an end that is no span', ['secret', 'add', '--client', 'machine-jwt', '--expires-in', 'soon'], 2, /looks like/],
    ['an end at once', ['secret', 'add', '--client', 'machine-jwt', '--expires-in', '0d'], 2, /looks like/],
    ['retiring an unknown secret', ['secret', 'retire', 'nope', '--client', 'machine-jwt'], 1, /there is no secret/],
    ['a bad variable', ['client', 'disable', '--yes', 'machine-jwt'], 1, /CLIENT_CACHE_SECONDS/],
  ])('%s', async (name, args, code, reason, stdin = 'a long enough secret') => {
    const before = await wholeTable();
    const env = name === 'a bad variable' ? { CLIENT_CACHE_SECONDS: 'x' } : {};
    const text = await attempt(args, { stdin, env });
    expect(text).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(reason) });
    const json = await attempt([...args, '--json'], { stdin, env });
    expect(JSON.parse(json.stderr)).toEqual({ error: expect.stringMatching(reason) });
    expect(json).toMatchObject({ code, stdout: '' });
    expect(await wholeTable()).toBe(before);
  });

  it('a secret for an existing public client', async () => {
    await latchkey(['client', 'create', 'spa', '--resource', 'orders', '--auth-method', 'none']);
    expect(await attempt(['secret', 'add', '--client', 'spa'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is public'),
    });
  });
});

it('Lists are printed in aligned columns, or as JSON', async () => {
  const text = (await latchkey(['resource', 'list'])).stdout;
  expect(text).toMatch(/^identifier +audience +enabled/);
  expect(text).toMatch(/^orders +orders +yes/m);
  const json = (await latchkey(['client', 'list', '--json'])).json<{ client_id: string }[]>();
  expect(json.map(({ client_id }) => client_id)).toEqual(expect.arrayContaining(['machine-jwt', 'machine-reference']));
});
