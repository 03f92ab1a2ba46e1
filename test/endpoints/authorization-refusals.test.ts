// Each refusal, by its code and by where it is reported: to the client by a redirect, or to the user by a page.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { matchesPostLogoutRedirectUri, matchesRedirectUri, redirectUriFault } from '../../lib/oauth/redirect-uri.ts';
import { responseParameters } from '../../lib/oauth/response-parameters.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { CALLBACK, CHALLENGE, openBrowser, proper, type Query, queryOf, user, webClient } from '../support/browser.ts';
import { httpEvent, ISSUER, readResult, startWorld, type World } from '../support/world.ts';

let world: World;
const open = () => openBrowser(world.handlers.authorization);

beforeAll(async () => {
  world = await startWorld();
  const users = createUserStore(world.table);
  const alice = user('alice');
  await users.reserveName('alice', alice.sub);
  const all = ['code id_token', 'id_token', 'code token', 'id_token token', 'code'];
  await Promise.all([
    users.create(alice),
    ...[
      webClient('web'),
      webClient('disabled', { enabled: false }),
      webClient('machine', { grant_types: ['client_credentials'] }),
      webClient('nowhere', { redirect_uris: [] }),
      webClient('hybrid', { response_types: all, scope: 'openid read' }),
      webClient('posting', { response_modes: ['query', 'form_post'] }),
      webClient('unidentified', { response_types: all, scope: 'read' }),
      webClient('public', { token_endpoint_auth_method: 'none', secrets: [], require_pkce: false }),
      webClient('excused', { require_pkce: false, require_consent: false }),
      webClient('nothing', { scope: 'openid profile', resources: [] }),
      webClient('native', {
        redirect_uris: ['http://127.0.0.1:8000/cb?x=1', 'http://[::1]/cb', 'http://localhost/cb'],
      }),
    ].map((record) => world.clients.create(record)),
  ]);
});
afterAll(() => world.stop());

describe('The authorization endpoint returns an error to the client for', () => {
  const REQUIRED = { code_challenge: undefined, code_challenge_method: undefined };

  it.each<[what: string, Query, error: string]>([
    ['no response_type', { response_type: undefined }, 'invalid_request'],
    ['an unknown response_type', { response_type: 'magic' }, 'unsupported_response_type'],
    ['response_type none', { response_type: 'none' }, 'unsupported_response_type'],
    ['the plain implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['a member of response_type twice', { response_type: 'code code' }, 'unsupported_response_type'],
    ['response_type with a prototype name', { response_type: '__proto__' }, 'unsupported_response_type'],
    ['a hybrid flow that is not its own', { response_type: 'code id_token' }, 'unauthorized_client'],
    ['an implicit flow that is not its own', { response_type: 'id_token token' }, 'unauthorized_client'],
    [
      'a hybrid flow that others have',
      { client_id: 'hybrid', response_type: 'code id_token token' },
      'unauthorized_client',
    ],
    ['no grant type of its own', { client_id: 'machine' }, 'unauthorized_client'],
    ['no challenge', REQUIRED, 'invalid_request'],
    [
      'no challenge, and a public client that says it needs none',
      { client_id: 'public', ...REQUIRED },
      'invalid_request',
    ],
    ['a challenge without a method, which is plain', { code_challenge_method: undefined }, 'invalid_request'],
    ['the method plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    [
      'the method plain, of an excused client',
      { client_id: 'excused', code_challenge_method: 'plain' },
      'invalid_request',
    ],
    ['an unknown method', { code_challenge_method: 's256' }, 'invalid_request'],
    ['a method without a challenge', { code_challenge: undefined }, 'invalid_request'],
    ['the same of an excused client', { client_id: 'excused', code_challenge: undefined }, 'invalid_request'],
    ['a short challenge', { code_challenge: CHALLENGE.slice(1) }, 'invalid_request'],
    ['a long challenge', { code_challenge: `${CHALLENGE}A` }, 'invalid_request'],
    ['a challenge in another alphabet', { code_challenge: `+${CHALLENGE.slice(1)}` }, 'invalid_request'],
    ['a scope that is not its own', { scope: 'admin' }, 'invalid_scope'],
    ['an identity scope that is not its own', { scope: 'phone' }, 'invalid_scope'],
    ['a scope of no resource server', { client_id: 'nothing', scope: 'read' }, 'invalid_scope'],
    [
      'an ID token without openid of its own',
      { client_id: 'unidentified', response_type: 'code id_token', scope: 'openid read' },
      'invalid_scope',
    ],
    ['nothing at all', { client_id: 'nothing', scope: undefined }, 'invalid_scope'],
    ['nothing without openid', { client_id: 'nothing', scope: 'profile' }, 'invalid_scope'],
    ['a malformed scope', { scope: 'openid "read"' }, 'invalid_scope'],
    ['an unknown resource', { resource: 'elsewhere' }, 'invalid_target'],
    ['a resource of others', { resource: ['orders', 'https://api.example'] }, 'invalid_target'],
    ['an unknown prompt', { prompt: 'create' }, 'invalid_request'],
    ['prompt none and another', { prompt: 'none login' }, 'invalid_request'],
    ['prompt with two spaces', { prompt: 'login  consent' }, 'invalid_request'],
    ['a negative max_age', { max_age: '-1' }, 'invalid_request'],
    ['a broken max_age', { max_age: '1.5' }, 'invalid_request'],
    ['a huge max_age', { max_age: '99999999999' }, 'invalid_request'],
    ['claims that are no JSON', { claims: '{' }, 'invalid_request'],
    ['claims that are no object', { claims: '[]' }, 'invalid_request'],
    ['claims of a wrong shape', { claims: '{"id_token":{"sub":1}}' }, 'invalid_request'],
    [
      'an authentication context that there is not',
      { claims: '{"id_token":{"acr":{"essential":true,"values":["x"]}}}' },
      'unmet_authentication_requirements',
    ],
    ['an id_token_hint that is none', { id_token_hint: 'x.y.z' }, 'invalid_request'],
    ['a request object', { request: 'x' }, 'request_not_supported'],
    ['a request object by reference', { request_uri: 'https://app.example/r' }, 'request_uri_not_supported'],
    ['a registration', { registration: '{}' }, 'registration_not_supported'],
    ['an unknown response_mode', { response_mode: 'web_message' }, 'invalid_request'],
    ['a signed response_mode', { response_mode: 'jwt' }, 'invalid_request'],
  ])('%s', async (_, query, error) => {
    const { status, location, answer } = await open().get(proper(query));
    expect([status, location?.href.split(/[?#]/)[0]]).toEqual([303, CALLBACK]);
    expect(answer).toEqual({ error, error_description: expect.any(String), state: 'the-state', iss: ISSUER });
    // RFC 6749 section 4.1.2.1
    expect(answer['error_description']).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
  });

  it.each<[what: string, Query, error: string]>([
    ['no nonce', { response_type: 'code id_token', nonce: undefined }, 'invalid_request'],
    ['no nonce, implicit', { response_type: 'id_token', nonce: undefined }, 'invalid_request'],
    ['no scope openid', { response_type: 'id_token', scope: 'read' }, 'invalid_request'],
    [
      'tokens in a query',
      { response_type: 'id_token token', scope: 'openid', response_mode: 'query' },
      'invalid_request',
    ],
    ['no user', { response_type: 'id_token', scope: 'openid', prompt: 'none' }, 'login_required'],
    ['a hybrid type that is unknown', { response_type: 'id_token foo' }, 'unsupported_response_type'],
  ])('%s, in the fragment because the response would contain tokens', async (_, query, error) => {
    const { location, answer } = await open().get(proper({ client_id: 'hybrid', ...query }));
    expect([location?.search, answer['error'], answer['iss']]).toEqual(['', error, ISSUER]);
    expect(location?.hash).not.toBe('');
  });

  // Unverified, and only for the refusal. OpenID Connect Core section 6.1
  const object = (claims: unknown, header: object = { alg: 'none' }, signature = '') =>
    `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.${signature}`;
  const IN_QUERY = { error: 'request_not_supported', state: 'the-state', place: `${CALLBACK}?` };
  const POSTED = { error: 'request_not_supported', state: 'the-state', place: 'form' };

  it.each<[what: string, Query, expected: { error: string; state: string; place: string }]>([
    ['response_mode', { request: object({ response_mode: 'form_post' }) }, POSTED],
    [
      'a signature that nobody checks',
      { request: object({ response_mode: 'form_post' }, { alg: 'RS256' }, 'x') },
      POSTED,
    ],
    [
      'response_mode, where the query has another',
      { response_mode: 'query', request: object({ response_mode: 'form_post' }) },
      POSTED,
    ],
    ['state', { request: object({ state: 'inner' }) }, { ...IN_QUERY, state: 'inner' }],
    ['state alone', { state: undefined, request: object({ state: 'inner' }) }, { ...IN_QUERY, state: 'inner' }],
    [
      'a registered redirect URI alone',
      { redirect_uri: undefined, request: object({ redirect_uri: CALLBACK }) },
      IN_QUERY,
    ],
    [
      'a response type that is answered in the fragment',
      { request: object({ response_type: 'code id_token' }) },
      { ...IN_QUERY, place: `${CALLBACK}#` },
    ],
    [
      'nothing, as all of it is empty',
      { response_mode: 'form_post', request: object({ response_mode: '', state: '' }) },
      POSTED,
    ],
    ['nothing, as it is not text', { request: object({ response_mode: ['form_post'], state: 1 }) }, IN_QUERY],
    ['nothing, as it is a list', { request: object(['form_post']) }, IN_QUERY],
    ['nothing, as it is null', { request: object(null) }, IN_QUERY],
    ['an unknown response_mode', { request: object({ response_mode: 'jwt' }) }, IN_QUERY],
    [
      'a response_mode that the client may not use',
      { client_id: 'posting', request: object({ response_mode: 'fragment' }) },
      IN_QUERY,
    ],
    ['nothing, as it is encrypted', { request: `${object({ response_mode: 'form_post' })}.x.x` }, IN_QUERY],
    ['nothing, as it is cut', { request: object({ response_mode: 'form_post' }).slice(0, -9) }, IN_QUERY],
    [
      'nothing, as it is by reference',
      { request_uri: 'https://app.example/r', response_mode: 'form_post' },
      { ...POSTED, error: 'request_uri_not_supported' },
    ],
    // Each refusal travels alike.
    [
      'form_post of a broken request',
      { response_mode: 'form_post', max_age: 'x' },
      { ...POSTED, error: 'invalid_request' },
    ],
    [
      'form_post of an unknown response_type',
      { response_mode: 'form_post', response_type: 'magic' },
      { ...POSTED, error: 'unsupported_response_type' },
    ],
    [
      'form_post of an unknown API',
      { response_mode: 'form_post', resource: 'x' },
      { ...POSTED, error: 'invalid_target' },
    ],
    [
      'form_post of prompt=none',
      { response_mode: 'form_post', prompt: 'none' },
      { ...POSTED, error: 'login_required' },
    ],
  ])('a request whose answer travels by its request object or query: %s', async (_, query, expected) => {
    const { status, location, answer } = await open().get(proper(query));
    const place = status === 200 ? 'form' : location?.href.slice(0, CALLBACK.length + 1);
    expect({ error: answer['error'], state: answer['state'], place }).toEqual(expected);
    expect(answer['iss']).toBe(ISSUER);
  });

  it('a posted request, whose answer travels by its form or request object', async () => {
    for (const more of [{ response_mode: 'form_post' }, { request: object({ response_mode: 'form_post' }) }]) {
      const form = { ...proper({ request: object({}), ...more }) } as Record<string, string>;
      const { headers } = await world.handlers.authorization(httpEvent({ path: '/authorize', form }));
      const { status, answer } = await open().get(new URL(headers['location'] ?? '').search.slice(1));
      expect([status, answer['error'], answer['state']]).toEqual([200, 'request_not_supported', 'the-state']);
    }
  });

  it('a request without state, and the error has no state', async () => {
    const { answer } = await open().get(proper({ state: undefined, response_type: 'magic' }));
    expect(Object.keys(answer).toSorted()).toEqual(['error', 'error_description', 'iss']);
  });

  it('an id_token_hint that was issued to another client', async () => {
    const browser = open();
    const excused = await browser.pass(proper({ client_id: 'excused', code_challenge: CHALLENGE }));
    expect(excused.answer['code']).toBeDefined();
    const form = { grant_type: 'authorization_code', code: excused.answer['code'] ?? '', redirect_uri: CALLBACK };
    const { basic } = await import('../support/world.ts');
    const { json } = readResult(
      await world.handlers.token(
        httpEvent({
          headers: { authorization: basic('excused') },
          form: { ...form, code_verifier: 'a-verifier-of-forty-three-characters-or-more' },
        }),
      ),
    );
    const id_token_hint = String(json['id_token']);
    expect((await browser.get(proper({ client_id: 'excused', id_token_hint }))).answer['code']).toBeDefined();
    expect((await browser.get(proper({ id_token_hint }))).answer['error']).toBe('invalid_request');
    const access = String(json['access_token']);
    expect((await browser.get(proper({ client_id: 'excused', id_token_hint: access }))).answer['error']).toBe(
      'invalid_request',
    );
  });

  it('no missing code_challenge if the client is exempt from PKCE', async () => {
    const query = proper({ client_id: 'excused', code_challenge: undefined, code_challenge_method: undefined });
    expect((await open().pass(query)).answer['code']).toMatch(/^lk_ac_/);
  });
});

describe('The authorization endpoint shows an error page, without a redirect, for', () => {
  const EVIL_OBJECT = `e30.${Buffer.from('{"redirect_uri":"https://evil.example/"}').toString('base64url')}.`;

  it.each<[what: string, Query | string, code: string]>([
    ['no parameter at all', {}, 'invalid_client'],
    ['no client', { client_id: undefined }, 'invalid_client'],
    ['an unknown client', { client_id: 'nobody' }, 'invalid_client'],
    ['a client with a strange id', { client_id: 'no body\u0000' }, 'invalid_client'],
    ['a disabled client', { client_id: 'disabled' }, 'invalid_client'],
    ['no redirect URI', { redirect_uri: undefined }, 'invalid_request'],
    [
      'no redirect URI of a client that has several',
      { client_id: 'native', redirect_uri: undefined, scope: 'read' },
      'invalid_request',
    ],
    [
      'no redirect URI of a client that has none',
      { client_id: 'nowhere', redirect_uri: undefined, scope: 'read' },
      'invalid_request',
    ],
    ['a client that has none', { client_id: 'nowhere' }, 'invalid_request'],
    ['a parameter twice', { state: ['a', 'b'] }, 'invalid_request'],
    ['the redirect URI twice', { redirect_uri: [CALLBACK, 'https://evil.example'] }, 'invalid_request'],
    ['the client twice', { client_id: ['web', 'nobody'] }, 'invalid_request'],
    ['broken percent-encoding', `${queryOf(proper())}&scope2=%zz`, 'invalid_request'],
    ['broken UTF-8', `${queryOf(proper({ state: undefined }))}&state=%ff`, 'invalid_request'],
    ['an overlong encoding', `${queryOf(proper({ state: undefined }))}&state=%c0%af`, 'invalid_request'],
    ['a redirect URI of a request object that is not registered', { request: EVIL_OBJECT }, 'invalid_request'],
    [
      'a redirect URI of a request object alone that is not registered',
      { redirect_uri: undefined, request: EVIL_OBJECT },
      'invalid_request',
    ],
    ['too long a query', { state: 'x'.repeat(8_000) }, 'invalid_request'],
    ['too many parameters', `${queryOf(proper())}${'&a=b'.repeat(64)}`, 'invalid_request'],
    ['a password in the query', `${queryOf(proper())}&password=x`, 'invalid_request'],
    ['a token in the query', `${queryOf(proper())}&access_token=x`, 'invalid_request'],
  ])('%s', async (_, query, code) => {
    const seen = await open().get(typeof query === 'string' ? query : Object.keys(query).length ? proper(query) : {});
    expect([seen.status, seen.heading, seen.location]).toEqual([400, 'Something went wrong', undefined]);
    expect(seen.body).toContain(`<p class="code">${code}<br>`);
    expect(seen.headers['set-cookie']).toBeUndefined();
  });

  it.each<[what: string, Query, description: string]>([
    ['no client', { client_id: undefined }, 'client_id is missing'],
    ['an unknown client', { client_id: 'nobody' }, 'client_id is unknown'],
    ['no redirect URI', { redirect_uri: undefined }, 'redirect_uri is missing'],
    [
      'another redirect URI',
      { redirect_uri: 'https://evil.example' },
      'redirect_uri is not registered for this client',
    ],
  ])('%s, and says so', async (_, query, description) => {
    expect((await open().get(proper(query))).body).toContain(`<br>${description}</p>`);
  });

  it.each(['PUT', 'DELETE', 'OPTIONS'])('%s', async (method) => {
    const { statusCode, headers } = await world.handlers.authorization(httpEvent({ method, path: '/authorize' }));
    expect([statusCode, headers['allow']]).toEqual([405, 'GET, HEAD, POST']);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  it('up to the limit, and not beyond', async () => {
    const rest = queryOf(proper({ state: '' })).length;
    expect((await open().get(proper({ state: 'x'.repeat(8192 - rest) }))).heading).toBe('Sign in');
    expect((await open().get(proper({ state: 'x'.repeat(8193 - rest) }))).status).toBe(400);
  });
});

describe('The authorization endpoint does not redirect to an unregistered URI:', () => {
  it.each([
    'https://app.example/callback/',
    'https://app.example/callback?',
    'https://app.example/callback?x=1',
    'https://app.example/callback#',
    'https://app.example/callback#x',
    'https://app.example/Callback',
    'https://app.example/callback/../callback',
    'https://app.example/./callback',
    'https://app.example//callback',
    'https://app.example/callback/%2e%2e/callback',
    'https://app.example/call%62ack',
    'https://app.example/callback%00',
    'https://app.example/callback%0d%0aset-cookie:a=b',
    'https://app.example/callback\r\nset-cookie: a=b',
    'https://app.example/callback ',
    ' https://app.example/callback',
    '\thttps://app.example/callback',
    'https://app.example\\callback',
    'https:\\\\app.example/callback',
    'https:/app.example/callback',
    'https:app.example/callback',
    '//app.example/callback',
    '/callback',
    'callback',
    'HTTPS://app.example/callback',
    'https://APP.example/callback',
    'https://app.example:443/callback',
    'https://app.example:8443/callback',
    'https://app.example./callback',
    'http://app.example/callback',
    'https://user@app.example/callback',
    'https://user:password@app.example/callback',
    'https://app.example@evil.example/callback',
    'https://app.example%40evil.example/callback',
    'https://app.example.evil.example/callback',
    'https://evil.example/callback',
    'https://evil.example/?https://app.example/callback',
    'https://evil.example#https://app.example/callback',
    'https://app\u3002example/callback',
    'https://app.ex\u00adample/callback',
    'https://\u0430pp.example/callback',
    'https%3A%2F%2Fapp.example%2Fcallback',
    'javascript:alert(1)//https://app.example/callback',
    'data:text/html,x',
    'https://app.example/callback,https://evil.example',
    'https://app.example/callback https://evil.example',
    '*',
    'https://*/callback',
  ])('%j', async (redirect_uri) => {
    const seen = await open().get(proper({ redirect_uri }));
    expect([seen.status, seen.heading, seen.location]).toEqual([400, 'Something went wrong', undefined]);
    expect(seen.body).not.toContain('evil.example');
    expect(seen.headers['content-security-policy']).toContain("form-action 'self';");
  });
});

describe('A loopback redirect URI may differ from the registered one in its port only:', () => {
  it.each([
    ['http://127.0.0.1:8000/cb?x=1', 'Sign in'],
    ['http://127.0.0.1:1/cb?x=1', 'Sign in'],
    ['http://127.0.0.1/cb?x=1', 'Sign in'],
    ['http://127.0.0.1:65535/cb?x=1', 'Sign in'],
    ['http://[::1]:50000/cb', 'Sign in'],
    ['http://localhost:50000/cb', 'Sign in'],
    ['http://127.0.0.1:65536/cb?x=1', 'Something went wrong'],
    ['http://127.0.0.1:0x50/cb?x=1', 'Something went wrong'],
    ['http://127.0.0.1:/cb?x=1', 'Something went wrong'],
    ['http://127.0.0.1:80:80/cb?x=1', 'Something went wrong'],
    ['http://127.0.0.1:80@evil.example/cb?x=1', 'Something went wrong'],
    ['http://127.0.0.1@evil.example/cb?x=1', 'Something went wrong'],
    ['http://127.0.0.1.evil.example/cb?x=1', 'Something went wrong'],
    ['http://127.0.0.1:8000/cb', 'Something went wrong'],
    ['http://127.0.0.1:8000/cb?x=1&y=2', 'Something went wrong'],
    ['http://127.0.0.1:8000/cb?x=1#', 'Something went wrong'],
    ['http://127.0.0.2:8000/cb?x=1', 'Something went wrong'],
    ['http://127.1:8000/cb?x=1', 'Something went wrong'],
    ['http://2130706433:8000/cb?x=1', 'Something went wrong'],
    ['http://0:8000/cb?x=1', 'Something went wrong'],
    ['https://127.0.0.1:8000/cb?x=1', 'Something went wrong'],
    ['http://localhost:8000/cb?x=1', 'Something went wrong'],
    ['http://[::1]:8000/cb?x=1', 'Something went wrong'],
    ['http://[0:0:0:0:0:0:0:1]/cb', 'Something went wrong'],
    ['http://[::ffff:127.0.0.1]/cb', 'Something went wrong'],
    ['http://LOCALHOST/cb', 'Something went wrong'],
    ['http://localhost/CB', 'Something went wrong'],
    ['http://localhost/cb/', 'Something went wrong'],
  ])('%s leads to the page “%s”', async (redirect_uri, heading) => {
    const seen = await open().get(proper({ client_id: 'native', redirect_uri }));
    expect(seen.heading).toBe(heading);
  });
});

describe('A redirect URI', () => {
  const uris: [string, boolean][] = [
    [CALLBACK, true],
    ['https://app.example', true],
    ['https://app.example:8443/a?b=c', true],
    ['http://localhost:3000/cb', true],
    ['http://127.0.0.1/cb', true],
    ['com.example.app:/cb', true],
    ['com.example.app://host/cb', true],
    ['http://app.example/cb', false],
    ['https://app.example/cb#', false],
    ['https://user@app.example/cb', false],
    ['https://app.example/<script>', false],
    ['https://app.example/"x', false],
    ['https://app.example/é', false],
    ['javascript:alert(1)', false],
    ['data:text/html,x', false],
    ['vbscript:x', false],
    ['file:///etc/passwd', false],
    ['blob:https://app.example/x', false],
    ['about:blank', false],
    ['myapp:/cb', false],
    ['', false],
    ['https://*.app.example/cb', false],
    ['https://app.example/*', false],
    ['https://app.example/cb?a=*', false],
    ['http://localhost:*/cb', false],
    ['com.example.app:/*', false],
    ['https://app.example/code?encode=1&State=2', true],
    ...responseParameters.flatMap((name): [string, boolean][] => [
      [`https://app.example/cb?${name}=1`, false],
      [`https://app.example/cb?a=b&${name}`, false],
      [`com.example.app:/cb?${name}=`, false],
    ]),
    ['https://app.example/cb?c%6fde=1', false],
  ];
  it.each([
    ['http://app.example/cb', 'http'],
    ['cursor://anysphere/cb', 'scheme'],
    ['javascript:alert(1)', 'reserved'],
    ['https://user@app.example/cb', 'user'],
    ['https://app.example/cb#', 'form'],
    ['/cb', 'form'],
    ['https://*.app.example/cb', 'wildcard'],
    ['https://app.example/cb?code=1', 'parameter'],
  ])('%j is refused for its %s', (uri, fault) => {
    expect(redirectUriFault(uri)).toBe(fault);
  });

  it.each<[string, string[], string[], boolean]>([
    ['cursor://anysphere/cb', ['cursor://anysphere/cb'], ['cursor'], true],
    ['cursor://anysphere/cb', ['cursor://anysphere/cb'], ['vscode'], false],
    ['cursor://anysphere/other', ['cursor://anysphere/cb'], ['cursor'], false],
    ['cursor://user@anysphere/cb', ['cursor://user@anysphere/cb'], ['cursor'], false],
    ['cursor://anysphere/*', ['cursor://anysphere/*'], ['cursor'], false],
    ['javascript:alert(1)', ['javascript:alert(1)'], ['javascript'], false],
    ['http://app.example/cb', ['http://app.example/cb'], ['http'], false],
  ])('%j, registered as %j with the schemes %j, is matched: %s', (uri, registered, schemes, isMatched) => {
    expect(matchesRedirectUri(uri, registered, schemes)).toBe(isMatched);
    expect(matchesPostLogoutRedirectUri(uri, registered, schemes)).toBe(isMatched);
  });

  it.each(uris.map(([uri, isAllowed]) => [uri, isAllowed ? 'may' : 'may not', isAllowed] as const))(
    '%j %s be registered',
    (uri, _, isAllowed) => {
      expect(redirectUriFault(uri) === undefined).toBe(isAllowed);
      // What may not be registered is not matched either, should it be registered all the same.
      expect(matchesRedirectUri(uri, [uri])).toBe(isAllowed);
    },
  );
});
