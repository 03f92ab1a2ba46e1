import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessTokenFormats } from '../../lib/oauth/access-token.ts';
import { deriveCodeChallenge } from '../../lib/oauth/pkce.ts';
import { createGrantStore } from '../../lib/store/grant.ts';
import { introspectionDoor } from '../support/doors.ts';
import {
  app,
  type CodeOptions,
  handlesOf,
  newCode,
  payloadOf,
  REDIRECT_URI,
  redeem,
  redemption,
  refresh,
  SUBJECT,
  tokensOf,
  VERIFIER,
} from '../support/grants.ts';
import { openList } from '../support/revocation-list.ts';
import { sampled } from '../support/scale.ts';
import {
  authorizerEvents,
  createTestClock,
  getToken,
  httpEvent,
  ISSUER,
  post,
  readResult,
  resourceServer,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts';

const { clock, set, advance } = createTestClock();
const NOW = clock();

let world: World;

beforeAll(async () => {
  world = await startWorld({}, clock);
  const { clients, resourceServers } = world;
  await Promise.all([
    ...accessTokenFormats.map((format) => clients.create(app(`web-${format}`, { access_token_format: format }))),
    clients.create(app('web')),
    clients.create(app('other')),
    clients.create(app('spa', { token_endpoint_auth_method: 'none', secrets: [] })),
    clients.create(app('no-refresh', { grant_types: ['authorization_code'] })),
    clients.create(app('sign-in-only', { resources: [], scope: 'openid profile' })),
    clients.create(app('machine', { grant_types: ['client_credentials'] })),
    resourceServers.create(resourceServer('opaque', { access_token_format: 'reference' })),
    clients.create(app('mixed', { resources: ['orders', 'opaque'] })),
  ]);
});
beforeEach(() => set(NOW));
afterAll(() => world.stop());

const code = async (id = 'web', options: CodeOptions = {}) => newCode(world, id, { clock, ...options });
const authorize = (token: string) => verdict(world.handlers.authorizer(authorizerEvents['HTTP API 2.0'](token)));
const stored = (grant_id: string) => createGrantStore(world.table).find(grant_id);
const REFUSED = { status: 400, json: { error: 'invalid_grant' } };

describe('The redemption of a code', () => {
  it('is answered with the members of RFC 6749 section 5.1 and OpenID Connect Core section 3.1.3.3, and no others', async () => {
    const { status, headers, json } = await redeem(world.handlers, 'web', (await code()).code);
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
    expect(json).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'openid offline_access read write',
      refresh_token: expect.stringMatching(/^lk_rt_[\w-]{67}$/),
      id_token: expect.any(String),
    });
  });

  it('gives an access token with the claims of RFC 9068 for the subject, and the grant_id', async () => {
    const { code: text, grant_id } = await code();
    const { access_token } = tokensOf(await redeem(world.handlers, 'web', text));
    expect(payloadOf(access_token)).toEqual({
      iss: ISSUER,
      sub: SUBJECT,
      aud: 'orders',
      client_id: 'web',
      scope: 'openid offline_access read write',
      iat: NOW,
      exp: NOW + 3600,
      jti: expect.any(String),
      grant_id,
      auth_time: NOW - 5,
      amr: ['pwd'],
      acr: 'urn:latchkey:acr:password',
    });
  });

  it.each(accessTokenFormats)('gives a valid access token of the format %s', async (format) => {
    const { access_token } = tokensOf(
      await redeem(world.handlers, `web-${format}`, (await code(`web-${format}`)).code),
    );
    expect(await authorize(access_token)).toBe('allow');
    expect(await introspectionDoor.show(world.handlers, access_token)).toBe('allow');
  });

  it('by a public client needs its client_id', async () => {
    const form = redemption((await code('spa')).code, { client_id: 'spa' });
    expect(readResult(await world.handlers.token(httpEvent({ form })))).toMatchObject({ status: 200 });
  });

  // Applications add the access token that they have to every request.
  it('by a public client takes no access token for a client authentication, nor does its revocation', async () => {
    const headers = { authorization: 'Bearer of.an.earlier-sign-in' };
    const client_id = 'spa';
    const form = redemption((await code('spa')).code, { client_id });
    const tokens = tokensOf(readResult(await world.handlers.token(httpEvent({ headers, form }))));
    const revocation = { token: tokens.access_token, client_id };
    expect(readResult(await world.handlers.revocation(httpEvent({ headers, form: revocation })))).toMatchObject({
      status: 200,
    });
    expect(await authorize(tokens.access_token)).toBe('refuse');
  });

  it.each<[string, CodeOptions, string]>([
    ['without offline_access', { scope: 'openid read' }, 'web'],
    ['by a client without the grant type refresh_token', {}, 'no-refresh'],
  ])('gives no refresh token %s', async (_name, options, id) => {
    const { json } = await redeem(world.handlers, id, (await code(id, options)).code);
    expect(json).toHaveProperty('access_token');
    expect(json).not.toHaveProperty('refresh_token');
  });

  it('gives no ID token without openid', async () => {
    const { json } = await redeem(world.handlers, 'web', (await code('web', { scope: 'read' })).code);
    expect(json).toHaveProperty('access_token');
    expect(json).not.toHaveProperty('id_token');
  });

  it('by a client without resource servers gives an access token for the issuer itself', async () => {
    const { code: text } = await code('sign-in-only', { scope: 'openid profile', resources: [ISSUER] });
    const { access_token } = tokensOf(await redeem(world.handlers, 'sign-in-only', text));
    expect(payloadOf(access_token)).toMatchObject({ aud: ISSUER, scope: 'openid profile' });
    expect(await authorize(access_token)).toBe('refuse');
  });

  it('can be limited to some of the granted resources, without changing the grant', async () => {
    const { code: text, grant_id } = await code('web', { resources: ['orders', 'billing'] });
    const { access_token } = tokensOf(await redeem(world.handlers, 'web', text, { resource: 'billing' }));
    expect(payloadOf(access_token)).toMatchObject({ aud: 'billing' });
    expect(await stored(grant_id)).toMatchObject({ resources: ['orders', 'billing'] });
  });

  it('stores nothing in the table that could be presented', async () => {
    const { code: text } = await code();
    const { refresh_token } = tokensOf(await redeem(world.handlers, 'web', text));
    const table = JSON.stringify(await world.table.scan('GRANT'));
    for (const secret of [text, refresh_token]) expect(table).not.toContain(secret.slice('lk_xx_'.length));
    expect(table).not.toContain(VERIFIER);
  });

  // OAuth 2.1 section 10.2
  it('needs no redirect URI beside the verifier', async () => {
    const { code: text } = await code();
    expect(await redeem(world.handlers, 'web', text, { redirect_uri: '' })).toMatchObject({ status: 200 });
  });

  it('works in the last second of the code and not in the next, although it is still stored', async () => {
    const [last, late] = [await code(), await code()];
    set(NOW + 59);
    expect(await redeem(world.handlers, 'web', last.code)).toMatchObject({ status: 200 });
    set(NOW + 60);
    expect(await redeem(world.handlers, 'web', late.code)).toMatchObject(REFUSED);
    expect(await stored(late.grant_id)).toMatchObject({ state: 'code' });
  });
});

describe('A refused redemption, after which the code still works:', () => {
  const other = 'o'.repeat(43);
  const cases: [string, (code: string) => object, Partial<CodeOptions>?, string?][] = [
    ['a wrong verifier', (text) => redemption(text, { code_verifier: other })],
    ['no verifier', (text) => redemption(text, { code_verifier: '' })],
    ['a verifier that is too short', (text) => redemption(text, { code_verifier: 'v'.repeat(42) })],
    ['a verifier that is too long', (text) => redemption(text, { code_verifier: 'v'.repeat(129) })],
    ['a verifier with other characters', (text) => redemption(text, { code_verifier: 'ä'.repeat(43) })],
    [
      'the challenge in place of the verifier',
      (text) => redemption(text, { code_verifier: deriveCodeChallenge(VERIFIER) }),
    ],
    ['another redirect URI', (text) => redemption(text, { redirect_uri: 'https://app.example/other' })],
    ['a redirect URI with a slash more', (text) => redemption(text, { redirect_uri: `${REDIRECT_URI}/` })],
    [
      'neither redirect URI nor verifier',
      (text) => redemption(text, { redirect_uri: '', code_verifier: '' }),
      {},
      'invalid_request',
    ],
    ['no redirect URI, with a wrong verifier', (text) => redemption(text, { redirect_uri: '', code_verifier: other })],
    ['a resource that was not granted', (text) => redemption(text, { resource: 'billing' }), {}, 'invalid_target'],
    ['a resource that nobody knows', (text) => redemption(text, { resource: 'x' }), {}, 'invalid_target'],
    [
      'as many resources as a form can hold',
      (text) => redemption(text, { resource: Array.from({ length: 60 }, (_, i) => `r${i}`) }),
      {},
      'invalid_target',
    ],
    ['no code', () => redemption(''), {}, 'invalid_request'],
    ['a code cut short', (text) => redemption(text.slice(0, -1))],
    [
      'a code with another letter',
      (text) => redemption(text.slice(0, 20) + (text[20] === 'A' ? 'B' : 'A') + text.slice(21)),
    ],
    ['nonsense', () => redemption('nonsense')],
    ['another grant type', (text) => ({ ...redemption(text), grant_type: 'refresh_token', refresh_token: text })],
  ];

  it.each(cases)('%s', async (_name, form, options = {}, error = 'invalid_grant') => {
    const { code: text, grant_id } = await code('web', options);
    const before = await stored(grant_id);
    const result = await post(world.handlers.token, 'web', form(text) as Record<string, string>);
    expect(result).toMatchObject({ status: 400, json: { error } });
    expect(JSON.stringify(result.json)).not.toContain(text);
    expect(await stored(grant_id)).toEqual(before);
    expect(await redeem(world.handlers, 'web', text)).toMatchObject({ status: 200 });
  });

  it('an expired code with neither redirect_uri nor verifier, of a request that had no redirect_uri', async () => {
    const binding = { redirect_uri: REDIRECT_URI, redirect_uri_omitted: true } as const;
    const { code: text } = await code('web', { binding });
    advance(3_600);
    const form = { grant_type: 'authorization_code', code: text };
    expect(await post(world.handlers.token, 'web', form)).toMatchObject(REFUSED);
  });

  it('a verifier for a code without a challenge (no downgrade)', async () => {
    const { code: text } = await code('web', { binding: { redirect_uri: REDIRECT_URI } });
    expect(await redeem(world.handlers, 'web', text)).toMatchObject(REFUSED);
    const unbound = { code_verifier: '' };
    expect(await redeem(world.handlers, 'web', text, { ...unbound, redirect_uri: '' })).toMatchObject({
      status: 400,
      json: { error: 'invalid_request' },
    });
    expect(await redeem(world.handlers, 'web', text, unbound)).toMatchObject({ status: 200 });
  });

  it.each<[string, () => Parameters<typeof httpEvent>[0], number, string]>([
    ['another client', () => ({}), 400, 'invalid_grant'],
    ['a wrong secret', () => ({ headers: { authorization: `Basic ${btoa('web:wrong')}` } }), 401, 'invalid_client'],
    ['no authentication', () => ({ headers: {} }), 401, 'invalid_client'],
    ['a public client that names this one', () => ({ headers: {}, client_id: 'web' }), 401, 'invalid_client'],
  ])('%s', async (name, request, status, error) => {
    const { code: text, grant_id } = await code();
    const before = await stored(grant_id);
    const form = redemption(text, name.startsWith('a public') ? { client_id: 'web' } : {});
    const result =
      name === 'another client'
        ? await redeem(world.handlers, 'other', text)
        : readResult(await world.handlers.token(httpEvent({ ...request(), form })));
    expect(result).toMatchObject({ status, json: { error } });
    expect(await stored(grant_id)).toEqual(before);
    expect(await redeem(world.handlers, 'web', text)).toMatchObject({ status: 200 });
  });

  it('a client without the grant type authorization_code', async () => {
    const { code: text } = await code('machine', { scope: 'read' });
    expect(await redeem(world.handlers, 'machine', text)).toMatchObject({
      status: 400,
      json: { error: 'unauthorized_client' },
    });
  });

  it('resources that cannot share one access token', async () => {
    const { code: text, grant_id } = await code('mixed', { resources: ['orders', 'opaque'] });
    expect(await redeem(world.handlers, 'mixed', text)).toMatchObject({
      status: 400,
      json: { error: 'invalid_target' },
    });
    expect(await stored(grant_id)).toMatchObject({ state: 'code' });
    expect(await redeem(world.handlers, 'mixed', text, { resource: 'orders' })).toMatchObject({ status: 200 });
  });
});

describe('A token or handle of another kind is refused:', () => {
  it.each<[string, (given: Awaited<ReturnType<typeof everything>>) => string]>([
    ['an access token', ({ access_token }) => access_token],
    ['a refresh token', ({ refresh_token }) => refresh_token],
    ['a refresh token under the prefix of a code', ({ refresh_token }) => refresh_token.replace('lk_rt_', 'lk_ac_')],
    ['an ID token', ({ id_token }) => id_token],
    ['a reference token', ({ reference }) => reference],
    ['a session', ({ session }) => session],
    ['a session under the prefix of a code', ({ session }) => session.replace('lk_ss_', 'lk_ac_')],
    ['a grant id', ({ grant_id }) => grant_id],
  ])('%s is not accepted as a code', async (_name, choose) => {
    const given = await everything();
    expect(await redeem(world.handlers, 'web', choose(given))).toMatchObject(REFUSED);
    expect(await refresh(world.handlers, 'web', given.refresh_token)).toMatchObject({ status: 200 });
  });

  it.each<[string, (given: Awaited<ReturnType<typeof everything>>) => string]>([
    ['an access token', ({ access_token }) => access_token],
    ['a code that waits', ({ waiting }) => waiting],
    ['a code under the prefix of a refresh token', ({ waiting }) => waiting.replace('lk_ac_', 'lk_rt_')],
    ['an ID token', ({ id_token }) => id_token],
    ['a reference token', ({ reference }) => reference],
    ['a grant id', ({ grant_id }) => grant_id],
  ])('%s is not accepted as a refresh token', async (_name, choose) => {
    const given = await everything();
    expect(await refresh(world.handlers, 'web', choose(given))).toMatchObject(REFUSED);
    expect(await redeem(world.handlers, 'web', given.waiting)).toMatchObject({ status: 200 });
  });

  it.each<[string, (given: Awaited<ReturnType<typeof everything>>) => string]>([
    ['a code', ({ waiting }) => waiting],
    ['a refresh token', ({ refresh_token }) => refresh_token],
    ['an ID token', ({ id_token }) => id_token],
  ])('%s is not accepted as an access token by introspection and authorizer', async (_name, choose) => {
    const given = await everything();
    expect(await authorize(choose(given))).toBe('refuse');
    expect(await introspectionDoor.show(world.handlers, choose(given))).toBe('refuse');
    // A client may ask about its own refresh token, which the answer then calls so.
    const ofClient = _name === 'a refresh token' ? { active: true, token_use: 'refresh_token' } : { active: false };
    const [byClient, byApi] = await Promise.all(
      ['web', 'orders'].map((id) => post(world.handlers.introspection, id, { token: choose(given) })),
    );
    expect(byClient?.json).toMatchObject(ofClient);
    expect(byClient?.json).not.toHaveProperty('token_type');
    expect(byApi?.json).toEqual({ active: false });
  });

  it('a code cannot be revoked at /revoke, and still works', async () => {
    const { code: text } = await code();
    expect(await post(world.handlers.revocation, 'web', { token: text })).toMatchObject({ status: 200 });
    expect(await redeem(world.handlers, 'web', text)).toMatchObject({ status: 200 });
  });

  async function everything() {
    const { code: text, grant_id } = await code();
    const tokens = tokensOf(await redeem(world.handlers, 'web', text));
    return {
      ...tokens,
      grant_id,
      waiting: (await code()).code,
      reference: await getToken(world.handlers, 'machine-reference'),
      session: handlesOf(world).session.mint().text,
    };
  }
});

describe.each(accessTokenFormats)('A code that is presented again, with access tokens of the format %s,', (format) => {
  const id = `web-${format}`;

  const turn = accessTokenFormats.indexOf(format);

  it.each(sampled([0, 30, 3_000], 3, turn))(
    'revokes everything that was issued from it, %i seconds later',
    async (seconds) => {
      const { code: text } = await code(id);
      const first = tokensOf(await redeem(world.handlers, id, text));
      advance(seconds);
      expect(await authorize(first.access_token)).toBe('allow');
      const second = tokensOf(await refresh(world.handlers, id, first.refresh_token));
      expect(await redeem(world.handlers, id, text)).toMatchObject(REFUSED);

      for (const { access_token, refresh_token } of [first, second]) {
        expect(await authorize(access_token)).toBe('refuse');
        expect(await refresh(world.handlers, id, refresh_token)).toMatchObject(REFUSED);
      }
      expect(await redeem(world.handlers, id, text)).toMatchObject(REFUSED);
    },
  );

  it('revokes nothing without its verifier and redirect URI, or by another client', async () => {
    const { code: text } = await code(id);
    const { access_token, refresh_token } = tokensOf(await redeem(world.handlers, id, text));
    const attempts = [
      redeem(world.handlers, 'other', text),
      redeem(world.handlers, id, text, { code_verifier: '' }),
      redeem(world.handlers, id, text, { code_verifier: 'o'.repeat(43) }),
      redeem(world.handlers, id, text, { redirect_uri: 'https://app.example/other' }),
    ];
    for (const attempt of attempts) expect(await attempt).toMatchObject(REFUSED);
    expect(await authorize(access_token)).toBe('allow');
    expect(await refresh(world.handlers, id, refresh_token)).toMatchObject({ status: 200 });
  });
});

describe('A code that is presented twice by its client, with the right verifier,', () => {
  const cases: [seconds: number, 'allow' | 'refuse'][] = [
    [0, 'allow'],
    [2, 'allow'],
    [3, 'refuse'],
  ];

  it.each(cases)('%i s apart is refused the second time, and what was issued is then: %s', async (seconds, then) => {
    const { code: text } = await code();
    const { access_token, refresh_token } = tokensOf(await redeem(world.handlers, 'web', text));
    advance(seconds);
    expect(await redeem(world.restart(), 'web', text)).toMatchObject(REFUSED);
    expect(await authorize(access_token)).toBe(then);
    expect(await refresh(world.handlers, 'web', refresh_token)).toMatchObject(
      then === 'allow' ? { status: 200 } : REFUSED,
    );
  });

  it('at once by a client that does without PKCE ends the grant', async () => {
    const { code: text } = await code('web', { binding: { redirect_uri: REDIRECT_URI } });
    const { access_token } = tokensOf(await redeem(world.handlers, 'web', text, { code_verifier: '' }));
    expect(await redeem(world.handlers, 'web', text, { code_verifier: '' })).toMatchObject(REFUSED);
    expect(await authorize(access_token)).toBe('refuse');
  });
});

it('A code that is presented again and again adds only one entry to the revocation list', async () => {
  const { code: text } = await code();
  await redeem(world.handlers, 'web', text);
  advance(3);
  const length = () => openList(world.table).length();
  await redeem(world.handlers, 'web', text);
  const after = await length();
  for (const seconds of [0, 1, 60]) {
    advance(seconds);
    await redeem(world.handlers, 'web', text);
    await redeem(world.restart(), 'web', text);
  }
  expect(await length()).toBe(after);
});
