import { createHash } from 'node:crypto';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { compose as composeAuthorization } from '../../functions/authorization.ts';
import { compose as composeLogout } from '../../functions/logout.ts';
import { newKeyPair } from '../../infra/key-pair.ts';
import { issueAuthorization } from '../../lib/endpoints/authorization-grant.ts';
import type { HttpRequest } from '../../lib/http/message.ts';
import { beginSession, readBrowser, sessionCookie } from '../../lib/interaction/browser-session.ts';
import { revocationTransition } from '../../lib/oauth/grant-state.ts';
import { MAX_CLOCK_SKEW_SECONDS } from '../../lib/oauth/revocation.ts';
import type { Session } from '../../lib/oauth/session.ts';
import { endSession, joinSession } from '../../lib/revocation/end-session.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { openBrowser, proper, refreshTarget, user, VERIFIER } from '../support/browser.ts';
import { introspectionDoor } from '../support/doors.ts';
import { faults, onlyAt, onlyIf, type StoreRequest, startFaultyStore } from '../support/faulty-store.ts';
import { handlesOf, tokensOf } from '../support/grants.ts';
import { openList } from '../support/revocation-list.ts';
import { AFTER_LOGOUT, ALICE, app, createSignIn, REDIRECT_URI } from '../support/sign-in.ts';
import {
  client,
  createTestClock,
  type FormRequest,
  formBody,
  getToken,
  httpEvent,
  ISSUER,
  keyVariables,
  post,
  readResult,
  resourceServer,
  startWorld,
  type World,
} from '../support/world.ts';

const { clock, advance, set } = createTestClock();
const NOW = clock();

const web = app('web', { client_name: 'The <Web>' });
const ender = app('ender', { end_grants_on_logout: true, require_consent: false });
const silent = app('silent', {
  post_logout_redirect_uris: [`${AFTER_LOGOUT}?from=silent`, 'com.example.app:/bye', 'http://127.0.0.1/bye'],
});
const listener = app('listener', { backchannel_logout_uri: 'https://listener.example/logout' });
const closed = app('closed', { enabled: false });

let world: World;
let people: ReturnType<typeof createSignIn>;

beforeAll(async () => {
  world = await startWorld({}, clock);
  people = createSignIn(world, clock);
  await Promise.all([
    people.users.create(ALICE),
    people.users.reserveName('bob', 'sub-of-bob'),
    people.users.create(user('bob')),
    ...[web, ender, silent, listener, closed, client('machine')].map((record) => world.clients.create(record)),
  ]);
});
afterAll(() => world.stop());
afterEach(() => set(NOW));

const context = () => composeLogout(createFoundationWithTable(world.env, clock));

type Parameters = Record<string, string | string[]>;

const send = async (request: FormRequest & { cookie?: string }, handlers = world.handlers) => {
  const event = httpEvent({ method: 'GET', path: '/logout', ...request });
  const { statusCode: status, ...result } = await handlers.logout({
    ...event,
    ...(request.cookie !== undefined && { cookies: [request.cookie] }),
  } as typeof event);
  return { status, ...result };
};
const get = (parameters: Parameters = {}, cookie?: string) =>
  send({ query: formBody(parameters), ...(cookie !== undefined && { cookie }) });

/** A person who is signed in, and has signed in to an application. */
async function signedIn(record = web, scope = 'openid') {
  const { sid, cookie } = await people.begin();
  const tokens = await people.give(world.handlers, record, { sid, scope });
  return { sid, cookie, ...tokens };
}

const isSignedIn = async (sid: string) => (await people.sessions.find(sid)) !== undefined;
const CLEARED = '__Host-latchkey=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure';
const redirectTo = (location: string) => ({
  status: 303,
  headers: { location, 'cache-control': 'no-store' },
  body: '',
});
const page = (status: number, text: string) => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  body: expect.stringContaining(text),
});
const GOODBYE = { ...page(200, 'You are signed out'), cookies: [CLEARED] };
const REFUSED = page(400, 'invalid_request');
const ASKED = page(200, 'Sign out?');

describe('A client that presents the ID token of the signed-in user', () => {
  it('ends the session, and the browser is redirected back to it', async () => {
    const { sid, cookie, id_token } = await signedIn();
    const parameters = { id_token_hint: id_token, post_logout_redirect_uri: AFTER_LOGOUT, state: 'a b&c=d#e' };
    const result = await get(parameters, cookie);
    expect(result).toMatchObject(redirectTo(`${AFTER_LOGOUT}?state=a+b%26c%3Dd%23e`));
    expect(result.cookies).toEqual([CLEARED]);
    expect(await isSignedIn(sid)).toBe(false);
  });

  it('may also send its client_id', async () => {
    const { sid, cookie, id_token } = await signedIn();
    expect(await get({ id_token_hint: id_token, client_id: 'web' }, cookie)).toMatchObject(GOODBYE);
    expect(await isSignedIn(sid)).toBe(false);
  });

  it('may present an expired ID token', async () => {
    const { sid, id_token, cookie } = await signedIn();
    advance(20_000);
    expect(await get({ id_token_hint: id_token }, cookie)).toMatchObject(GOODBYE);
    expect(await isSignedIn(sid)).toBe(false);
  });

  it('is told to ask, with one from before the user signed in again in the same browser', async () => {
    const { id_token, sid: earlier } = await signedIn();
    const { sid, cookie } = await people.begin();
    // As the sign-in page does with the session that it replaces.
    await people.sessions.put({ ...(await people.sessions.find(sid))!, root_sid: earlier });
    expect(await get({ id_token_hint: id_token }, cookie)).toMatchObject(ASKED);
    expect(await isSignedIn(sid)).toBe(true);
  });

  it.each([
    [`${AFTER_LOGOUT}?from=silent`, `${AFTER_LOGOUT}?from=silent&state=s`],
    ['com.example.app:/bye', 'com.example.app:/bye?state=s'],
    // The system assigns the port to a native app.
    ['http://127.0.0.1:50123/bye', 'http://127.0.0.1:50123/bye?state=s'],
  ])('gets its state back at %s', async (uri, location) => {
    const { cookie, id_token } = await signedIn(silent);
    const parameters = { id_token_hint: id_token, post_logout_redirect_uri: uri, state: 's' };
    expect(await get(parameters, cookie)).toMatchObject(redirectTo(location));
  });

  it('gets no state unless it sent one, and no redirect unless it named a URI', async () => {
    const { cookie, id_token } = await signedIn();
    const parameters = { id_token_hint: id_token, post_logout_redirect_uri: AFTER_LOGOUT, state: '' };
    expect(await get(parameters, cookie)).toMatchObject(redirectTo(AFTER_LOGOUT));
    expect(await get({ id_token_hint: id_token, state: 's' }, cookie)).toMatchObject(GOODBYE);
  });
});

describe('A POST to /logout', () => {
  it('is redirected to a GET, because browsers send no cookie with a cross-site POST', async () => {
    const { sid, cookie, id_token } = await signedIn();
    const form = { id_token_hint: id_token, post_logout_redirect_uri: AFTER_LOGOUT, state: 's', other: 'x' };
    const { status, headers, cookies } = await send({ method: 'POST', form });
    expect(status).toBe(303);
    const { origin, pathname, search } = new URL(headers['location'] ?? '');
    expect(origin + pathname).toBe(`${ISSUER}/logout`);
    const { other: _, ...carried } = form;
    expect(Object.fromEntries(new URLSearchParams(search))).toEqual(carried);
    expect(cookies).toBeUndefined();
    expect(await isSignedIn(sid)).toBe(true);
    const result = await send({ query: search.slice(1), cookie });
    expect(result).toMatchObject(redirectTo(`${AFTER_LOGOUT}?state=s`));
    expect(await isSignedIn(sid)).toBe(false);
  });

  it.each<[string, FormRequest]>([
    ['with parameters in the query as well', { query: 'client_id=web', form: { client_id: 'web' } }],
    ['of JSON', { headers: { 'content-type': 'application/json' }, form: '{}' }],
    ['that repeats a parameter', { form: { state: ['a', 'b'] } }],
    ['in malformed encoding', { form: 'state=%ff' }],
  ])('%s is refused', async (_name, request) => {
    expect(await send({ method: 'POST', ...request })).toMatchObject(REFUSED);
  });
});

describe('Without the ID token of the signed-in user,', () => {
  /** The form of the confirmation page, as a browser sends it. */
  const press = (body: string, cookie: string | undefined, change: Parameters = {}, headers = {}) => {
    const action = /<form method="post" action="\?([^"]*)"/.exec(body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const fields = [...body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
    const form = Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value]));
    return send({ method: 'POST', query: action, form: { ...form, ...change }, headers, ...(cookie && { cookie }) });
  };

  it.each<[string, () => Promise<Parameters>]>([
    ['that says nothing', async () => ({})],
    ['that names itself', async () => ({ client_id: 'web' })],
    ['that names a place to go', async () => ({ client_id: 'web', post_logout_redirect_uri: AFTER_LOGOUT })],
    [
      'that shows the ID token of somebody else',
      async () => ({ id_token_hint: (await people.give(world.handlers, web, { sub: 'bob' })).id_token }),
    ],
    [
      'that shows an ID token from another session of the user',
      async () => ({ id_token_hint: (await signedIn()).id_token }),
    ],
    [
      'that shows an ID token from no session of a browser',
      async () => ({ id_token_hint: (await people.give(world.handlers, web)).id_token }),
    ],
  ])('the user is asked for confirmation when a client %s', async (_name, make) => {
    const { sid, cookie } = await signedIn();
    const parameters = await make();
    const asked = await get(parameters, cookie);
    expect(asked).toMatchObject(ASKED);
    expect(asked).not.toHaveProperty('cookies');
    expect(await isSignedIn(sid)).toBe(true);

    const result = await press(asked.body, cookie, {}, { origin: ISSUER, 'sec-fetch-site': 'same-origin' });
    expect(result).toMatchObject(parameters['post_logout_redirect_uri'] ? page(200, 'Almost there') : GOODBYE);
    expect(refreshTarget(result.body)).toBe(parameters['post_logout_redirect_uri']);
    expect(result.cookies).toEqual([CLEARED]);
    expect(await isSignedIn(sid)).toBe(false);
  });

  it('the confirmation page names the client, has a form for this service only, and runs no script', async () => {
    const { cookie } = await signedIn();
    const { headers, body } = await get({ client_id: 'web', post_logout_redirect_uri: AFTER_LOGOUT }, cookie);
    const policy = headers['content-security-policy'];
    expect(policy).toContain("form-action 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('script');
    expect(body).toContain('The &lt;Web&gt;');
    expect(body).not.toContain('<Web>');
  });

  it.each<[string, (asked: string, cookie: string) => ReturnType<typeof send>]>([
    ['without its token', (asked, cookie) => press(asked, cookie, { page_token: '' })],
    ['with a made-up token', (asked, cookie) => press(asked, cookie, { page_token: 'lk_pg_AAAA' })],
    [
      'with the token of another browser',
      async (asked, cookie) => {
        const other = await signedIn();
        const [, token = ''] = /name="page_token" value="([^"]+)"/.exec((await get({}, other.cookie)).body) ?? [];
        return press(asked, cookie, { page_token: token });
      },
    ],
    [
      'with a token that somebody with the keys makes of the sid, which clients know',
      (asked, cookie) => {
        const { page, session } = handlesOf(world);
        const { id = '', secret = '' } = session.parse(cookie.split('=')[1] ?? '') ?? {};
        const tokenOf = (text: string) => {
          const hash = createHash('sha256')
            .update(JSON.stringify([text, 'logout']))
            .digest();
          return page.mint({ secret: hash.toString('base64url', 0, 18) }).text;
        };
        expect(asked).toContain(tokenOf(secret));
        return press(asked, cookie, { page_token: tokenOf(id) });
      },
    ],
    ['sent from another site', (asked, cookie) => press(asked, cookie, {}, { origin: 'https://evil.example' })],
    ['sent from an opaque origin', (asked, cookie) => press(asked, cookie, {}, { origin: 'null' })],
    [
      'sent from an opaque origin of another site',
      (asked, cookie) => press(asked, cookie, {}, { origin: 'null', 'sec-fetch-site': 'cross-site' }),
    ],
    ['sent from a sister site', (asked, cookie) => press(asked, cookie, {}, { 'sec-fetch-site': 'same-site' })],
  ])('a form %s does not sign the user out', async (_name, send) => {
    const { sid, cookie } = await signedIn();
    const { body } = await get({}, cookie);
    const result = await send(body, cookie);
    expect(result).toMatchObject({ status: 403, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(result).not.toHaveProperty('cookies');
    expect(await isSignedIn(sid)).toBe(true);
  });

  it('a form from another site, which browsers send without the cookie, does not clear the cookie', async () => {
    const { sid, cookie } = await signedIn();
    const { body } = await get({}, cookie);
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      const result = await press(body, undefined, {}, headers);
      expect(result.status).toBe(403);
      expect(result).not.toHaveProperty('cookies');
    }
    expect(await isSignedIn(sid)).toBe(true);
  });

  it('a form signs the user out when a proxy has taken the origin away, and the browser says that it is ours', async () => {
    const { sid, cookie } = await signedIn();
    const { body } = await get({}, cookie);
    const result = await press(body, cookie, {}, { origin: 'null', 'sec-fetch-site': 'same-origin' });
    expect(result).toMatchObject(GOODBYE);
    expect(await isSignedIn(sid)).toBe(false);
  });

  it('the request is checked again after the confirmation', async () => {
    const { sid, cookie } = await signedIn();
    const { body } = await get({ client_id: 'web', post_logout_redirect_uri: AFTER_LOGOUT }, cookie);
    const forged = body.replace(encodeURIComponent(AFTER_LOGOUT), encodeURIComponent('https://evil.example/'));
    expect(forged).not.toBe(body);
    expect(await press(forged, cookie)).toMatchObject(REFUSED);
    expect(await isSignedIn(sid)).toBe(true);
  });
});

describe('When no user is signed in,', () => {
  it.each<[string, () => Promise<string | undefined>]>([
    ['without a cookie', async () => undefined],
    ['with an empty cookie', async () => '__Host-latchkey='],
    ['with a made-up cookie', async () => '__Host-latchkey=lk_ss_AAAA'],
    ['with the cookie of a loopback issuer', async () => (await people.begin()).cookie.replace('__Host-', '')],
    [
      'with a session that was ended',
      async () => {
        const { sid, cookie } = await people.begin();
        await people.sessions.remove((await people.sessions.find(sid))!);
        return cookie;
      },
    ],
    [
      'with a session that has expired, although it is still stored',
      async () => {
        const { cookie } = await people.begin(ALICE.sub, 0);
        return cookie;
      },
    ],
  ])('%s, the browser is redirected to the URI of the client', async (_name, make) => {
    const parameters = { client_id: 'web', post_logout_redirect_uri: AFTER_LOGOUT };
    const cookie = await make();
    expect(await get(parameters, cookie)).toMatchObject(redirectTo(AFTER_LOGOUT));
    expect(await get({}, cookie)).toMatchObject(GOODBYE);
  });
});

describe('/logout refuses without signing the user out:', () => {
  const { privateKey } = newKeyPair('ec', { namedCurve: 'P-256' });
  const claims = { sub: ALICE.sub, aud: 'web' };
  const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
  const resign = (header: object) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', ...header })
      .setIssuer(ISSUER)
      .setIssuedAt(NOW)
      .setExpirationTime(NOW + 60)
      .sign(privateKey);

  it.each<[string, (tokens: Awaited<ReturnType<typeof signedIn>>) => Promise<Parameters> | Parameters]>([
    // RP-Initiated Logout section 2: the client_id has to be that of the hint.
    ['a client_id that is not that of the hint', ({ id_token }) => ({ id_token_hint: id_token, client_id: 'ender' })],
    ['an unknown client', () => ({ client_id: 'nobody' })],
    ['a client that is no identifier', () => ({ client_id: 'a b#c' })],
    ['a disabled client', () => ({ client_id: 'closed' })],
    [
      'the hint of a disabled client',
      async () => {
        const open = app('closing');
        await world.clients.create(open);
        const { id_token } = await people.give(world.handlers, open);
        await world.table.put({ pk: 'CLIENT#closing', sk: 'CLIENT', ...open, version: 2, enabled: false });
        return { id_token_hint: id_token };
      },
    ],
    // Section 3: no redirect to an unregistered URI, nor without a client.
    ['a place to go without a client', () => ({ post_logout_redirect_uri: AFTER_LOGOUT })],
    ...[
      'https://evil.example/',
      `${AFTER_LOGOUT}/`,
      `${AFTER_LOGOUT}?a=b`,
      `${AFTER_LOGOUT}#a`,
      'https://APP.example/bye',
      'https://app.example:443/bye',
      'https://app.example/BYE',
      'https://app.example/x/../bye',
      'https://app.example/callback',
      'http://app.example/bye',
      '//app.example/bye',
      '/bye',
      'javascript:alert(1)',
      `${AFTER_LOGOUT} `,
      `${AFTER_LOGOUT}\r\nx: y`,
    ].map((uri): [string, (tokens: { id_token: string }) => Parameters] => [
      `the place to go ${JSON.stringify(uri)}`,
      ({ id_token }) => ({ id_token_hint: id_token, post_logout_redirect_uri: uri }),
    ]),
    [
      'the place to go of another client',
      ({ id_token }) => ({ id_token_hint: id_token, post_logout_redirect_uri: `${AFTER_LOGOUT}?from=silent` }),
    ],
    [
      'a place to go at a client that has none',
      () => ({ client_id: 'machine', post_logout_redirect_uri: AFTER_LOGOUT }),
    ],
    // Section 4: the hint must be an ID token of this service.
    ['a hint that is text', () => ({ id_token_hint: 'hello' })],
    ['a hint that is too long', () => ({ id_token_hint: 'a'.repeat(8_193) })],
    ['a hint that is an access token', ({ access_token }) => ({ id_token_hint: access_token })],
    [
      'a hint that is the access token of a machine',
      async () => ({ id_token_hint: await getToken(world.handlers, 'machine-jwt') }),
    ],
    [
      'a hint that is a refresh token',
      async () => ({ id_token_hint: (await signedIn(web, 'openid offline_access')).refresh_token }),
    ],
    [
      'a hint of another issuer',
      async () => {
        const ISSUER = 'https://evil.example';
        const others = createSignIn({ ...world, env: { ...world.env, ISSUER } }, clock);
        const { id_token } = await others.give(world.restart({ ISSUER }), web);
        return { id_token_hint: id_token };
      },
    ],
    [
      'a hint by another key of the same name',
      async ({ id_token }) => ({ id_token_hint: await resign({ kid: kidOf(id_token) }) }),
    ],
    ['a hint by a key of no name', async () => ({ id_token_hint: await resign({}) })],
    [
      'a hint that brings its own key',
      async ({ id_token }) => ({
        id_token_hint: await resign({ kid: kidOf(id_token), jku: 'https://evil.example/jwks' }),
      }),
    ],
    [
      'a hint by a symmetric algorithm',
      async ({ id_token }) => ({
        id_token_hint: await new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: kidOf(id_token) })
          .setIssuer(ISSUER)
          .sign(Buffer.from(world.env['VERIFICATION_KEYS'] ?? '')),
      }),
    ],
    [
      'a hint without a signature',
      () => ({
        id_token_hint: new UnsecuredJWT(claims)
          .setIssuer(ISSUER)
          .setIssuedAt(NOW)
          .setExpirationTime(NOW + 60)
          .encode(),
      }),
    ],
    [
      'a hint whose claims were changed',
      ({ id_token }) => {
        const [header, , signature] = id_token.split('.');
        const payload = Buffer.from(JSON.stringify({ iss: ISSUER, ...claims })).toString('base64url');
        return { id_token_hint: `${header}.${payload}.${signature}` };
      },
    ],
    [
      'a hint by a key that was taken back',
      async () => ({
        id_token_hint: (await people.give(world.restart(keyVariables()), web)).id_token,
      }),
    ],
    ['a repeated parameter', () => ({ client_id: ['web', 'web'] })],
    ['credentials in the query', () => ({ client_id: 'web', client_secret: 'x' })],
  ])('%s', async (_name, make) => {
    const tokens = await signedIn();
    const result = await get(await make(tokens), tokens.cookie);
    expect(result).toMatchObject(REFUSED);
    expect(result.headers).not.toHaveProperty('location');
    expect(result).not.toHaveProperty('cookies');
    expect(await isSignedIn(tokens.sid)).toBe(true);
  });

  it.each(['PUT', 'DELETE', 'OPTIONS', ''])('the method %j', async (method) => {
    expect(await send({ method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, POST' } });
  });

  it('any request of a script on another origin', async () => {
    const { cookie } = await signedIn();
    const headers = { origin: 'https://spa.example', 'access-control-request-method': 'GET' };
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const names = Object.keys((await send({ method, headers, cookie, form: {} })).headers);
      expect(names.filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });
});

describe('The grants of the session', () => {
  const refresh = (record: typeof web, refresh_token: string) =>
    post(world.handlers.token, record.client_id, { grant_type: 'refresh_token', refresh_token });
  const show = async (token: string) =>
    readResult(
      await world.handlers.userinfo(httpEvent({ method: 'GET', headers: { authorization: `Bearer ${token}` } })),
    ).status;

  it('are revoked with all their tokens when it ends, if the client is registered for that', async () => {
    const { sid, cookie, id_token, ...first } = await signedIn(ender, 'openid offline_access');
    const second = await people.give(world.handlers, ender, { sid, scope: 'openid offline_access' });
    const elsewhere = await people.give(world.handlers, ender, { scope: 'openid offline_access' });
    const other = await people.give(world.handlers, web, { sid, scope: 'openid offline_access' });
    expect(await get({ id_token_hint: id_token }, cookie)).toMatchObject(GOODBYE);

    for (const { refresh_token, access_token } of [first, second]) {
      expect(await refresh(ender, refresh_token)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
      expect(await show(access_token)).toBe(401);
    }
    for (const [record, { refresh_token, access_token }] of [
      [ender, elsewhere],
      [web, other],
    ] as const) {
      expect(await refresh(record, refresh_token)).toMatchObject({ status: 200 });
      expect(await show(access_token)).toBe(200);
    }
  });

  it('end also with a later session of the same person, and those of version 0.1.0 as well', async () => {
    const { sid, cookie, id_token: _, ...first } = await signedIn(ender, 'openid offline_access');
    // As version 0.1.0 has stored it.
    const old = await people.give(world.handlers, ender, { scope: 'openid offline_access' });
    const item = { grant_id: old.grant_id, client_id: 'ender', sid, expires_at: NOW + 28_800 };
    await people.sessions.putOldGrant(sid, item);
    const { root_sid, ...session } = (await people.sessions.find(sid))!;
    expect(root_sid).toBe(sid);
    await people.sessions.put(session);

    const request = { cookies: [cookie] } as unknown as HttpRequest;
    const again = { sub: ALICE.sub, amr: ['pwd'], auth_time: clock() };
    const next = await beginSession(await readBrowser(request, context()), again, 28_800, context());
    expect(next.session).toMatchObject({ root_sid: sid });
    expect(next.sid).not.toBe(sid);
    expect(await readBrowser(request, context())).not.toHaveProperty('session');
    const second = await people.give(world.handlers, ender, { sid: next.sid, scope: 'openid offline_access' });
    const [nextCookie] = sessionCookie(next, ISSUER, handlesOf(world).session).split(';');
    expect(await get({ id_token_hint: second.id_token }, nextCookie)).toMatchObject(GOODBYE);
    for (const { refresh_token, access_token } of [first, old, second]) {
      expect(await refresh(ender, refresh_token)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
      expect(await show(access_token)).toBe(401);
    }
  });

  it('end with it when their code is not yet redeemed, and are given no more from then on', async () => {
    const { sid, cookie, id_token } = await signedIn(web);
    const session = (await people.sessions.find(sid))!;
    const other = await people.giveCode(ender, { sid, scope: 'openid offline_access' });
    expect(await get({ id_token_hint: id_token }, cookie)).toMatchObject(GOODBYE);
    const form = { grant_type: 'authorization_code', code: other.code, redirect_uri: REDIRECT_URI };
    expect(await post(world.handlers.token, 'ender', form)).toMatchObject({ json: { error: 'invalid_grant' } });
    for (const [record, until] of [
      [ender, NOW + 86_400],
      [listener, undefined],
    ] as const) {
      await expect(joinSession(session, record, until, context())).rejects.toMatchObject({ code: 'login_required' });
    }
  });

  it('end although another tab has just got one, of which the sign-out did not know', async () => {
    const { sid, cookie, id_token } = await signedIn(web);
    const own = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
    const handlers = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: own.endpoint });
    let late: Awaited<ReturnType<typeof people.give>> | undefined;
    own.behave(
      onlyAt('DeleteItem SESSION', async (response, forward) => {
        late ??= await people.give(world.handlers, ender, { sid, scope: 'openid offline_access' });
        const { status, headers, body } = await forward();
        response.writeHead(status, headers).end(body);
      }),
    );
    expect(await send({ query: formBody({ id_token_hint: id_token }), cookie }, handlers)).toMatchObject(GOODBYE);
    expect(await isSignedIn(sid)).toBe(false);
    expect(await refresh(ender, late?.refresh_token ?? '')).toMatchObject({ json: { error: 'invalid_grant' } });
    expect(await show(late?.access_token ?? '')).toBe(401);
    await own.stop();
  });

  it.each<[string, (sid: string) => Promise<unknown>]>([
    ['is still stored', async () => {}],
    ['was deleted by the table', (sid) => world.table.remove({ pk: `SESSION#${sid}`, sk: 'SESSION' })],
  ])('end with a sign-out after the session has expired, if it %s', async (_name, expire) => {
    const { sid, cookie, id_token, access_token, refresh_token } = await signedIn(ender, 'openid offline_access');
    const spared = await people.give(world.handlers, web, { sid, scope: 'openid offline_access' });
    set(NOW + 28_800);
    await expire(sid);
    const later = tokensOf(await refresh(ender, refresh_token));
    // Any site can send the browser here.
    const asked = await get({}, cookie);
    expect(asked).toMatchObject(ASKED);
    expect(await get({ id_token_hint: id_token }, cookie)).toMatchObject(GOODBYE);
    expect(await refresh(ender, later.refresh_token)).toMatchObject({ json: { error: 'invalid_grant' } });
    expect(await show(later.access_token)).toBe(401);
    expect(await refresh(web, spared.refresh_token)).toMatchObject({ status: 200 });
    expect(access_token).not.toBe(later.access_token);
    // And that is all: the browser can add nothing more to the list.
    expect(await get({}, cookie)).toMatchObject(GOODBYE);
  });

  it.each([
    ['the same window tries again', false],
    ['another window gets a grant, and the same one tries again', true],
  ])(
    'end with a sign-out after the session has expired, if the table failed while they were noted and %s',
    async (_name, hasOther) => {
      const { sid, cookie } = await people.begin();
      const own = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
      const { authorization } = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: own.endpoint });
      const browser = openBrowser(authorization);
      browser.setCookies([cookie]);
      const authorize = () => browser.get(proper({ client_id: 'ender', scope: 'openid offline_access' }));
      const ofRest = ({ input }: StoreRequest) =>
        (input['Item'] as Record<string, { S?: string }> | undefined)?.['sk']?.S === 'GRANTS';
      own.behave(onlyIf(ofRest, faults['access denied']));
      expect(await authorize()).toMatchObject({ status: 503 });
      own.behave();

      const given = [];
      for (let times = hasOther ? 2 : 1; times > 0; times--) {
        const { code = '' } = (await authorize()).answer;
        const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER };
        given.push(tokensOf(await post(world.handlers.token, 'ender', form)));
      }
      set(NOW + 28_800);
      await world.table.remove({ pk: `SESSION#${sid}`, sk: 'SESSION' });
      expect(await get({ id_token_hint: given[0]!.id_token }, cookie)).toMatchObject(GOODBYE);
      for (const { refresh_token } of given) {
        expect(await refresh(ender, refresh_token)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
      }
      await own.stop();
    },
  );

  it.each<[string, (sid: string) => Promise<unknown>]>([
    ['is still stored', async () => {}],
    ['was deleted by the table', (sid) => world.table.remove({ pk: `SESSION#${sid}`, sk: 'SESSION' })],
  ])('end when somebody else signs in after the session has expired, if it %s', async (_name, expire) => {
    const { sid, cookie, refresh_token } = await signedIn(ender, 'openid offline_access');
    const spared = await people.give(world.handlers, web, { sid, scope: 'openid offline_access' });
    set(NOW + 28_800);
    await expire(sid);
    const later = tokensOf(await refresh(ender, refresh_token));
    const browser = openBrowser(world.handlers.authorization);
    browser.setCookies([cookie]);
    const query = proper({ client_id: 'ender', scope: 'openid offline_access' });
    const { code = '' } = (await browser.pass(query, 'bob')).answer;
    expect(await refresh(ender, later.refresh_token)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect(await show(later.access_token)).toBe(401);
    expect(await refresh(web, spared.refresh_token)).toMatchObject({ status: 200 });
    // Nothing of the new session ends.
    const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER };
    const ofBob = tokensOf(await post(world.handlers.token, 'ender', form));
    expect(await refresh(ender, ofBob.refresh_token)).toMatchObject({ status: 200 });
  });

  it('end with a later session of the same person, who signed in again after the first was deleted', async () => {
    const { sid, cookie, refresh_token } = await signedIn(ender, 'openid offline_access');
    set(NOW + 28_800);
    await world.table.remove({ pk: `SESSION#${sid}`, sk: 'SESSION' });
    const request = { cookies: [cookie] } as unknown as HttpRequest;
    const again = { sub: ALICE.sub, amr: ['pwd'], auth_time: clock() };
    const next = await beginSession(await readBrowser(request, context()), again, 28_800, context());
    expect(next.session).toMatchObject({ root_sid: sid });
    const { id_token } = await people.give(world.handlers, web, { sid: next.sid });
    const [nextCookie] = sessionCookie(next, ISSUER, handlesOf(world).session).split(';');
    expect(await get({ id_token_hint: id_token }, nextCookie)).toMatchObject(GOODBYE);
    expect(await refresh(ender, refresh_token)).toMatchObject({ json: { error: 'invalid_grant' } });
    for (const old of [cookie, nextCookie]) expect(await get({}, old)).toMatchObject(GOODBYE);
  });

  it.each([
    ['the first answer', 'first'],
    ['every answer', 'all'],
  ] as const)(
    'end with a later session of the same person, although %s to the end of the first was lost',
    async (_, which) => {
      const { cookie, sid, refresh_token } = await signedIn(ender, 'openid offline_access');
      const own = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
      const env = { ...world.env, AWS_ENDPOINT_URL_DYNAMODB: own.endpoint };
      const beside = composeLogout(createFoundationWithTable(env, clock));
      const request = { cookies: [cookie] } as unknown as HttpRequest;
      const again = { sub: ALICE.sub, amr: ['pwd'], auth_time: clock() };
      const signInAgain = async () => beginSession(await readBrowser(request, beside), again, 28_800, beside);
      own.behave(onlyAt('UpdateItem SESSION', faults['an answer lost after the fact'], which));
      if (which === 'all') {
        await expect(signInAgain()).rejects.toMatchObject({ name: 'Unavailable' });
        expect(await readBrowser(request, context())).not.toHaveProperty('session');
        own.behave();
      }
      const next = await signInAgain();
      expect(next.session).toMatchObject({ root_sid: sid });
      expect(await readBrowser(request, context())).not.toHaveProperty('session');
      const { id_token } = await people.give(world.handlers, web, { sid: next.sid });
      const [nextCookie] = sessionCookie(next, ISSUER, handlesOf(world).session).split(';');
      expect(await get({ id_token_hint: id_token }, nextCookie)).toMatchObject(GOODBYE);
      expect(await refresh(ender, refresh_token)).toMatchObject({ json: { error: 'invalid_grant' } });
      await own.stop();
    },
  );

  it('of version 0.1.0 end although the record of one of their clients is malformed, whose grant ends as well', async () => {
    const { sid, cookie, id_token } = await signedIn();
    const broken = app('broken', { end_grants_on_logout: false });
    await world.clients.create(broken);
    const old = await Promise.all([ender, broken].map((record) => people.give(world.handlers, record)));
    for (const [index, { grant_id }] of old.entries()) {
      const client_id = ['ender', 'broken'][index]!;
      await people.sessions.putOldGrant(sid, { grant_id, client_id, sid, expires_at: NOW + 28_800 });
    }
    const { root_sid: _, ...session } = (await people.sessions.find(sid))!;
    await people.sessions.put(session);
    const key = { pk: 'CLIENT#broken', sk: 'CLIENT' };
    const record = { ...(await world.table.get(key)), ...key };
    await world.table.put({ ...record, end_grants_on_logout: 'yes' });
    const handlers = world.restart({ LOG_LEVEL: 'error' });
    const lines: string[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
    expect(await send({ query: formBody({ id_token_hint: id_token }), cookie }, handlers)).toMatchObject(GOODBYE);
    log.mockRestore();
    await world.table.put(record);
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: 'error', client_id: 'broken', fault: 'MalformedItem' }),
    );
    expect(await isSignedIn(sid)).toBe(false);
    for (const { grant_id } of old) expect(await people.grants.find(grant_id)).toMatchObject({ state: 'revoked' });
  });

  it.each([
    [0, 1],
    [1, 0],
  ])('stay ended as long as the longest can live, when two sessions share them and end as %d, %d', async (...order) => {
    const root = await people.begin();
    const begun = [root, await people.begin()];
    const ends = [NOW + 30 * 86_400, NOW + 86_400];
    const tokens = await Promise.all(begun.map(({ sid }) => people.give(world.handlers, web, { sid })));
    for (const [index, { sid }] of begun.entries()) {
      const session = (await people.sessions.find(sid))!;
      await people.sessions.put({ ...session, root_sid: root.sid, grants_until: ends[index]! });
    }
    for (const index of order) {
      set(clock() + 5);
      const { id_token } = tokens[index]!;
      expect(await get({ id_token_hint: id_token }, begun[index]!.cookie)).toMatchObject(GOODBYE);
    }
    const epoch = await world.table.get({ pk: `EPOCH#session#${root.sid}`, sk: 'EPOCH' });
    expect(epoch).toMatchObject({ issued_until: NOW + 10 + 70, expires_at: ends[0] });
  });

  it('may have been revoked before', async () => {
    const { sid, cookie, id_token, grant_id } = await signedIn(ender);
    await people.grants.change(grant_id, revocationTransition('earlier', NOW));
    expect(await get({ id_token_hint: id_token }, cookie)).toMatchObject(GOODBYE);
    expect(await isSignedIn(sid)).toBe(false);
  });

  it('may belong to a client that no longer exists', async () => {
    const { sid, cookie, id_token } = await signedIn(listener);
    await people.sessions.addClient(sid, { client_id: 'gone', sid, expires_at: NOW + 60 });
    expect(await get({ id_token_hint: id_token }, cookie)).toMatchObject(GOODBYE);
    expect((await people.deliveries.list()).filter((delivery) => delivery.sid === sid)).toHaveLength(1);
  });
});

describe('The entry that ends the grants of a session stays on the list until their last access token has expired, for grants of', () => {
  const HOUR = 3_600;
  const DELAY = 70;
  const lasting = app('lasting', { end_grants_on_logout: true, access_token_lifetime: 5 * HOUR });
  beforeAll(() => world.clients.create(lasting));
  beforeEach(() => openList(world.table).clear());

  const refresh = { scope: 'openid offline_access' };
  const give = (record: typeof web, sid: string) => people.give(world.handlers, record, { ...refresh, sid });
  /** As the sign-in page does. */
  async function signInAgain(cookie: string) {
    const request = { cookies: [cookie] } as unknown as HttpRequest;
    const again = { sub: ALICE.sub, amr: ['pwd'], auth_time: clock() };
    const next = await beginSession(await readBrowser(request, context()), again, 28_800, context());
    return { sid: next.sid, cookie: sessionCookie(next, ISSUER, handlesOf(world).session).split(';')[0]! };
  }

  /** What happens before the sign-out. @returns the cookie with which the person signs out */
  const courses: [string, (first: { sid: string; cookie: string }) => Promise<string>][] = [
    [
      'one client',
      async ({ sid, cookie }) => {
        await give(ender, sid);
        return cookie;
      },
    ],
    [
      'several clients',
      async ({ sid, cookie }) => {
        for (const record of [ender, lasting, ender]) await give(record, sid);
        return cookie;
      },
    ],
    [
      'several clients in two windows at once',
      async ({ sid, cookie }) => {
        await Promise.all([give(lasting, sid), give(ender, sid), give(ender, sid)]);
        return cookie;
      },
    ],
    [
      'a session that was replaced',
      async ({ sid, cookie }) => {
        await give(lasting, sid);
        const next = await signInAgain(cookie);
        await give(ender, next.sid);
        return next.cookie;
      },
    ],
    [
      'another session that replaced the same one, in another window',
      async ({ sid, cookie }) => {
        await give(ender, sid);
        const [one, other] = [await signInAgain(cookie), await signInAgain(cookie)];
        await give(lasting, one.sid);
        await give(ender, other.sid);
        return other.cookie;
      },
    ],
    [
      'a session that has expired',
      async ({ sid, cookie }) => {
        for (const record of [ender, lasting]) await give(record, sid);
        set(clock() + 30_000);
        await world.table.remove({ pk: `SESSION#${sid}`, sk: 'SESSION' });
        return cookie;
      },
    ],
    [
      'a session that has expired, and that a later one of the same person has replaced',
      async ({ sid, cookie }) => {
        await give(lasting, sid);
        set(clock() + 30_000);
        await world.table.remove({ pk: `SESSION#${sid}`, sk: 'SESSION' });
        const next = await signInAgain(cookie);
        await give(ender, next.sid);
        return next.cookie;
      },
    ],
  ];
  it.each(courses)('%s', async (_name, course) => {
    const first = await people.begin();
    await endSessionOf(await course(first));
    const [entry, ...others] = await openList(world.table, clock).find('session', first.sid);
    expect(others).toEqual([]);
    const needed = clock() + DELAY + 24 * HOUR + MAX_CLOCK_SKEW_SECONDS;
    expect(entry?.expires_at).toBe(Math.ceil(needed / 900) * 900);
  });

  it.each([21, 50])('a function whose clock is %d seconds ahead, and which are ended as well', async (ahead) => {
    const { sid, cookie } = await people.begin();
    set(NOW + ahead);
    const { access_token, refresh_token } = await give(ender, sid);
    set(NOW);
    await endSessionOf(cookie);
    set(NOW + ahead + 1);
    const form = { grant_type: 'refresh_token', refresh_token };
    expect(await post(world.handlers.token, 'ender', form)).toMatchObject({ json: { error: 'invalid_grant' } });
    expect(await introspectionDoor.show(world.restart(), access_token)).toBe('refuse');
  });

  /** Window A has read this session, and now gives an access token that lives for five hours. */
  async function giveToken(session: Session): Promise<string> {
    const request = {
      responseType: new Set(['token'] as const),
      redirect: { client: lasting, redirect_uri: REDIRECT_URI, redirect_uri_omitted: false },
      access: { scope: 'openid read', resources: [resourceServer('orders')] },
    };
    const authorization = composeAuthorization(createFoundationWithTable(world.env, clock));
    const { access_token } = await issueAuthorization(request as never, session, undefined, authorization);
    return access_token as string;
  }

  it.each<[string, () => Promise<string>]>([
    [
      'while window B, which has got one that lives for an hour, signs out',
      async () => {
        const { sid } = await people.begin();
        const seenByA = (await people.sessions.find(sid))!;
        await give(ender, sid);
        const { revocations, ...rest } = context();
        let token = '';
        const add: typeof revocations.add = async (entry) => {
          token = await giveToken(seenByA);
          await revocations.add(entry);
        };
        await endSession((await people.sessions.find(sid))!, { ...rest, revocations: { ...revocations, add } });
        expect(await isSignedIn(sid)).toBe(false);
        return token;
      },
    ],
    [
      'five seconds after window B, with another session that replaced the same one, has signed out',
      async () => {
        const { sid, cookie } = await people.begin();
        await give(ender, sid);
        const [one, other] = [await signInAgain(cookie), await signInAgain(cookie)];
        await endSessionOf(one.cookie);
        advance(5);
        return giveToken((await people.sessions.find(other.sid))!);
      },
    ],
  ])('window A, which gives a token %s', async (_name, course) => {
    const token = await course();
    for (const later of [10, HOUR, 2 * HOUR, 5 * HOUR - 1]) {
      set(NOW + later);
      expect([later, await introspectionDoor.show(world.restart(), token)]).toEqual([later, 'refuse']);
    }
  });

  async function endSessionOf(cookie: string) {
    const { earlier } = await readBrowser({ cookies: [cookie] } as unknown as HttpRequest, context());
    await endSession(earlier!, context());
  }
});

describe('The deliveries that /logout stores', () => {
  const pending = async (sid: string) => (await people.deliveries.list()).filter((delivery) => delivery.sid === sid);

  it('are one item for each client with a backchannel_logout_uri, without a token', async () => {
    const { sid, cookie } = await signedIn(listener);
    const { id_token } = await people.give(world.handlers, listener, { sid });
    await people.give(world.handlers, web, { sid });
    await get({ id_token_hint: id_token }, cookie);
    const item = { sid, sub: ALICE.sub, client_id: 'listener', attempts: 0, due_at: NOW, expires_at: NOW + 86_400 };
    expect(await pending(sid)).toEqual([item]);
  });

  it('contain the sid that the client knows', async () => {
    const { sid, cookie } = await people.begin();
    const { id_token } = await people.give(world.handlers, listener, { sid });
    const given = { client_id: 'listener', sid: 'before-the-second-sign-in', expires_at: NOW + 60 };
    await people.sessions.addClient(sid, given);
    await get({ id_token_hint: id_token }, cookie);
    expect(await pending(sid)).toHaveLength(1);
    expect(await pending('before-the-second-sign-in')).toHaveLength(1);
  });

  it('are none if no session has ended', async () => {
    const { sid, cookie } = await signedIn(listener);
    await get({}, cookie);
    await get({ id_token_hint: 'hello' }, cookie);
    expect(await pending(sid)).toEqual([]);
  });
});
