// Text that is no Unicode, and tokens that are too long, at every door where text comes in.
import crypto from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { compose as composeToken } from '../../functions/token.ts';
import * as parse from '../../infra/cli/parse.ts';
import { token as tokenEndpoint } from '../../lib/endpoints/token.ts';
import { serve } from '../../lib/http/serve.ts';
import { MAX_TOKEN_LENGTH } from '../../lib/oauth/access-token.ts';
import { foldUsername, normalizeUsername } from '../../lib/oauth/user.ts';
import { createAttemptStore } from '../../lib/store/attempt.ts';
import { toAttributes } from '../../lib/store/attribute-value.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { isUnicode } from '../../lib/unicode.ts';
import { authenticateUser } from '../../lib/users/authenticate-user.ts';
import { findUserClaims } from '../../lib/users/claims.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { browserResult, proper, queryOf, webClient } from '../support/browser.ts';
import { authorizerDoors } from '../support/doors.ts';
import { type FaultyStore, startFaultyStore } from '../support/faulty-store.ts';
import { forge, type Json, properClaims, signingKeyOf } from '../support/forge.ts';
import { derivedKey, directRecipient, ecdhRecipient, encryptJwe, ORDERS_KEY } from '../support/forge-jwe.ts';
import { basic, createTestClock, type Handlers, httpEvent, post, startWorld, type World } from '../support/world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { clock } = createTestClock();

/** Half a character, and a whole one. */
const HALF = '\ud83d';
const WHOLE = '\ud83d\ude00';

let world: World;
let store: FaultyStore;
let handlers: Handlers;

beforeAll(async () => {
  world = await startWorld({}, clock);
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  await world.clients.create(webClient('web'));
  handlers = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint, CLIENT_CACHE_SECONDS: '3600' });
  // The schema of the table and the clients are known then.
  const known = forge(signingKeyOf(world.env), clock(), { jti: 'of-the-beginning' });
  for (const show of Object.values(doors)) await show(known);
});
afterAll(async () => {
  await store.stop();
  await world.stop();
});
beforeEach(() => void store.take());

const ask = async (name: 'userinfo' | 'logout', request: Parameters<typeof httpEvent>[0]) => {
  const { statusCode } = await handlers[name](httpEvent({ method: 'GET', ...request }));
  return statusCode;
};

/** Every place where a token comes in. */
const doors: Record<string, (token: string) => Promise<unknown>> = {
  introspection: async (token) => (await post(handlers.introspection, 'orders', { token })).json,
  'introspection by a client': async (token) => (await post(handlers.introspection, 'machine-jwt', { token })).json,
  revocation: async (token) => (await post(handlers.revocation, 'machine-jwt', { token })).status,
  'userinfo, in the header': (token) => ask('userinfo', { headers: { authorization: `Bearer ${token}` } }),
  'userinfo, in the body': (token) => ask('userinfo', { method: 'POST', form: { access_token: token } }),
  'logout, as id_token_hint': (token) =>
    ask('logout', { query: new URLSearchParams({ id_token_hint: token }).toString() }),
  ...Object.fromEntries(
    authorizerDoors.map((door) => [door.name, async (token: string) => door.show(handlers, token)] as const),
  ),
};
const refusals: Record<string, unknown> = {
  introspection: { active: false },
  'introspection by a client': { active: false },
  revocation: 200,
  'userinfo, in the header': 401,
  'userinfo, in the body': 401,
  'logout, as id_token_hint': 400,
};
const refusalOf = (door: string) => refusals[door] ?? 'refuse';

describe('A token that holds text that is not Unicode', () => {
  const key = () => signingKeyOf(world.env);
  const sealed = (claims: Json) =>
    encryptJwe(directRecipient(derivedKey('orders')), JSON.stringify({ ...properClaims(clock()), ...claims }), {
      header: { typ: 'at+jwt', aud: 'orders' },
    }).join('.');
  const encrypted = (claims: Json) =>
    encryptJwe(ecdhRecipient(ORDERS_KEY), forge(key(), clock(), claims), { header: { cty: 'JWT' } }).join('.');

  const makers: [what: string, make: (text: string) => string][] = [
    ...['sub', 'client_id', 'jti', 'grant_id', 'scope', 'aud'].map((name): [string, (text: string) => string] => [
      `as ${name}`,
      (text) => forge(key(), clock(), { [name]: name === 'aud' ? ['orders', text] : `x${text}` }),
    ]),
    ['deep in a claim', (text) => forge(key(), clock(), { other: { list: [0, { text }] } })],
    ['as the name of a claim', (text) => forge(key(), clock(), { [text]: 1 })],
    ['as kid', (text) => forge(key(), clock(), {}, { kid: text })],
    ['sealed by an API', (text) => sealed({ jti: text })],
    ['encrypted', (text) => encrypted({ jti: text })],
  ];

  it.each(makers)('%s is refused at every door, before the table is asked', async (_what, make) => {
    for (const [door, show] of Object.entries(doors)) {
      expect([door, await show(make(HALF))]).toEqual([door, refusalOf(door)]);
    }
    expect(store.take().map(({ operation }) => operation)).toEqual([]);
  });

  it.each([
    ['signed', () => forge(key(), clock(), { other: WHOLE, [WHOLE]: `\u0000${WHOLE}` })],
    ['with what looks like an escape', () => forge(key(), clock(), { other: '\\ud83d' })],
    ['sealed', () => sealed({ other: WHOLE })],
    ['encrypted', () => encrypted({ other: WHOLE })],
  ])('but not one whose text is Unicode: %s', async (_what, make) => {
    for (const { name } of authorizerDoors) expect([name, await doors[name]!(make())]).toEqual([name, 'allow']);
    expect(await doors['introspection']!(make())).toMatchObject({ active: true });
  });
});

describe('Text that is not Unicode is refused', () => {
  const authorize = async (query: string) =>
    browserResult(await handlers.authorization(httpEvent({ method: 'GET', path: '/authorize', query })));

  it.each([
    ['the name of a claim', `{"id_token":{"\\ud83d":null}}`],
    ['the value of a claim', `{"userinfo":{"name":{"value":"\\uDE00"}}}`],
    ['what is ignored', `{"other":["\\ud83d"]}`],
  ])('in the parameter claims: %s', async (_what, claims) => {
    expect((await authorize(queryOf(proper({ claims })))).answer).toMatchObject({ error: 'invalid_request' });
    const whole = claims.replace(/\\u[dD].../, '\\ud83d\\ude00');
    expect((await authorize(queryOf(proper({ claims: whole })))).status).toBe(200);
  });

  it.each([
    ['raw', HALF],
    ['encoded as in CESU-8', '%ED%A0%BD'],
  ])('in a query, %s', async (_what, text) => {
    expect((await authorize(`${queryOf(proper())}&login_hint=${text}`)).status).toBe(400);
    expect((await authorize(`${queryOf(proper())}&${text}=x`)).status).toBe(400);
  });

  it.each([
    ['in a form', { form: 'grant_type=client_credentials&scope=%ED%A0%BD' }, 400],
    [
      'in the user name of HTTP Basic',
      { headers: { authorization: `Basic ${btoa('%ED%A0%BD:x')}` }, form: 'x=y' },
      401,
    ],
  ])('%s', async (_what, request, status) => {
    const authorization = { authorization: basic('machine-jwt') };
    const { statusCode } = await handlers.token(httpEvent({ headers: authorization, ...request }));
    expect(statusCode).toBe(status);
  });

  const context = (extensions: object) => ({
    clock,
    extensions,
    users: createUserStore(world.table),
    attempts: createAttemptStore(world.table),
    findUser: async () => undefined,
  });
  it.each<[string, object]>([
    ['half a character in sub', { sub: HALF }],
    ['half a character in amr', { sub: 'x', amr: [HALF] }],
    ['no sub', {}],
    ['an empty sub', { sub: '' }],
    ['a number as sub', { sub: 1 }],
  ])('from authenticateUser, as a fault: %s', async (_what, found) => {
    const hooks = context({ authenticateUser: async () => found });
    const signIn = authenticateUser(`of-${_what}`, 'any', { address: '203.0.113.1' }, hooks);
    await expect(signIn).rejects.toThrow('authenticateUser returned');
  });

  it('from claimsFor, as a fault', async () => {
    const claimsFor = async () => ({ name: HALF });
    const authenticateElsewhere = async () => undefined;
    const hooks = context({ claimsFor, authenticateUser: authenticateElsewhere });
    await expect(findUserClaims('x', hooks)).rejects.toThrow('claimsFor returned');
    const known = { ...context({ claimsFor }), findUser: async () => ({ claims: {}, enabled: true }) };
    await expect(findUserClaims('x', known)).rejects.toThrow('claimsFor returned');
  });

  it('from accessTokenClaims, as a fault', async () => {
    const issue = async (text: string) => {
      const extensions = { accessTokenClaims: () => ({ more: { text } }) };
      const endpoint = serve(tokenEndpoint, () => ({
        ...composeToken(createFoundationWithTable(world.env, clock)),
        extensions,
      }));
      return post(endpoint, 'machine-jwt', { grant_type: 'client_credentials' });
    };
    expect(await issue(HALF)).toMatchObject({ status: 503, json: { error: 'server_error' } });
    expect(await issue(WHOLE)).toMatchObject({ status: 200 });
  });

  it.each([
    ['name', parse.name],
    ['id', parse.knownId],
    ['audience', parse.newAudience],
    ['username', parse.newUsername],
    ['user', parse.knownUser],
  ])('from the command line: %s', (_what, read) => {
    expect(() => read(`x${HALF}y`)).toThrow(/characters/);
    expect(read(`x${WHOLE}y`)).toBe(`x${WHOLE}y`);
  });

  it('by the table, whatever let it in', () => {
    expect(() => toAttributes({ pk: `USER#${HALF}`, sk: 'USER' })).toThrow(TypeError);
    expect(() => toAttributes({ claims: { list: [HALF] } })).toThrow(TypeError);
    expect(toAttributes({ pk: WHOLE })).toEqual({ pk: { S: WHOLE } });
  });

  it('and never made: by cutting a name that is too long', () => {
    for (const name of [`${'x'.repeat(254)}${WHOLE}`, `x${HALF}`]) {
      expect(isUnicode(normalizeUsername(name))).toBe(true);
      expect(isUnicode(foldUsername(name))).toBe(true);
    }
  });
});

describe('A token of more than 8 KB', () => {
  const LONG = 'zq'.repeat(MAX_TOKEN_LENGTH / 2);
  const seen: string[] = [];
  const note = (by: string, text: unknown) => {
    if (typeof text === 'string' && text.length > MAX_TOKEN_LENGTH && text.includes(LONG)) seen.push(by);
  };
  const { hash } = crypto;
  beforeEach(() => {
    seen.length = 0;
    const { exec } = RegExp.prototype;
    vi.spyOn(RegExp.prototype, 'exec').mockImplementation(function (this: RegExp, text) {
      note(String(this), text);
      return exec.call(this, text);
    });
    const from = Buffer.from as (...of: unknown[]) => Buffer;
    vi.spyOn(Buffer, 'from').mockImplementation(((...of: unknown[]) => {
      if (of[1] === 'base64url') note('base64url', of[0]);
      return from.apply(Buffer, of);
    }) as typeof Buffer.from);
    crypto.hash = ((...of: Parameters<typeof hash>) => {
      note('hash', of[1]);
      return hash(...of);
    }) as typeof hash;
    syncBuiltinESMExports();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    crypto.hash = hash;
    syncBuiltinESMExports();
  });

  it.each([
    ['a JWT', `x.${LONG}.y`],
    ['a JWE', `x.${LONG}.y.z.w`],
    ['a reference token', `lk_at_${LONG}`],
    ['a refresh token', `lk_rt_${LONG}`],
    ['an ID token', `${LONG}..`],
    ['nothing known', `${LONG}!`],
  ])('is refused at every door before a regular expression, a hash or a decoder sees it: %s', async (_what, token) => {
    for (const [door, show] of Object.entries(doors)) {
      expect([door, await show(token), ...seen]).toEqual([door, refusalOf(door)]);
    }
    expect(store.take()).toEqual([]);
  });

  it('is refused as well where a handle is expected', async () => {
    for (const form of [
      { grant_type: 'authorization_code', code: `lk_ac_${LONG}`, redirect_uri: 'https://app.example/callback' },
      { grant_type: 'refresh_token', refresh_token: `lk_rt_${LONG}` },
    ]) {
      expect((await post(handlers.token, 'web', form)).json).toMatchObject({ error: 'invalid_grant' });
    }
    const cookies = [`__Host-latchkey=lk_ss_${LONG}`, `__Host-latchkey-device=${LONG}`];
    const event = httpEvent({ method: 'GET', path: '/authorize', query: queryOf(proper()), cookies });
    expect((await handlers.authorization(event)).statusCode).toBe(200);
    expect(seen).toEqual([]);
  });
});

it('A secret of a client that is longer than any is refused before it is hashed', async () => {
  const { status, json } = await (async () => {
    const result = await handlers.token(
      httpEvent({
        form: { grant_type: 'client_credentials', client_id: 'machine-jwt', client_secret: 'x'.repeat(256) },
      }),
    );
    return { status: result.statusCode, json: JSON.parse(result.body) };
  })();
  expect([status, json.error]).toEqual([401, 'invalid_client']);
});

describe('No other way leads in:', () => {
  const files = readdirSync(`${root}lib`, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const users = (use: RegExp) =>
    files
      .filter((file) => use.test(readFileSync(`${root}lib/${file}`, 'utf8').replace(/^\s*(\/\/|\/?\*).*$/gm, '')))
      .toSorted();

  it('JSON is parsed by the file that checks its text, and answers of AWS by its client', () => {
    expect(users(/\bJSON\.parse\b/)).toEqual(['aws-client.ts', 'unicode.ts']);
  });

  it('percent-encoding is decoded by the file that checks the text', () => {
    expect(users(/\bdecodeURI(Component)?\b|\bunescape\b/)).toEqual(['oauth/form-component.ts']);
  });
});
