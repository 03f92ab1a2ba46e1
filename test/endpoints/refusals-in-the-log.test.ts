// The log shows an operator why a request was refused; the response does not show the caller.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { importSecret } from '../../lib/secrets/secret.ts';
import { createUserStore } from '../../lib/store/user.ts';
import {
  CALLBACK,
  openBrowser,
  PASSWORD,
  proper,
  type Query,
  queryOf,
  user,
  VERIFIER,
  webClient,
} from '../support/browser.ts';
import { createSignIn, REDIRECT_URI, app as signInApp } from '../support/sign-in.ts';
import {
  authorizerEvents,
  basic,
  client,
  createTestClock,
  type FormRequest,
  getToken,
  type Handlers,
  httpEvent,
  post,
  readResult,
  resourceServer,
  SECRET,
  STORED_SECRET,
  startWorld,
  type World,
} from '../support/world.ts';

const { clock, advance } = createTestClock();

/** Part of every secret, name and foreign token that is sent here. No log line may contain it. */
const OUTSIDE = 'from-outside';
const GUESS = `lk_cs_${OUTSIDE}`;

let world: World;
let handlers: Handlers;
let people: ReturnType<typeof createSignIn>;
const lines: string[] = [];

beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  world = await startWorld({ LOG_LEVEL: 'info' }, clock);
  handlers = world.handlers;
  people = createSignIn(world, clock);
  const users = createUserStore(world.table);
  const expired = { expires_at: clock() - 1 };
  const alice = user('alice');
  const gone = user('gone', { enabled: false });
  await Promise.all([
    ...[alice, gone].map(({ username, sub }) => users.reserveName(username, sub)),
    ...[alice, gone].map((person) => users.create(person)),
    ...[
      client('machine'),
      client('closed', { enabled: false }),
      client('by-post', { token_endpoint_auth_method: 'client_secret_post' }),
      client('old', { secrets: [{ ...STORED_SECRET, ...expired }] }),
      client('old-chosen', { secrets: [{ ...(await importSecret('chosen by somebody', 0)), ...expired }] }),
      client('public', { token_endpoint_auth_method: 'none', secrets: [] }),
      client('public-closed', { token_endpoint_auth_method: 'none', secrets: [], enabled: false }),
      client('legacy', { grant_types: ['password'] }),
      signInApp('app'),
      signInApp('other-app'),
      webClient('web'),
      webClient('web-closed', { enabled: false }),
    ].map((record) => world.clients.create(record)),
    world.resourceServers.create(resourceServer('closed-api', { enabled: false })),
  ]);
});
afterAll(async () => {
  vi.restoreAllMocks();
  await world.stop();
});
afterEach(() => {
  lines.length = 0;
});

/** What the log has to say since the last test, without what every line has. */
function logged(): Record<string, unknown>[] {
  const said = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.join()).not.toContain(OUTSIDE);
  return said;
}

const GRANT = { grant_type: 'client_credentials' };
const withBasic = (id: string, secret: string): FormRequest => ({
  headers: { authorization: basic(id, secret) },
  form: { ...GRANT, token: OUTSIDE },
});
const withForm = (form: Record<string, string>): FormRequest => ({ form: { ...GRANT, token: OUTSIDE, ...form } });

describe('A failed client authentication', () => {
  const cases: [what: string, request: FormRequest, line: object][] = [
    ['nothing at all', withForm({}), { reason: 'no authentication' }],
    [
      'a header that is no Basic one',
      { ...withForm({}), headers: { authorization: `Basic ${OUTSIDE}!` } },
      { reason: 'malformed authentication' },
    ],
    ['a client that nobody registered', withBasic(OUTSIDE, GUESS), { reason: 'unknown client' }],
    ['an id that no client can have', withBasic(`${OUTSIDE} ü`, GUESS), { reason: 'unknown client' }],
    ['a wrong secret', withBasic('machine', GUESS), { reason: 'wrong secret', client_id: 'machine' }],
    ['an expired secret', withBasic('old', SECRET), { reason: 'expired secret', client_id: 'old' }],
    ['a wrong secret beside an expired one', withBasic('old', GUESS), { reason: 'wrong secret', client_id: 'old' }],
    [
      'an expired secret that somebody chose',
      withBasic('old-chosen', 'chosen by somebody'),
      { reason: 'wrong or expired secret', client_id: 'old-chosen' },
    ],
    ['a disabled client', withBasic('closed', SECRET), { reason: 'disabled client', client_id: 'closed' }],
    [
      'a disabled public client',
      withForm({ client_id: 'public-closed' }),
      { reason: 'disabled client', client_id: 'public-closed' },
    ],
    [
      'a method that the client is not registered for',
      withBasic('by-post', SECRET),
      { reason: 'method not allowed for this client', client_id: 'by-post' },
    ],
    [
      'a confidential client without its secret',
      withForm({ client_id: 'machine' }),
      { reason: 'method not allowed for this client', client_id: 'machine' },
    ],
  ];

  describe.each(['token', 'revocation', 'introspection'] as const)('at %s', (door) => {
    it.each(cases)(
      'by %s has its own reason in the log, but the same answer as any other',
      async (_what, request, line) => {
        const { status, json } = readResult(await handlers[door](httpEvent(request)));
        expect({ status, json }).toEqual({
          status: 401,
          json: { error: 'invalid_client', error_description: 'client authentication failed' },
        });
        expect(logged()).toEqual([{ level: 'info', event: 'refused', error: 'invalid_client', ...line }]);
      },
    );
  });

  it.each<[what: string, request: FormRequest, line: object]>([
    ['a resource server', withBasic('orders', GUESS), { reason: 'wrong secret', resource_server: 'orders' }],
    [
      'a disabled resource server',
      withBasic('closed-api', SECRET),
      { reason: 'disabled client', resource_server: 'closed-api' },
    ],
    ['a public client', withForm({ client_id: 'public' }), { reason: 'not for a public client', client_id: 'public' }],
  ])('of %s at introspection is logged with its own reason', async (_what, request, line) => {
    expect((await handlers.introspection(httpEvent(request))).statusCode).toBe(401);
    expect(logged()).toEqual([{ level: 'info', event: 'refused', error: 'invalid_client', ...line }]);
  });
});

describe('A refusal of an authenticated client', () => {
  it.each<[what: string, form: Record<string, string>, line: object]>([
    ['an unknown grant type', { grant_type: OUTSIDE }, { error: 'unsupported_grant_type' }],
    ['a grant type that is not its own', { grant_type: 'password' }, { error: 'unauthorized_client' }],
    ['a scope that it may not have', { ...GRANT, scope: OUTSIDE }, { error: 'invalid_scope' }],
    ['a resource that it may not have', { ...GRANT, resource: OUTSIDE }, { error: 'invalid_target' }],
  ])('for %s is logged with the client_id', async (_what, form, line) => {
    expect((await post(handlers.token, 'machine', form)).status).toBe(400);
    expect(logged()).toMatchObject([{ event: 'refused', client_id: 'machine', reason: expect.any(String), ...line }]);
  });
});

describe('The log has its own reason for', () => {
  const redeem = (code: string, form: Record<string, string> = {}, id = 'app') =>
    post(handlers.token, id, { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, ...form });
  const refresh = (refresh_token: string, id = 'app') =>
    post(handlers.token, id, { grant_type: 'refresh_token', refresh_token });
  const give = async (scope = 'openid offline_access') =>
    people.give(handlers, (await world.clients.find('app'))!, { scope });

  it.each<[what: string, present: () => Promise<unknown>, reason: string]>([
    ['a code that is none', () => redeem(`lk_ac_${OUTSIDE}`), 'it is not a code of this service'],
    ['a code that was used', async () => redeem((await give()).code), 'used before: the grant was revoked'],
    [
      'a code of another client',
      async () => redeem((await give()).code, {}, 'other-app'),
      'it was issued to another client',
    ],
    ['a refresh token that is none', () => refresh(`lk_rt_${OUTSIDE}`), 'it is not a refresh token of this service'],
    [
      'a refresh token of another client',
      async () => refresh((await give()).refresh_token, 'other-app'),
      'it was issued to another client',
    ],
    [
      'a refresh token that was used long ago',
      async () => {
        const { refresh_token } = await give();
        await refresh(refresh_token);
        advance(60);
        return refresh(refresh_token);
      },
      'used before: the grant was revoked',
    ],
    [
      'an expired refresh token',
      async () => {
        const { refresh_token } = await give();
        advance(700_000);
        return refresh(refresh_token);
      },
      'the refresh token has expired',
    ],
    [
      'a revoked refresh token',
      async () => {
        const { refresh_token } = await give();
        await post(handlers.revocation, 'app', { token: refresh_token });
        return refresh(refresh_token);
      },
      'the grant is revoked',
    ],
  ])('%s, but the answer is the same as for any other', async (_what, present, reason) => {
    expect(await present()).toMatchObject({
      status: 400,
      json: {
        error: 'invalid_grant',
        error_description: 'the grant is unknown, expired, used, or not for this client and request',
      },
    });
    expect(logged().at(-1)).toMatchObject({ event: 'refused', error: 'invalid_grant', reason });
  });

  it('each missing proof, and for an expired code', async () => {
    const { answer } = await openBrowser(handlers.authorization).pass(proper());
    const form = { redirect_uri: CALLBACK, code_verifier: `${VERIFIER}${OUTSIDE}` };
    expect((await redeem(answer['code'] ?? '', form, 'web')).status).toBe(400);
    expect(logged().at(-1)).toMatchObject({ reason: 'code_verifier is missing or wrong', client_id: 'web' });
    expect((await redeem(answer['code'] ?? '', { ...form, redirect_uri: OUTSIDE }, 'web')).status).toBe(400);
    expect(logged().at(-1)).toMatchObject({
      reason: 'redirect_uri differs from the authorization request',
      client_id: 'web',
    });
    advance(61);
    const late = { redirect_uri: CALLBACK, code_verifier: VERIFIER };
    expect((await redeem(answer['code'] ?? '', late, 'web')).status).toBe(400);
    expect(logged().at(-1)).toMatchObject({ reason: 'the code has expired', client_id: 'web' });
  });
});

describe('A failed sign-in', () => {
  const attempts: [what: string, username: string, password: string, line: object][] = [
    ['a name that nobody has', OUTSIDE, PASSWORD, { reason: 'unknown user' }],
    ['a wrong password', 'alice', OUTSIDE, { reason: 'wrong password' }],
    ['a disabled user', 'gone', PASSWORD, { reason: 'disabled user' }],
  ];

  it.each(attempts)(
    'by %s has its own reason in the log only, on the sign-in page',
    async (_what, username, password, line) => {
      const browser = openBrowser(handlers.authorization);
      const page = await browser.get(proper());
      const again = await browser.signIn(page, username, password);
      expect(again.heading).toBe('Sign in');
      expect(logged()).toMatchObject([{ event: 'sign-in refused', client_id: 'web', ...line }]);
      expect(again.body).not.toContain(Object.values(line).join());
    },
  );

  it.each(attempts)(
    'by %s has its own reason in the log only, with the grant type password',
    async (_what, username, password, line) => {
      const result = await post(handlers.token, 'legacy', { grant_type: 'password', username, password });
      expect(result.json).toEqual({
        error: 'invalid_grant',
        error_description: 'username and password do not match',
      });
      expect(logged()).toMatchObject([{ event: 'refused', client_id: 'legacy', ...line }]);
    },
  );
});

describe('A refused authorization request', () => {
  it.each<[what: string, query: Query, line: object]>([
    ['an unknown client', { client_id: OUTSIDE }, { error: 'invalid_client', reason: 'unknown client' }],
    [
      'a disabled client',
      { client_id: 'web-closed' },
      { error: 'invalid_client', reason: 'disabled client', client_id: 'web-closed' },
    ],
    [
      'another redirect URI',
      { redirect_uri: `https://${OUTSIDE}.example/` },
      { reason: 'redirect_uri is not registered for this client', client_id: 'web' },
    ],
    ['a scope that is not its own', { scope: OUTSIDE }, { error: 'invalid_scope', client_id: 'web' }],
  ])('with %s has its own reason in the log', async (_what, query, line) => {
    await handlers.authorization(httpEvent({ method: 'GET', path: '/authorize', query: queryOf(proper(query)) }));
    expect(logged()).toMatchObject([{ event: 'refused', ...line }]);
  });
});

describe('A refused access token', () => {
  const userinfo = (headers: Record<string, string>) => handlers.userinfo(httpEvent({ method: 'GET', headers }));

  it('at userinfo is logged once, with the reason', async () => {
    expect((await userinfo({ authorization: `Bearer ${OUTSIDE}` })).statusCode).toBe(401);
    expect(logged()).toMatchObject([
      { event: 'refused', error: 'invalid_token', reason: 'the access token is not in the form of an access token' },
    ]);
  });

  it('at userinfo: its absence is logged', async () => {
    expect((await userinfo({})).statusCode).toBe(401);
    expect(logged()).toEqual([{ level: 'info', event: 'refused', reason: 'no authentication' }]);
  });

  const authorize = async (token: string) => {
    lines.length = 0;
    await handlers.authorizer(authorizerEvents['HTTP API 2.0'](token));
  };
  it.each<[what: string, token: () => Promise<string>, reason: string]>([
    ['none of ours', async () => OUTSIDE, 'is not in the form of an access token'],
    ['a forged handle', async () => `lk_at_${OUTSIDE}`, 'is not a reference token of this service'],
    [
      'one of another key',
      async () => (await getToken(handlers, 'machine-jwt')).replace(/^[^.]+/, forgedHeader),
      'names an unknown key',
    ],
    [
      'one for another API',
      () => getToken(handlers, 'machine-jwt', { resource: 'billing' }),
      'is for another audience',
    ],
    [
      'an expired one',
      async () => {
        const token = await getToken(handlers, 'machine-jwt');
        advance(4_000);
        return token;
      },
      'has expired',
    ],
    [
      'a revoked one',
      async () => {
        const token = await getToken(handlers, 'machine-jwt');
        await post(handlers.revocation, 'machine-jwt', { token });
        return token;
      },
      'was revoked',
    ],
  ])('at the authorizer has its own reason in the log: %s', async (_what, token, reason) => {
    await authorize(await token());
    expect(logged()).toEqual([{ level: 'info', event: 'refused', reason }]);
  });

  it('at introspection is logged with the caller', async () => {
    const token = await getToken(handlers, 'machine-jwt', { resource: 'billing' });
    lines.length = 0;
    expect((await post(handlers.introspection, 'orders', { token })).json).toEqual({ active: false });
    expect(logged()).toMatchObject([{ resource_server: 'orders', reason: 'is not for this caller' }]);
  });
});

const forgedHeader = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: OUTSIDE })).toString('base64url');

describe('The parameter audience', () => {
  const IGNORED = {
    level: 'info',
    event: 'parameter ignored',
    parameter: 'audience',
    reason: 'the API that a token is for is named by the parameter resource (RFC 8707)',
  };

  it('is ignored at the token endpoint, and the log points to resource', async () => {
    const { status, json } = await post(handlers.token, 'machine', { ...GRANT, audience: OUTSIDE });
    expect(status).toBe(200);
    expect(json['access_token']).toBeDefined();
    expect(logged().filter(({ event }) => event === 'parameter ignored')).toEqual([
      { ...IGNORED, client_id: 'machine' },
    ]);
  });

  it('is logged once for a sign-in with several pages', async () => {
    const browser = openBrowser(handlers.authorization);
    const consent = await browser.signIn(await browser.get(proper({ audience: OUTSIDE, prompt: 'consent' })));
    await browser.press(consent, 'allow');
    expect(logged().filter(({ event }) => event === 'parameter ignored')).toEqual([{ ...IGNORED, client_id: 'web' }]);
  });

  it('is logged once for a posted authorization request', async () => {
    const form = { ...(proper({ audience: OUTSIDE }) as Record<string, string>) };
    const { headers } = await handlers.authorization(httpEvent({ path: '/authorize', form }));
    const { search } = new URL(headers['location'] ?? '');
    await handlers.authorization(httpEvent({ method: 'GET', path: '/authorize', query: search.slice(1) }));
    expect(logged().filter(({ event }) => event === 'parameter ignored')).toEqual([IGNORED]);
  });

  it('is not logged if it was not sent', async () => {
    await post(handlers.token, 'machine', { ...GRANT, resource: 'orders' });
    expect(logged().map(({ event }) => event)).toEqual(['token issued']);
  });
});
