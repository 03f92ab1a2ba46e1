import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config.ts';
import { createUserStore, type UserStore } from '../../lib/store/user.ts';
import { type FaultyStore, faults, startFaultyStore } from '../support/faulty-store.ts';
import { authorizerEvents, client, post, startWorld, verdict, type World } from '../support/world.ts';
import { type Cli, createCli, succeeding } from './cli-runner.ts';

let world: World;
let store: FaultyStore;
let attempt: Cli;
let latchkey: Cli;
let users: UserStore;

const systemTime: Clock = () => Math.floor(Date.now() / 1000);

beforeAll(async () => {
  world = await startWorld({}, systemTime);
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  attempt = createCli({ ...world.env, AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
  latchkey = succeeding(attempt);
  users = createUserStore(world.table);
  await world.clients.create(
    client('legacy', { grant_types: ['password', 'refresh_token'], scope: 'read openid offline_access' }),
  );
});
afterEach(() => store.behave());
afterAll(async () => {
  await store.stop();
  await world.stop();
});

let count = 0;
/** A new user, and their password. */
async function newUser(...more: string[]): Promise<{ name: string; password: string }> {
  const name = `user-${++count}`;
  const { json } = await latchkey(['user', 'create', name, ...more, '--json']);
  return { name, password: String(json()['password']) };
}

const find = async (name: string) => (await users.findByName(name))!;

/** Signs in by password, which shows soonest who can. */
const signIn = (username: string, password: string, scope = 'read openid offline_access') =>
  post(world.handlers.token, 'legacy', { grant_type: 'password', username, password, scope });

const shown = (token: unknown) => verdict(world.handlers.authorizer(authorizerEvents['HTTP API 2.0'](String(token))));

const refresh = (token: unknown) =>
  post(world.handlers.token, 'legacy', { grant_type: 'refresh_token', refresh_token: String(token) });

describe('user create', () => {
  it('adds a user who can sign in with a password that is printed once', async () => {
    const { stdout, stderr } = await latchkey(['user', 'create', 'Alice', '--name', 'Alice Adams']);
    const [, password = ''] = /^password +(\S+)$/m.exec(stdout) ?? [];
    expect(password).toMatch(/^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/);
    expect(stderr).toContain('shown only now');
    expect(await find('alice')).toMatchObject({ username: 'Alice', enabled: true, claims: { name: 'Alice Adams' } });
    expect((await signIn('ALICE', password)).status).toBe(200);
    expect((await signIn('alice', `${password}!`)).status).toBe(400);

    const client = new DynamoDBClient(readConfig(world.env).aws('DYNAMODB'));
    const { Items } = await client.send(new ScanCommand({ TableName: world.env['TABLE_NAME'] ?? '' }));
    expect(JSON.stringify(Items)).not.toContain(password);
    const later = [
      ['user', 'show', 'alice'],
      ['user', 'list'],
      ['user', 'list', '--json'],
    ] as const;
    for (const { stdout: text } of await Promise.all(later.map((args) => latchkey(args)))) {
      expect(text).not.toContain(password);
      expect(text).not.toContain('scrypt$');
    }
  });

  it('reads a chosen password, and does not print it', async () => {
    const password = 'correct horse battery staple';
    const { stdout } = await latchkey(['user', 'create', 'bob', '--password-stdin'], { stdin: `${password}\n` });
    expect(stdout).not.toContain(password);
    expect((await signIn('bob', password)).status).toBe(200);
  });

  it('accepts the standard claims', async () => {
    const more = [
      ...['--email', 'c@example.com', '--email-verified', '--phone-number', '+1 425 555 1212'],
      ...['--given-name', 'Carol', '--locale', 'de-CH', '--zoneinfo', 'Europe/Paris', '--birthdate', '1984-01-31'],
      ...['--address', '1 Main Street', '--picture', 'https://example.com/c.png'],
    ];
    const { name } = await newUser(...more);
    expect((await find(name)).claims).toEqual({
      preferred_username: name,
      email: 'c@example.com',
      email_verified: true,
      phone_number: '+1 425 555 1212',
      given_name: 'Carol',
      locale: 'de-CH',
      zoneinfo: 'Europe/Paris',
      birthdate: '1984-01-31',
      address: { formatted: '1 Main Street' },
      picture: 'https://example.com/c.png',
      updated_at: expect.any(Number),
    });
  });

  it('refuses an existing username in any case', async () => {
    const { name } = await newUser();
    const before = await find(name);
    const { code, stdout, stderr } = await attempt(['user', 'create', name.toUpperCase()]);
    expect({ code, stdout, stderr }).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('already') });
    expect(await find(name)).toEqual(before);
  });

  it('adds one user when two commands use the same name at once', async () => {
    const results = await Promise.all(['--json', '--json'].map((json) => attempt(['user', 'create', 'twin', json])));
    expect(results.map(({ code }) => code).toSorted()).toEqual([0, 1]);
    const made = results.find(({ code }) => code === 0)!.json();
    expect((await signIn('twin', String(made['password']))).status).toBe(200);
  });

  it('succeeds when only the answers of the table were lost', async () => {
    const lost = new Set<number>();
    let puts = 0;
    store.behave(async (response, forward, request) => {
      const isFirst = request.operation === 'PutItem' && ++puts % 2 === 1;
      if (isFirst) lost.add(puts);
      if (isFirst) return faults['an answer lost after the fact'](response, forward);
      const { status, headers, body } = await forward();
      response.writeHead(status, headers).end(body);
    });
    const { name, password } = await newUser();
    expect(lost.size).toBeGreaterThan(0);
    store.behave();
    expect((await signIn(name, password)).status).toBe(200);
  });
});

describe('user update', () => {
  it.each<[string, string[], string[], object]>([
    ['adds a claim', [], ['--nickname', 'Al'], { nickname: 'Al' }],
    ['takes a claim away', ['--nickname', 'Al'], ['--nickname', ''], { nickname: undefined }],
    [
      'no longer says of a new address that it was checked',
      ['--email', 'a@example.com', '--email-verified'],
      ['--email', 'b@example.com'],
      { email: 'b@example.com', email_verified: undefined },
    ],
    [
      'says so where it was',
      ['--email', 'a@example.com', '--email-verified'],
      ['--email', 'b@example.com', '--email-verified'],
      { email: 'b@example.com', email_verified: true },
    ],
    [
      'gives groups and roles',
      [],
      ['--group', 'a', '--group', 'b', '--role', 'c'],
      { groups: ['a', 'b'], roles: ['c'] },
    ],
    ['replaces groups', ['--group', 'a', '--role', 'c'], ['--group', 'b'], { groups: ['b'], roles: ['c'] }],
    ['takes groups away', ['--group', 'a', '--role', 'c'], ['--group', ''], { groups: undefined, roles: ['c'] }],
    ['says that it was not', [], ['--no-phone-number-verified'], { phone_number_verified: false }],
  ])('%s, and leaves the rest', async (_, before, args, expected) => {
    const { name } = await newUser('--family-name', 'Adams', ...before);
    const { claims: _claims, ...rest } = await find(name);
    await latchkey(['user', 'update', name, ...args]);
    const { claims, ...after } = await find(name);
    expect(after).toEqual(rest);
    expect({ nickname: undefined, email_verified: undefined, groups: undefined, ...claims }).toMatchObject({
      family_name: 'Adams',
      ...expected,
    });
  });
});

/** A user who is signed in, with the tokens of a client. */
async function signedIn() {
  const user = await newUser();
  const { json } = await signIn(user.name, user.password);
  expect(await shown(json['access_token'])).toBe('allow');
  return { ...user, accessToken: json['access_token'], refreshToken: json['refresh_token'] };
}

describe.each([
  ['sign-out', true],
  ['disable', false],
  ['reset', false],
] as const)('user %s', (verb, keepsPassword) => {
  it('revokes sessions, grants and tokens, and can be repeated', async () => {
    const { name, password, accessToken, refreshToken } = await signedIn();
    for (const time of ['first', 'second']) {
      await latchkey(['user', verb, '--yes', name]);
      expect(await shown(accessToken), time).toBe('refuse');
      expect((await refresh(refreshToken)).json, time).toMatchObject({ error: 'invalid_grant' });
    }
    expect((await signIn(name, password)).status).toBe(keepsPassword ? 200 : 400);
  });

  it('does not affect other users', async () => {
    const [one, other] = [await signedIn(), await signedIn()];
    await latchkey(['user', verb, '--yes', one.name]);
    expect(await shown(other.accessToken)).toBe('allow');
    expect((await refresh(other.refreshToken)).status).toBe(200);
  });

  it('refuses an unknown user', async () => {
    const result = await attempt(['user', verb, 'nobody']);
    expect(result).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'table latchkey-test in eu-west-1\nlatchkey: there is no user nobody\n',
    });
  });

  it('says what was done when the table fails half way', async () => {
    const { name } = await signedIn();
    let written = 0;
    store.behave(async (response, forward, request) => {
      const isWrite = ['PutItem', 'UpdateItem'].includes(request.operation);
      if (isWrite && ++written > 1) return faults['access denied'](response, forward, request);
      const { status, headers, body } = await forward();
      response.writeHead(status, headers).end(body);
    });
    const { code, stderr } = await attempt(['user', verb, '--yes', name]);
    expect(code).toBe(1);
    expect(stderr).toMatch(keepsPassword ? /table/ : /but may still be signed in.*run the same command again/);
  });
});

describe('user reset', () => {
  it.each([
    ['makes a password', [], undefined],
    ['takes one', ['--password-stdin'], 'correct horse battery staple'],
  ])('%s, which works; sessions and tokens from requests in flight are refused', async (_, more, stdin) => {
    const { name } = await newUser();
    const { json } = await latchkey(['user', 'reset', '--yes', name, ...more, '--json'], { stdin: stdin ?? '' });
    const password = stdin ?? String(json()['password']);
    expect('password' in json()).toBe(stdin === undefined);
    const { issued_until, revoked_at } = json()['revocation'] as { issued_until: number; revoked_at: number };
    expect(issued_until - revoked_at).toBe(10);
    // Somebody whose old password was found right a moment ago is answered no later than this.
    const { status, json: answer } = await signIn(name, password);
    expect(status).toBe(200);
    expect(await shown(String(answer['access_token']))).toBe('refuse');
  });
});

describe('user enable', () => {
  it('lets a user sign in again, while old tokens stay refused', async () => {
    const { name, password, accessToken } = await signedIn();
    await latchkey(['user', 'disable', '--yes', name]);
    expect((await signIn(name, password)).status).toBe(400);
    await latchkey(['user', 'enable', name]);
    expect((await signIn(name, password)).status).toBe(200);
    expect(await shown(accessToken)).toBe('refuse');
  });
});

it('user show also finds a user by sub', async () => {
  const { name } = await newUser();
  const { sub } = await find(name);
  const { json } = await latchkey(['user', 'show', '--json', '--', sub]);
  expect(json()).toMatchObject({ username: name, sub });
});

it('user sign-out --subject signs out a user who is not in the table', async () => {
  const { json } = await latchkey(['user', 'sign-out', '--yes', 'from-elsewhere', '--subject', '--json']);
  expect(json()).toMatchObject({ revocation: { kind: 'subject', id: 'from-elsewhere' } });
});

describe('The user commands refuse with exit code 2', () => {
  it.each<[string, string[], RegExp]>([
    ['a name with space around it', ['create', ' alice'], /A username has/],
    ['an empty name', ['create', ''], /A username has/],
    ['a name with a control character', ['create', 'a\u0000b'], /A username has/],
    ['a name that changes direction', ['create', 'a\u202eb'], /A username has/],
    ['a name that is too long', ['create', 'a'.repeat(256)], /A username has/],
    ['an address that is none', ['create', 'x', '--email', 'alice'], /An email address looks like/],
    ['a number that is none', ['create', 'x', '--phone-number', '12'], /A phone number looks like/],
    ['a picture on plain http', ['create', 'x', '--picture', 'http://example.com/a.png'], /must be https/],
    ['a group without a name that can be shown', ['create', 'x', '--group', 'a\nb'], /A group or role has/],
    [
      'too many roles',
      ['create', 'x', ...Array.from({ length: 51 }, (_, at) => ['--role', `r${at}`]).flat()],
      /groups and roles must be at most 50 each/,
    ],
    ['a locale that is none', ['create', 'x', '--locale', '_'], /A locale looks like/],
    ['a birthdate that is none', ['create', 'x', '--birthdate', '1/2/84'], /A birthdate looks like/],
    ['a time zone that is none', ['create', 'x', '--zoneinfo', 'UTC+1 h'], /A time zone looks like/],
    ['a password on the command line', ['create', 'x', '--password', 'secret'], /unknown option/],
    ['a subject that is set', ['create', 'x', '--sub', 'y'], /unknown option/],
    ['nothing to change', ['update', 'x'], /nothing to change/],
  ])('%s', async (_, args, reason) => {
    expect(await attempt(['user', ...args])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(reason),
    });
  });
});

it.each([
  ['short', 'hunter2'],
  ['long', 'x'.repeat(256)],
  ['hard to type', 'correct\u0007horse'],
])('user create refuses a password that is too %s', async (_, stdin) => {
  const result = await attempt(['user', 'create', 'nopass', '--password-stdin'], { stdin });
  expect(result).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('8 to 255 characters') });
  expect(await users.findByName('nopass')).toBeUndefined();
});
