import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compose as composeUserinfo } from '../../functions/userinfo.ts';
import { userinfo } from '../../lib/endpoints/userinfo.ts';
import { serve } from '../../lib/http/serve.ts';
import { createRevocation } from '../../lib/oauth/revocation.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { forge, signingKeyOf } from '../support/forge.ts';
import { openList } from '../support/revocation-list.ts';
import { ALICE, app, createSignIn, type SignedIn } from '../support/sign-in.ts';
import {
  client,
  createTestClock,
  type FormRequest,
  getToken,
  httpEvent,
  keyVariables,
  MACHINES,
  machines,
  post,
  readResult,
  startWorld,
  type World,
} from '../support/world.ts';

const { clock, advance, set } = createTestClock();
const NOW = clock();
const ORIGIN = 'https://spa.example';

const web = app('web', { allowed_origins: [ORIGIN, 'https://other.example'] });
// An API can make sealed tokens for itself, so userinfo accepts only those that are for userinfo alone.
const apps = MACHINES.map((id) =>
  app(`app-${id}`, { access_token_format: machines[id], ...(machines[id] === 'sealed' && { resources: [] }) }),
);

let world: World;
let people: ReturnType<typeof createSignIn>;

beforeAll(async () => {
  world = await startWorld({}, clock);
  people = createSignIn(world, clock);
  await Promise.all([
    people.users.create(ALICE),
    people.users.create({ ...ALICE, sub: 'gone', enabled: false }),
    people.users.create({ ...ALICE, sub: 'another' }),
    ...[web, ...apps].map((record) => world.clients.create(record)),
    world.clients.create(client('machine-openid', { scope: 'openid read' })),
  ]);
});
afterAll(() => world.stop());

const ask = async (request: FormRequest, handlers = world.handlers) =>
  readResult(await handlers.userinfo(httpEvent({ method: 'GET', path: '/userinfo', ...request })));
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const show = ({ access_token }: Pick<SignedIn, 'access_token'>) => ask(bearer(access_token));

const challenge = (code: string) => ({ 'www-authenticate': expect.stringContaining(`Bearer error="${code}"`) });
const INVALID = { status: 401, json: { error: 'invalid_token' }, headers: challenge('invalid_token') };
const SHORT = { status: 403, json: { error: 'insufficient_scope' } };
const BAD = { status: 400, json: { error: 'invalid_request' }, headers: challenge('invalid_request') };

describe('Userinfo returns the claims of the scope', () => {
  it.each<[string, object]>([
    ['openid', {}],
    ['openid profile', { name: 'Alice Adams', given_name: 'Alice' }],
    ['openid email', { email: 'alice@example.com', email_verified: true }],
    ['openid address', { address: { country: 'NL', locality: 'Utrecht' } }],
    ['openid phone', { phone_number: '+31301234567' }],
    ['openid email phone offline_access', expect.objectContaining({ email: 'alice@example.com' })],
  ])('%s', async (scope, claims) => {
    const { status, headers, json } = await show(await people.give(world.handlers, web, { scope }));
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store', vary: 'Origin' });
    const { sub, ...others } = json;
    expect(sub).toBe(ALICE.sub);
    expect(others).toEqual(claims);
  });

  it('without those of a scope that was withdrawn from the client', async () => {
    const losing = app('losing');
    await world.clients.create(losing);
    const tokens = await people.give(world.handlers, losing, { scope: 'openid email phone' });
    await world.clients.replace({ ...losing, scope: 'openid phone' }, 1);
    expect((await show(tokens)).json).toEqual({ sub: ALICE.sub, phone_number: '+31301234567' });
  });

  it('from the hook, if there is one', async () => {
    const extensions = { claimsFor: async (sub: string) => (sub === 'nobody' ? undefined : { email: `${sub}@hook` }) };
    const handler = serve(userinfo, () => ({
      ...composeUserinfo(createFoundationWithTable(world.env, clock)),
      extensions,
    }));
    const handlers = { ...world.handlers, userinfo: handler };
    const { access_token } = await people.give(world.handlers, web, { scope: 'openid email' });
    expect((await ask(bearer(access_token), handlers)).json).toEqual({ sub: ALICE.sub, email: 'alice-sub@hook' });
    const gone = await people.give(world.handlers, web, { scope: 'openid email', sub: 'gone' });
    expect(await ask(bearer(gone.access_token), handlers)).toMatchObject(INVALID);
  });

  it('from the table for users in the table, and from the hook for others', async () => {
    const authenticateUser = async () => undefined;
    const claimsFor = async (sub: string) => (sub === 'nobody' ? undefined : { email: `${sub}@hook` });
    const serveWith = (extensions: object) =>
      serve(userinfo, () => ({ ...composeUserinfo(createFoundationWithTable(world.env, clock)), extensions }));
    const answers = async (sub: string, extensions: object) => {
      const { access_token } = await people.give(world.handlers, web, { scope: 'openid email', sub });
      return ask(bearer(access_token), { ...world.handlers, userinfo: serveWith(extensions) });
    };
    expect((await answers('elsewhere', { authenticateUser, claimsFor })).json).toEqual({
      sub: 'elsewhere',
      email: 'elsewhere@hook',
    });
    expect(await answers('nobody', { authenticateUser, claimsFor })).toMatchObject(INVALID);
    const ofTable = { sub: ALICE.sub, email: ALICE.claims.email, email_verified: true };
    expect((await answers(ALICE.sub, { authenticateUser, claimsFor })).json).toEqual(ofTable);
    const unreachable = { authenticateUser, claimsFor: () => Promise.reject(new Error('no directory')) };
    expect((await answers(ALICE.sub, unreachable)).json).toEqual(ofTable);
    // A client's own token: the hook would be asked for a person of that name.
    expect(await answers(web.client_id, { authenticateUser, claimsFor })).toMatchObject(INVALID);
    expect((await answers('elsewhere', { authenticateUser })).json).toEqual({ sub: 'elsewhere' });
    const failing = { claimsFor: () => Promise.reject(new Error('no directory')) };
    expect(await answers(ALICE.sub, failing)).toMatchObject({ status: 503, json: { error: 'server_error' } });
  });
});

describe('The claims parameter', () => {
  it.each<[string, object, object]>([
    [
      'asks for claims one by one',
      { email: null, given_name: { essential: true } },
      { email: 'alice@example.com', given_name: 'Alice' },
    ],
    ['asks for what nobody knows', { website: { essential: true }, email: null }, { email: 'alice@example.com' }],
    ['asks for a value', { email: { value: 'alice@example.com' } }, { email: 'alice@example.com' }],
    ['asks for another value', { email: { value: 'bob@example.com' } }, {}],
    ['asks for one of some values', { given_name: { values: ['Bob', 'Alice'] } }, { given_name: 'Alice' }],
    ['asks for what is of no scope', { salary: { essential: true }, sub: { value: 'bob' } }, {}],
    ['asks for names that are everywhere', { constructor: null, __proto__: null, toString: null }, {}],
  ])('%s', async (_name, userinfo, claims) => {
    const tokens = await people.give(world.handlers, web, { claims: { userinfo, id_token: { name: null } } });
    expect((await show(tokens)).json).toEqual({ ...claims, sub: ALICE.sub });
  });

  it('does not give a client claims of a scope that it may not have', async () => {
    const modest = app('modest', { scope: 'openid profile' });
    await world.clients.create(modest);
    const claims = { userinfo: { email: { essential: true }, name: null } };
    expect((await show(await people.give(world.handlers, modest, { claims }))).json).toEqual({
      sub: ALICE.sub,
      name: 'Alice Adams',
    });
  });
});

describe.each(apps)('Userinfo, with access tokens of the format $access_token_format,', (record) => {
  const give = (scope = 'openid email') => people.give(world.handlers, record, { scope });

  it('returns the user, for a token in the header or in the form', async () => {
    const { access_token } = await give();
    const expected = { status: 200, json: { sub: ALICE.sub, email: 'alice@example.com' } };
    expect(await ask(bearer(access_token))).toMatchObject(expected);
    expect(await ask({ method: 'POST', ...bearer(access_token) })).toMatchObject(expected);
    expect(await ask({ method: 'POST', form: { access_token } })).toMatchObject(expected);
  });

  it('refuses a revoked token from the next request on', async () => {
    const { access_token } = await give();
    expect(await show({ access_token })).toMatchObject({ status: 200 });
    await post(world.handlers.revocation, record.client_id, { token: access_token });
    expect(await show({ access_token })).toMatchObject(INVALID);
  });

  it('refuses a token whose grant, client or subject was revoked', async () => {
    const { access_token, grant_id } = await give();
    const list = openList(world.table, clock);
    await list.put(createRevocation('grant', grant_id, { now: clock(), lifetime: 3600 }));
    expect(await show({ access_token })).toMatchObject(INVALID);
  });

  it('refuses a token whose refresh token was revoked', async () => {
    const tokens = await give('openid offline_access');
    await post(world.handlers.revocation, record.client_id, { token: tokens.refresh_token });
    expect(await show(tokens)).toMatchObject(INVALID);
  });

  it('refuses a token without the scope openid', async () => {
    const { headers, ...result } = await show(await give('email'));
    expect(result).toMatchObject(SHORT);
    expect(headers['www-authenticate']).toBe(
      'Bearer error="insufficient_scope", error_description="the access token lacks the scope openid", scope="openid"',
    );
  });

  it('refuses a token from the second of its expiry', async () => {
    const tokens = await give();
    set(NOW + 3599);
    expect(await show(tokens)).toMatchObject({ status: 200 });
    set(NOW + 3600);
    expect(await show(tokens)).toMatchObject(INVALID);
    set(NOW);
  });

  it('refuses a token of a client that is disabled or no longer exists', async () => {
    const closing = { ...record, client_id: `closing-${record.client_id}` };
    await world.clients.create(closing);
    const tokens = await people.give(world.handlers, closing);
    await world.clients.replace({ ...closing, enabled: false }, 1);
    expect(await show(tokens)).toMatchObject(INVALID);
    await world.table.remove({ pk: `CLIENT#${closing.client_id}`, sk: 'CLIENT' });
    expect(await show(tokens)).toMatchObject(INVALID);
  });
});

describe('Userinfo refuses anything but an access token of a user:', () => {
  const tokens = () => people.give(world.handlers, web, { scope: 'openid offline_access' });
  it.each<[string, () => Promise<string>, object]>([
    ['an ID token', async () => (await tokens()).id_token, INVALID],
    ['a refresh token', async () => (await tokens()).refresh_token, INVALID],
    ['a code', async () => (await tokens()).code, INVALID],
    ['a session', async () => (await people.begin()).cookie.replace('__Host-latchkey=', ''), INVALID],
    ['the client credentials token of a machine', () => getToken(world.handlers, 'machine-jwt'), SHORT],
    [
      'one of a user who is disabled',
      async () => (await people.give(world.handlers, web, { sub: 'gone' })).access_token,
      INVALID,
    ],
    [
      'one of a user who is unknown',
      async () => (await people.give(world.handlers, web, { sub: 'never' })).access_token,
      INVALID,
    ],
    [
      'one of a client itself',
      async () => (await people.give(world.handlers, web, { sub: 'web' })).access_token,
      INVALID,
    ],
    [
      'one of another issuer',
      () => getToken(world.restart({ ISSUER: 'https://evil.example' }), 'machine-jwt'),
      INVALID,
    ],
    ['one that was signed by another key', async () => getToken(world.restart(keyVariables()), 'machine-jwt'), INVALID],
    ['text', async () => 'hello', INVALID],
    ['much text', async () => 'a'.repeat(9_000), INVALID],
    ['three empty segments', async () => '..', INVALID],
  ])('%s', async (_name, make, expected) => {
    expect(await show({ access_token: await make() })).toMatchObject(expected);
  });

  it('an access token of a revoked grant that is not on the revocation list', async () => {
    const { access_token, grant_id } = await tokens();
    await world.table.set({ pk: `GRANT#${grant_id}`, sk: 'GRANT' }, { state: 'revoked' }, [
      { attribute: 'grant_id', test: 'present' },
    ]);
    expect(await show({ access_token })).toMatchObject(INVALID);
  });
});

describe('Userinfo believes the stored grant', () => {
  type Claims = Record<string, unknown>;
  const SCOPE = 'openid email phone';

  /** A token of somebody's grant, signed by the service's key, with other claims than the service would give it. */
  async function tokenOf(scope: string, claims: (grant_id: string) => Claims) {
    const { grant_id } = await people.give(world.handlers, web, { scope });
    const own = { sub: ALICE.sub, client_id: web.client_id, scope: SCOPE, grant_id };
    return forge(signingKeyOf(world.env), clock(), { ...own, ...claims(grant_id) });
  }

  it.each<[string, string, (grant_id: string) => Claims, object]>([
    [
      'and accepts a token that agrees with it',
      SCOPE,
      () => ({}),
      { status: 200, json: { phone_number: '+31301234567' } },
    ],
    ['and refuses a token of a grant that is not stored', SCOPE, () => ({ grant_id: 'invented' }), INVALID],
    ['and refuses a token without a grant', SCOPE, () => ({ grant_id: undefined }), INVALID],
    ['and refuses a token of another subject', SCOPE, () => ({ sub: 'another' }), INVALID],
    ['and refuses a token of another client', SCOPE, () => ({ client_id: 'app-machine-jwt' }), INVALID],
    ['and refuses a token of a grant without openid', 'email read', () => ({}), SHORT],
    ['and refuses a token without openid', SCOPE, () => ({ scope: 'email read' }), SHORT],
  ])('%s', async (_name, scope, claims, expected) => {
    expect(await show({ access_token: await tokenOf(scope, claims) })).toMatchObject(expected);
  });

  it.each<[string, string, object]>([
    ['fewer claims for a token that was narrowed', 'openid phone', { phone_number: '+31301234567' }],
    [
      'no more claims than were granted',
      'openid phone email address',
      { phone_number: '+31301234567', email: 'alice@example.com', email_verified: true },
    ],
  ])('and gives %s', async (_name, scope, claims) => {
    const { json } = await show({ access_token: await tokenOf(SCOPE, () => ({ scope })) });
    expect(json).toEqual({ sub: ALICE.sub, ...claims });
  });

  it('and gives a refreshed token for fewer scopes fewer claims', async () => {
    const { refresh_token } = await people.give(world.handlers, web, { scope: 'openid email offline_access' });
    const form = { grant_type: 'refresh_token', refresh_token, scope: 'openid' };
    const { json } = await post(world.handlers.token, web.client_id, form);
    expect((await show({ access_token: String(json['access_token']) })).json).toEqual({ sub: ALICE.sub });
  });

  it('and refuses a sealed token for an API, whichever its scope', async () => {
    const record = app('sealed-for-orders', { access_token_format: 'sealed', allowed_origins: [ORIGIN] });
    await world.clients.create(record);
    const { access_token } = await people.give(world.handlers, record, { scope: SCOPE });
    const answer = await ask({ headers: { authorization: `Bearer ${access_token}`, origin: ORIGIN } });
    expect(answer).toMatchObject(INVALID);
    // The API could have named any client.
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('A request to userinfo', () => {
  let token: string;
  beforeAll(async () => {
    ({ access_token: token } = await people.give(world.handlers, web));
  });
  const asForm = 'application/x-www-form-urlencoded';

  // RFC 6750 section 3.1: no error code for who sent no token.
  it.each<[string, () => FormRequest]>([
    ['without a token', () => ({})],
    ['of a client that authenticates as such', () => ({ headers: { authorization: 'Basic d2ViOnNlY3JldA==' } })],
    ['with an empty form', () => ({ method: 'POST', form: {} })],
    ['with an empty token', () => ({ method: 'POST', form: { access_token: '' } })],
    // Section 2.2: never with GET.
    ['with a form by GET', () => ({ form: { access_token: token } })],
  ])('%s gets a Bearer challenge without an error code', async (_name, request) => {
    const { status, headers, json } = await ask(request());
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe('Bearer');
    expect(json).toEqual({});
  });

  it.each<[string, () => FormRequest]>([
    ['sends it twice', () => ({ method: 'POST', ...bearer(token), form: { access_token: token } })],
    ['sends it in the query', () => ({ query: `access_token=${token}` })],
    ['sends it in the query too', () => ({ query: `access_token=${token}`, ...bearer(token) })],
    ['repeats it', () => ({ method: 'POST', form: { access_token: [token, token] } })],
    [
      'posts JSON',
      () => ({ method: 'POST', headers: { 'content-type': 'application/json' }, form: '{"access_token":"x"}' }),
    ],
    ['has a malformed header', () => ({ headers: { authorization: 'Bearer' } })],
    ['has a header with more in it', () => ({ headers: { authorization: `Bearer ${token} x` } })],
    ['has malformed encoding', () => ({ method: 'POST', form: 'access_token=%ff' })],
    ['is too large', () => ({ method: 'POST', form: `access_token=${'a'.repeat(40_000)}` })],
    [
      'posts a form under two types',
      () => ({ method: 'POST', headers: { 'content-type': `${asForm}, text/plain` }, form: 'a=b' }),
    ],
  ])('that %s is refused', async (_name, request) => {
    expect(await ask(request())).toMatchObject(BAD);
  });

  it.each(['PUT', 'DELETE', 'OPTIONS', ''])('with the method %j is refused', async (method) => {
    expect(await ask({ method, ...bearer(token) })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD, POST' },
    });
  });

  it('shows nothing of the token in the refusal', async () => {
    const { headers, json } = await ask(bearer('mark.mark.mark'));
    expect(JSON.stringify([headers, json])).not.toContain('mark');
  });
});

describe('Pages of a client (CORS)', () => {
  const from = (origin: string, token: string) => ask({ headers: { ...bearer(token).headers, origin } });
  const allowed = (origin: string) => ({ 'access-control-allow-origin': origin, vary: 'Origin' });

  it('may read the answer of userinfo', async () => {
    const { access_token } = await people.give(world.handlers, web);
    expect(await from(ORIGIN, access_token)).toMatchObject({ status: 200, headers: allowed(ORIGIN) });
    const other = 'https://other.example';
    expect(await from(other, access_token)).toMatchObject({ status: 200, headers: allowed(other) });
  });

  it.each([
    'https://evil.example',
    'https://spa.example.evil',
    'http://spa.example',
    'null',
    '*',
    'https://SPA.example',
  ])('may not read it from the origin %s', async (origin) => {
    const { access_token } = await people.give(world.handlers, web);
    const { status, headers } = await from(origin, access_token);
    expect(status).toBe(200);
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect(headers['vary']).toBe('Origin');
  });

  it.each(apps)('may read that a token of the format $access_token_format has expired', async (record) => {
    const spa = { ...record, client_id: `spa-${record.client_id}`, allowed_origins: [ORIGIN] };
    await world.clients.create(spa);
    const { access_token } = await people.give(world.handlers, spa);
    advance(4000);
    const result = await from(ORIGIN, access_token);
    expect(result).toMatchObject({ ...INVALID, headers: allowed(ORIGIN) });
    expect(result.headers['access-control-expose-headers']).toContain('www-authenticate');
    expect((await from('https://evil.example', access_token)).headers).not.toHaveProperty(
      'access-control-allow-origin',
    );
    set(NOW);
  });

  it('may read that the scope is not enough', async () => {
    const { access_token } = await people.give(world.handlers, web, { scope: 'email' });
    expect(await from(ORIGIN, access_token)).toMatchObject({ ...SHORT, headers: allowed(ORIGIN) });
  });

  it('may not read the refusal of an unknown token', async () => {
    expect((await from(ORIGIN, 'hello')).headers).not.toHaveProperty('access-control-allow-origin');
  });
});
