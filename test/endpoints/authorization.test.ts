import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compose as composeAuthorization } from '../../functions/authorization.ts';
import { authorization } from '../../lib/endpoints/authorization.ts';
import { serve } from '../../lib/http/serve.ts';
import { parseAuthorizationRequest } from '../../lib/oauth/authorization-request.ts';
import { subjectTag } from '../../lib/oauth/grant-id.ts';
import { createConsentStore } from '../../lib/store/consent.ts';
import { createEpochStore } from '../../lib/store/epoch.ts';
import { createGrantStore } from '../../lib/store/grant.ts';
import { createSessionStore } from '../../lib/store/session.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import {
  type Browser,
  type BrowserResult,
  browserResult,
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
import {
  createTestClock,
  type FormRequest,
  httpEvent,
  ISSUER,
  post,
  startWorld,
  type World,
} from '../support/world.ts';

const { clock, advance } = createTestClock();

let world: World;
const open = () => openBrowser(world.handlers.authorization);

const NATIVE = 'http://127.0.0.1/callback';
const APP = 'com.example.app:/callback';

beforeAll(async () => {
  world = await startWorld({}, clock);
  const users = createUserStore(world.table);
  const names = ['alice', 'bob', 'carol', 'dave', 'erin'];
  const people = names.map((name) => user(name, name === 'dave' ? { claims: {} } : {}));
  await Promise.all(people.map(({ username, sub }) => users.reserveName(username, sub)));
  await Promise.all([
    ...people.map((person) => users.create(person)),
    world.clients.create(webClient('web')),
    world.clients.create(
      webClient('own', { require_consent: false, backchannel_logout_uri: 'https://own.example/logout' }),
    ),
    world.clients.create(webClient('excused', { require_consent: false, require_pkce: false })),
    world.clients.create(webClient('nothing', { scope: 'openid', resources: [] })),
    world.clients.create(
      webClient('aged', {
        require_consent: false,
        default_max_age: 60,
        backchannel_logout_uri: 'https://aged.example/logout',
      }),
    ),
    world.clients.create(
      webClient('no-fragment', {
        require_consent: false,
        response_types: ['code', 'code id_token'],
        response_modes: ['query', 'form_post'],
      }),
    ),
    world.clients.create(
      webClient('hybrid', {
        require_consent: false,
        response_types: ['code', 'id_token code', 'code token', 'code id_token token', 'id_token', 'id_token token'],
      }),
    ),
    world.clients.create(webClient('two-ways', { redirect_uris: [`${CALLBACK}?tenant=1`], require_consent: false })),
    world.clients.create(
      webClient('native', {
        token_endpoint_auth_method: 'none',
        secrets: [],
        redirect_uris: [NATIVE, APP, 'https://app.example/claimed', 'http://[::1]:8080/cb'],
      }),
    ),
    // The command line refuses to register these two.
    world.clients.create(
      webClient('native-own', {
        token_endpoint_auth_method: 'none',
        secrets: [],
        redirect_uris: [NATIVE, APP, 'https://app.example/claimed'],
        require_consent: false,
      }),
    ),
    world.clients.create(
      webClient('implicit-own', {
        redirect_uris: [NATIVE],
        require_consent: false,
        response_types: ['code', 'id_token'],
      }),
    ),
  ]);
});
afterAll(() => world.stop());

const redeem = (code: string | undefined, form: Record<string, string> = {}, client_id = 'web') =>
  post(world.handlers.token, client_id, {
    grant_type: 'authorization_code',
    code: code ?? '',
    redirect_uri: CALLBACK,
    code_verifier: VERIFIER,
    ...form,
  });

const claimsOf = (token: unknown): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString());

describe('The authorization code flow', () => {
  it('signs the user in, asks for consent, and returns a code that can be redeemed once', async () => {
    const browser = open();
    const page = await browser.get(proper());
    expect([page.status, page.heading]).toEqual([200, 'Sign in']);
    expect(page.body).toContain('to continue to <strong>The App</strong>');

    const consent = await browser.signIn(page);
    expect([consent.status, consent.heading]).toEqual([200, 'Allow The App access?']);
    expect(consent.body).toContain('alice example');
    expect(consent.body).toContain('You will be sent to app.example.');

    const { status, heading, headers, location, answer } = await browser.press(consent, 'allow');
    expect([status, heading, headers['referrer-policy']]).toEqual([200, 'Almost there', 'no-referrer']);
    expect(location?.href.startsWith(`${CALLBACK}?code=lk_ac_`)).toBe(true);
    expect(answer).toEqual({ code: expect.any(String), state: 'the-state', iss: ISSUER });

    const tokens = await redeem(answer['code']);
    expect(tokens.status).toBe(200);
    expect(claimsOf(tokens.json['id_token'])).toMatchObject({
      sub: 'sub-of-alice',
      aud: 'web',
      nonce: 'the-nonce',
      auth_time: clock(),
      acr: 'urn:latchkey:acr:password',
      amr: ['pwd'],
      sid: expect.any(String),
    });
    expect((await redeem(answer['code'])).json['error']).toBe('invalid_grant');
  });

  it('leaves nothing in the table for a visitor who does not sign in', async () => {
    const before = await Promise.all(['GRANT', 'SESSION', 'ATTEMPTS'].map((kind) => world.table.scan(kind)));
    const browser = open();
    await browser.get(proper());
    await browser.get(proper({ prompt: 'none' }));
    const page = await browser.get(proper());
    expect((await browser.press(page, 'cancel')).answer['error']).toBe('access_denied');
    const after = await Promise.all(['GRANT', 'SESSION', 'ATTEMPTS'].map((kind) => world.table.scan(kind)));
    expect(after).toEqual(before);
  });

  it('binds the code to the challenge and the redirect URI of the request', async () => {
    const browser = open();
    const code = async () => (await browser.pass(proper({ client_id: 'own' }))).answer['code'];
    const wrong = await redeem(await code(), { code_verifier: `${VERIFIER}x` }, 'own');
    expect(wrong.json['error']).toBe('invalid_grant');
    const elsewhere = await redeem(await code(), { redirect_uri: `${CALLBACK}/` }, 'own');
    expect(elsewhere.json['error']).toBe('invalid_grant');
    expect((await redeem(await code(), {}, 'own')).status).toBe(200);
  });

  // RFC 6749 section 3.1.2.3: the client has only one redirect URI, and does not ask for openid.
  describe('without a redirect URI in the request', () => {
    const implied = { redirect_uri: undefined, scope: 'read' };
    const withoutPkce = { ...implied, code_challenge: undefined, code_challenge_method: undefined };
    const cases: [name: string, client_id: string, Query, form: Record<string, string>, error: string | undefined][] = [
      ['needs none at /token, with PKCE', 'own', implied, { redirect_uri: '' }, undefined],
      ['takes the right one at /token', 'own', implied, {}, undefined],
      ['refuses another one at /token', 'own', implied, { redirect_uri: `${CALLBACK}/` }, 'invalid_grant'],
      ['needs none without PKCE', 'excused', withoutPkce, { redirect_uri: '', code_verifier: '' }, undefined],
      ['takes the right one without PKCE', 'excused', withoutPkce, { code_verifier: '' }, undefined],
      [
        'needs it without PKCE if the request had it',
        'excused',
        { ...withoutPkce, redirect_uri: CALLBACK },
        { redirect_uri: '', code_verifier: '' },
        'invalid_request',
      ],
    ];

    it.each(cases)('%s', async (_name, client_id, query, form, error) => {
      const { location, answer } = await open().pass(proper({ client_id, ...query }));
      expect(location?.href.startsWith(`${CALLBACK}?`)).toBe(true);
      const { status, json } = await redeem(answer['code'], form, client_id);
      expect([status, json['error']]).toEqual([error === undefined ? 200 : 400, error]);
    });

    it('asks for sign-in and consent, and returns errors to the only redirect URI', async () => {
      const { location } = await open().pass(proper({ client_id: 'web', ...implied }));
      expect(location?.href.startsWith(`${CALLBACK}?code=`)).toBe(true);
      const refused = await open().get(proper({ client_id: 'web', ...implied, response_type: 'magic' }));
      expect([refused.location?.pathname, refused.answer['error']]).toEqual(['/callback', 'unsupported_response_type']);
    });
  });

  it('works for a client without resource servers', async () => {
    const query = proper({ client_id: 'nothing', scope: 'openid' });
    const { answer } = await open().pass(query);
    const { json } = await redeem(answer['code'], {}, 'nothing');
    expect(claimsOf(json['access_token'])).toMatchObject({ aud: ISSUER, scope: 'openid' });
  });

  it('leaves out what the client may not have of the scope, and says so', async () => {
    const { answer } = await open().pass(proper({ client_id: 'own', scope: 'openid  read admin phone unknown' }));
    expect((await redeem(answer['code'], {}, 'own')).json['scope']).toBe('openid read');
  });

  it('issues tokens for the requested resource', async () => {
    await world.clients.create(webClient('both', { require_consent: false, resources: ['orders', 'billing'] }));
    const { answer } = await open().pass(proper({ client_id: 'both', scope: 'read', resource: ['billing', 'orders'] }));
    const { json } = await redeem(answer['code'], {}, 'both');
    expect(claimsOf(json['access_token'])['aud']).toEqual(['billing', 'orders']);
  });
});

describe('A posted authorization request', () => {
  const request = (form: FormRequest['form'], more: FormRequest = {}) =>
    world.handlers.authorization(httpEvent({ path: '/authorize', ...(form !== undefined && { form }), ...more }));

  it('is redirected to a GET with a query, whatever page posted it', async () => {
    const form = Object.fromEntries(Object.entries(proper({ resource: ['orders', 'billing'] }))) as Record<
      string,
      string
    >;
    const seen = browserResult(
      await request({ ...form, unknown: 'x' }, { headers: { origin: 'https://app.example' } }),
    );
    expect(seen.status).toBe(303);
    expect(`${seen.location?.origin}${seen.location?.pathname}`).toBe(`${ISSUER}/authorize`);
    const sent = new URLSearchParams(queryOf(proper({ resource: ['orders', 'billing'] })));
    expect([...(seen.location?.searchParams ?? [])].toSorted()).toEqual([...sent].toSorted());
    expect((await open().get(seen.location?.search.slice(1) ?? '')).heading).toBe('Sign in');
  });

  it.each<[string, Parameters<typeof request>]>([
    ['parameters in both places', [{ scope: 'openid' }, { query: queryOf(proper()) }]],
    ['a parameter twice', [{ client_id: ['web', 'web'] }]],
    ['another media type', ['{}', { headers: { 'content-type': 'application/json' } }]],
    ['more than a query can hold', [{ client_id: 'web', state: 'x'.repeat(9_000) }]],
    ['credentials', [{ client_id: 'web' }, { query: 'password=x' }]],
  ])('with %s is refused with an error page', async (_, [form, more]) => {
    const seen = browserResult(await request(form, more));
    expect([seen.status, seen.heading, seen.location]).toEqual([400, 'Something went wrong', undefined]);
    expect(seen.body).toContain('invalid_request');
  });
});

describe('The response mode', () => {
  const answered = async (query: Query) => {
    const browser = open();
    return browser.pass(proper({ client_id: 'hybrid', ...query }));
  };

  it.each<[string, Query, RegExp]>([
    ['query, by default for a code', {}, /^https:\/\/app\.example\/callback\?code=/],
    ['query, when asked for', { response_mode: 'query' }, /^https:\/\/app\.example\/callback\?code=/],
    ['fragment', { response_mode: 'fragment' }, /^https:\/\/app\.example\/callback#code=/],
    ['fragment, by default for tokens', { response_type: 'code id_token' }, /^https:\/\/app\.example\/callback#code=/],
  ])('%s', async (_, query, expected) => {
    const { location, answer } = await answered(query);
    expect(location?.href).toMatch(expected);
    expect(answer).toMatchObject({ state: 'the-state', iss: ISSUER });
  });

  it.each<[string, Query, string, RegExp]>([
    ['query', {}, 'code', /callback\?code=/],
    [
      'query, as an error, when the client is not registered for fragment',
      { response_mode: 'fragment' },
      'error',
      /callback\?error=unauthorized_client&/,
    ],
    ['fragment, for tokens all the same', { response_type: 'code id_token' }, 'code', /callback#code=/],
  ])('%s', async (_, query, member, expected) => {
    const { location, answer } = await open().pass(proper({ client_id: 'no-fragment', ...query }));
    expect(location?.href).toMatch(expected);
    expect(answer).toHaveProperty(member);
  });

  it('keeps the query of a registered redirect URI', async () => {
    const redirect_uri = `${CALLBACK}?tenant=1`;
    const { location } = await open().pass(proper({ client_id: 'two-ways', redirect_uri }));
    expect(location?.href).toMatch(/^https:\/\/app\.example\/callback\?tenant=1&code=/);
  });

  it('form_post: a page whose one script is known by its hash, and a button for whoever has none', async () => {
    const { status, headers, body, answer } = await answered({ response_mode: 'form_post' });
    expect(status).toBe(200);
    expect(answer).toEqual({ code: expect.stringMatching(/^lk_ac_/), state: 'the-state', iss: ISSUER });
    expect(body).toContain(`<form method="post" action="${CALLBACK}">`);
    expect(body).toContain('<button type="submit" class="main">Continue</button>');
    const policy = headers['content-security-policy'] ?? '';
    expect(policy).toMatch(/; script-src 'sha256-[\w+/]{43}='; frame-ancestors/);
    // Browsers would apply it to wherever the client redirects to.
    expect(policy).not.toContain('form-action');
    expect(body.match(/<script>/g)).toHaveLength(1);
  });

  it('form_post carries errors as well', async () => {
    const { answer } = await answered({ response_mode: 'form_post', scope: 'admin' });
    expect(answer).toMatchObject({ error: 'invalid_scope', state: 'the-state', iss: ISSUER });
  });
});

describe('The response type', () => {
  it.each([
    ['code', ['code']],
    ['code id_token', ['code', 'id_token']],
    ['code token', ['access_token', 'code', 'expires_in', 'scope', 'token_type']],
    ['code id_token token', ['access_token', 'code', 'expires_in', 'id_token', 'scope', 'token_type']],
    ['token id_token code', ['access_token', 'code', 'expires_in', 'id_token', 'scope', 'token_type']],
    ['id_token', ['id_token']],
    ['id_token token', ['access_token', 'expires_in', 'id_token', 'scope', 'token_type']],
  ])('%s', async (response_type, members) => {
    const { answer } = await open().pass(proper({ client_id: 'hybrid', response_type }));
    expect(Object.keys(answer).toSorted()).toEqual([...members, 'iss', 'state'].toSorted());
    const { c_hash, at_hash, nonce, name } = claimsOf(answer['id_token'] ?? 'x.e30.x');
    expect(c_hash !== undefined).toBe(response_type.includes('code') && response_type.includes('id_token'));
    expect(at_hash !== undefined).toBe('access_token' in answer && 'id_token' in answer);
    expect(nonce).toBe('id_token' in answer ? 'the-nonce' : undefined);
    // Without an access token, the claims have to be in the ID token. OpenID Connect Core section 5.4
    expect(name).toBe(response_type === 'id_token' ? 'alice example' : undefined);
  });

  it('of tokens without a code gives no offline access', async () => {
    const scope = 'openid offline_access';
    const { answer } = await open().pass(proper({ client_id: 'hybrid', response_type: 'id_token token', scope }));
    expect(answer['scope']).toBe('openid');
  });

  it('of tokens without a code makes a grant that can be found and revoked', async () => {
    const { answer } = await open().pass(proper({ client_id: 'hybrid', response_type: 'id_token token' }));
    const { grant_id } = claimsOf(answer['access_token']);
    expect(await createGrantStore(world.table).find(String(grant_id))).toMatchObject({
      state: 'active',
      offline: false,
    });
  });
});

describe('A browser session', () => {
  it('makes the next sign-in and the next consent unnecessary', async () => {
    const browser = open();
    await browser.pass(proper());
    expect((await browser.get(proper())).answer['code']).toMatch(/^lk_ac_/);
    expect((await browser.get(proper({ prompt: 'none' }))).answer['code']).toMatch(/^lk_ac_/);
  });

  it('does not count in another browser', async () => {
    await open().pass(proper());
    expect((await open().get(proper())).heading).toBe('Sign in');
  });

  it('expires', async () => {
    const browser = open();
    await browser.pass(proper({ client_id: 'own' }));
    advance(28_799);
    expect((await browser.get(proper({ client_id: 'own' }))).answer['code']).toBeDefined();
    advance(1);
    expect((await browser.get(proper({ client_id: 'own' }))).heading).toBe('Sign in');
  });

  it.each(['subject', 'issuer'] as const)('ends when everything of the %s is ended', async (kind) => {
    const browser = open();
    await browser.pass(proper({ client_id: 'own' }), 'bob');
    await createEpochStore(world.table).put(kind, kind === 'issuer' ? ISSUER : subjectTag('sub-of-bob'), clock());
    const seen = await browser.get(proper({ client_id: 'own' }));
    expect(seen.heading).toBe('Sign in');
    advance(1);
    expect((await browser.signIn(seen, 'bob')).answer['code']).toBeDefined();
    expect((await browser.get(proper({ client_id: 'own' }))).answer['code']).toBeDefined();
  });

  it('ends when its user is disabled or removed', async () => {
    const browser = open();
    await browser.pass(proper({ client_id: 'own' }), 'erin');
    const users = createUserStore(world.table);
    const found = await users.findVersion('sub-of-erin');
    await users.replace({ ...found!.value, enabled: false }, found!.version);
    const page = await browser.get(proper({ client_id: 'own' }));
    expect(page.heading).toBe('Sign in');
    const refused = await browser.signIn(page, 'erin');
    expect([refused.status, refused.heading]).toEqual([400, 'Sign in']);
  });

  it('gets a new id at every sign-in, and the old id becomes useless', async () => {
    const browser = open();
    const page = await browser.get(proper({ client_id: 'own' }));
    const [first] = browser.cookies;
    await browser.signIn(page);
    const [second] = browser.cookies;
    const again = await browser.get(proper({ client_id: 'own', prompt: 'login' }));
    await browser.signIn(again);
    const [third] = browser.cookies;
    expect(new Set([first, second, third]).size).toBe(3);
    for (const old of [first, second]) {
      browser.setCookies([old ?? '']);
      expect((await browser.get(proper({ client_id: 'own' }))).heading).toBe('Sign in');
    }
  });

  it.each([
    ['', async () => {}],
    // As a function leaves it that ended before its answer.
    [
      ', and the first attempt ended half way',
      async (sid: string) => {
        const sessions = createSessionStore(world.table);
        const old = (await sessions.find(sid))!;
        await sessions.put({ ...old, sid: 'of-the-first-attempt', root_sid: sid });
        await sessions.expire(old, clock());
      },
    ],
  ])('knows the clients to notify of its end, also after signing in again%s', async (_, meanwhile) => {
    const browser = open();
    const { answer: first } = await browser.pass(proper({ client_id: 'own' }));
    await meanwhile(await sidOf(first['code']));
    await browser.pass(proper({ client_id: 'aged', prompt: 'login' }));
    const { answer } = await browser.get(proper({ client_id: 'own' }));
    expect(await toldOf(await sidOf(answer['code']))).toEqual(['aged', 'own', 'own']);
  });

  it('does not notify clients about the user who was signed in before', async () => {
    const browser = open();
    const { answer: first } = await browser.pass(proper({ client_id: 'own' }));
    const sid = await sidOf(first['code']);
    await world.table.remove({ pk: `SESSION#${sid}`, sk: 'SESSION' });
    const { answer } = await browser.pass(proper({ client_id: 'own', prompt: 'login' }), 'bob');
    expect(await toldOf(await sidOf(answer['code']))).toEqual(['own']);
  });

  const sidOf = async (code: string | undefined) => {
    const { json } = await redeem(code, {}, 'own');
    return String(claimsOf(json['id_token'])['sid']);
  };

  const toldOf = async (sid: string) => {
    const sessions = createSessionStore(world.table);
    const session = await sessions.find(sid);
    expect(session?.has_listeners).toBe(true);
    const { values: told } = await sessions.clients(session?.root_sid ?? '', 100);
    return told.map(({ client_id }) => client_id).toSorted();
  };
});

describe('A person who is offered to stay signed in', () => {
  const MONTH = 2_592_000;
  const query = proper({ client_id: 'own' });
  const credentials = { username: 'alice', password: PASSWORD };
  const openOffered = () => openBrowser(world.restart({ KEEP_SIGNED_IN_SECONDS: String(MONTH) }).authorization);
  const isSignedIn = async (browser: Browser) => (await browser.get(query)).answer['code'] !== undefined;
  const isChosen = ({ body }: BrowserResult) => /type="checkbox"[^>]* checked>/.test(body);

  it.each([
    ['and chooses it, stays so for that long, also when the browser is closed', { keep_signed_in: 'on' }, MONTH],
    ['and does not choose it, is signed in as usual', {}, undefined],
  ])('%s', async (_, chosen, lifetime) => {
    const browser = openOffered();
    const page = await browser.get(query);
    expect([page.body.includes('Keep me signed in'), isChosen(page)]).toEqual([true, false]);
    const { setCookies } = await browser.press(page, 'sign_in', { ...credentials, ...chosen });
    const [, age] = /^__Host-latchkey=[^;]*; (?:Max-Age=(\d+); )?Path=/.exec(setCookies[0] ?? '') ?? [];
    expect(age).toBe(lifetime && String(lifetime));
    advance((lifetime ?? 28_800) - 1);
    expect(await isSignedIn(browser)).toBe(true);
    advance(1);
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('has the choice kept after a wrong password, and makes it anew at each sign-in', async () => {
    const browser = openOffered();
    const form = { ...credentials, keep_signed_in: 'on' };
    const again = await browser.press(await browser.get(query), 'sign_in', { ...form, password: 'wrong' });
    expect(isChosen(again)).toBe(true);
    expect((await browser.press(again, 'sign_in', form)).setCookies[0]).toContain('Max-Age');
    const anew = await browser.signIn(await browser.get({ ...query, prompt: 'login' }));
    expect(anew.setCookies[0]).not.toContain('Max-Age');
  });

  it('is not asked where the deployment does not offer it, and cannot choose it', async () => {
    const browser = open();
    const page = await browser.get(query);
    expect(page.body).not.toContain('type="checkbox"');
    const { setCookies } = await browser.press(page, 'sign_in', { ...credentials, keep_signed_in: 'on' });
    expect(setCookies[0]).not.toContain('Max-Age');
  });
});

describe('prompt=', () => {
  const signedIn = async (query: Query = {}) => {
    const browser = open();
    await browser.pass(proper(query));
    return browser;
  };

  it.each<[string, Query, string | undefined]>([
    ['login', { prompt: 'login' }, 'Sign in'],
    ['consent', { prompt: 'consent' }, 'Allow The App access?'],
    ['select_account', { prompt: 'select_account' }, 'Choose an account'],
    ['select_account and login', { prompt: 'login select_account' }, 'Choose an account'],
    ['login and consent', { prompt: 'login consent' }, 'Sign in'],
    ['nothing', {}, undefined],
  ])('%s', async (_, query, heading) => {
    const browser = await signedIn();
    expect((await browser.get(proper(query))).heading).toBe(heading);
    // Whatever was asked, it is asked once.
    expect((await browser.pass(proper(query))).answer['code']).toBeDefined();
  });

  it.each<[string, Query, boolean, string]>([
    ['without a session', {}, false, 'login_required'],
    ['with a session that is too old', { max_age: '0' }, true, 'login_required'],
    ['with more than was allowed', { scope: 'openid profile email' }, true, 'consent_required'],
    ['with consent to give anew', { prompt: 'none', client_id: 'web', scope: 'openid read' }, true, 'consent_required'],
  ])('none, %s', async (_, query, isSignedIn, error) => {
    const browser = isSignedIn ? await signedIn({ scope: 'openid profile' }) : open();
    await createConsentStore(world.table).remove('sub-of-alice', 'web');
    if (isSignedIn) await browser.pass(proper({ scope: 'openid profile' }));
    advance(1);
    const { status, answer } = await browser.get(proper({ prompt: 'none', ...query }));
    expect([status, answer]).toEqual([
      303,
      { error, error_description: expect.any(String), state: 'the-state', iss: ISSUER },
    ]);
  });

  it('login asks for the sign-in again when the consent comes too late', async () => {
    const browser = await signedIn();
    const page = await browser.get(proper({ prompt: 'login consent' }));
    const consent = await browser.signIn(page);
    advance(600);
    expect((await browser.press(consent, 'allow')).heading).toBe('Sign in');
  });
});

describe('max_age=', () => {
  it.each([
    ['0', 0, 'code'],
    ['0', 1, 'Sign in'],
    ['60', 60, 'code'],
    ['60', 61, 'Sign in'],
  ])('%s, %d seconds after the sign-in, leads to: %s', async (max_age, seconds, outcome) => {
    const browser = open();
    await browser.pass(proper({ client_id: 'own' }));
    advance(seconds);
    const seen = await browser.get(proper({ client_id: 'own', max_age }));
    expect(seen.heading ?? Object.keys(seen.answer)[0]).toBe(outcome);
  });

  it('in a request without it, the default_max_age of the client counts', async () => {
    const browser = open();
    await browser.pass(proper({ client_id: 'aged' }));
    advance(61);
    expect((await browser.get(proper({ client_id: 'aged' }))).heading).toBe('Sign in');
    expect((await browser.get(proper({ client_id: 'aged', max_age: '100' }))).answer['code']).toBeDefined();
  });
});

describe('Consent', () => {
  const forget = () => createConsentStore(world.table).remove('sub-of-carol', 'web');

  it('is asked for once, and again only when the client requests more', async () => {
    await forget();
    const browser = open();
    await browser.pass(proper({ scope: 'openid profile' }), 'carol');
    const heading = async (scope: string, more: Query = {}) => (await browser.get(proper({ scope, ...more }))).heading;
    expect(await heading('openid profile')).toBeUndefined();
    expect(await heading('openid')).toBeUndefined();
    expect(await heading('openid email')).toBe('Allow The App access?');
    await browser.pass(proper({ scope: 'openid email' }));
    expect(await heading('openid profile email')).toBeUndefined();
  });

  it('is asked for from each user, also for claims requested one by one', async () => {
    await forget();
    const browser = open();
    await browser.pass(proper({ scope: 'openid' }), 'carol');
    const claims = JSON.stringify({ userinfo: { email: null } });
    const page = await browser.get(proper({ scope: 'openid', claims }));
    expect(page.body).toContain('See your email address');
    await browser.press(page, 'allow');
    expect((await browser.get(proper({ scope: 'openid', claims }))).answer['code']).toBeDefined();
  });

  it('for one resource server does not cover the scopes of another', async () => {
    await forget();
    const browser = open();
    await browser.pass(proper({ scope: 'openid read', resource: 'orders' }), 'carol');
    const heading = async (query: Query) => (await browser.get(proper(query))).heading;
    expect(await heading({ scope: 'openid write', resource: 'billing' })).toBeDefined();
    await browser.pass(proper({ scope: 'openid write', resource: 'billing' }), 'carol');
    expect(await heading({ scope: 'openid write', resource: 'billing' })).toBeUndefined();
    expect(await heading({ scope: 'openid write', resource: 'orders' })).toBeDefined();
    await forget();
  });

  it('that was withdrawn is asked for again', async () => {
    await forget();
    const browser = open();
    await browser.pass(proper(), 'carol');
    await forget();
    expect((await browser.get(proper())).heading).toBe('Allow The App access?');
  });

  it('is refused with Cancel, and nothing is stored', async () => {
    await forget();
    const browser = open();
    const page = await browser.signIn(await browser.get(proper()), 'carol');
    const { answer } = await browser.press(page, 'cancel');
    expect(answer).toMatchObject({ error: 'access_denied', state: 'the-state', iss: ISSUER });
    expect(await createConsentStore(world.table).find('sub-of-carol', 'web')).toBeUndefined();
  });

  it.each([
    ['an app that shares its port with others', 'native', 'http://127.0.0.1:50123/callback'],
    ['an app that shares its scheme with others', 'native', APP],
    ['such an app on a port that is registered without consent', 'native-own', NATIVE],
    ['such an app with a scheme that is registered without consent', 'native-own', APP],
    ['an app that needs no secret for what it gets there', 'implicit-own', NATIVE],
  ])('is always asked for by %s', async (_, client_id, redirect_uri) => {
    const browser = open();
    const query = proper({ client_id, redirect_uri });
    expect((await browser.pass(query, 'carol')).answer['code']).toBeDefined();
    const page = await browser.get(query);
    expect(page.heading).toBe('Allow The App access?');
    expect(page.body).toContain('You will be sent to an app on this device.');
    expect((await browser.get({ ...query, prompt: 'none' })).answer['error']).toBe('consent_required');
  });

  it('is not asked for by a client that nobody can impersonate, if it is registered without consent', async () => {
    const browser = open();
    const page = await browser.get(proper({ client_id: 'native-own', redirect_uri: 'https://app.example/claimed' }));
    expect((await browser.signIn(page, 'carol')).answer['code']).toBeDefined();
  });

  it('is not asked for again by a client that nobody can impersonate', async () => {
    const browser = open();
    const query = proper({ client_id: 'native', redirect_uri: 'https://app.example/claimed' });
    await browser.pass(query, 'carol');
    expect((await browser.get(query)).answer['code']).toBeDefined();
  });

  it('covers what the page showed, and no more', async () => {
    await forget();
    const browser = open();
    const page = await browser.signIn(await browser.get(proper({ scope: undefined })), 'carol');
    const found = await world.clients.findVersion('web');
    await world.clients.replace({ ...found!.value, scope: 'openid read' }, found!.version);
    const late = await browser.press(page, 'allow');
    expect([late.status, late.heading]).toEqual([403, 'This page is out of date']);
    await world.clients.replace(found!.value, found!.version + 1);
  });
});

describe('The user whom the client means', () => {
  const idToken = async (username: string, client_id = 'own') => {
    const { answer } = await open().pass(proper({ client_id, scope: 'openid' }), username);
    return String((await redeem(answer['code'], {}, client_id)).json['id_token']);
  };

  it('is the one who is signed in, so that no page is shown', async () => {
    const id_token_hint = await idToken('alice');
    const browser = open();
    await browser.pass(proper({ client_id: 'own' }), 'alice');
    advance(86_400 / 24);
    expect(
      (await browser.get(proper({ client_id: 'own', id_token_hint, prompt: 'none' }))).answer['code'],
    ).toBeDefined();
  });

  it.each([
    ['by id_token_hint', async () => ({ id_token_hint: await idToken('bob') })],
    ['by claims', async () => ({ claims: JSON.stringify({ id_token: { sub: { value: 'sub-of-bob' } } }) })],
  ])('is another user, %s, so that the user must sign in', async (_, query) => {
    const asked = { client_id: 'own', ...(await query()) };
    const browser = open();
    await browser.pass(proper({ client_id: 'own' }), 'alice');
    expect((await browser.get(proper({ ...asked, prompt: 'none' }))).answer['error']).toBe('login_required');
    const page = await browser.get(proper(asked));
    expect(page.heading).toBe('Sign in');
    expect((await browser.signIn(page, 'alice')).answer['error']).toBe('login_required');
    expect((await browser.signIn(await browser.get(proper(asked)), 'bob')).answer['code']).toBeDefined();
  });

  // Else a client could try subjects one after the other until the error changes.
  it.each([
    ['by id_token_hint', async (name: string) => ({ id_token_hint: await idToken(name, 'web') })],
    [
      'by claims',
      async (name: string) => ({ claims: JSON.stringify({ id_token: { sub: { value: `sub-of-${name}` } } }) }),
    ],
  ])('is not told to a client that lacks consent, %s', async (_, query) => {
    const browser = open();
    await browser.pass(proper({ client_id: 'own' }), 'alice');
    const hints = { alice: await query('alice'), bob: await query('bob') };
    for (const sub of ['sub-of-alice', 'sub-of-bob']) await createConsentStore(world.table).remove(sub, 'web');
    const ask = async (name: keyof typeof hints) =>
      (await browser.get(proper({ client_id: 'web', scope: 'openid read', prompt: 'none', ...hints[name] }))).answer;
    const [right, wrong] = [await ask('alice'), await ask('bob')];
    expect(right).toMatchObject({ error: 'login_required' });
    expect(right).toEqual(wrong);
  });

  it('is filled in on the sign-in page (login_hint)', async () => {
    const page = await open().get(proper({ login_hint: 'alice@example.com' }));
    expect(page.body).toContain('name="username" value="alice@example.com"');
  });
});

describe('Another account', () => {
  it('that signs in replaces the first one, which is signed out', async () => {
    const browser = open();
    await browser.pass(proper({ client_id: 'own' }), 'alice');
    const [before] = browser.cookies;
    const choose = await browser.get(proper({ client_id: 'own', prompt: 'select_account' }));
    expect(choose.body).toContain('alice example');
    const page = await browser.press(choose, 'switch');
    expect(page.heading).toBe('Sign in');
    const { answer } = await browser.signIn(page, 'bob');
    const { json } = await redeem(answer['code'], {}, 'own');
    expect(claimsOf(json['id_token'])['sub']).toBe('sub-of-bob');
    browser.setCookies([before ?? '']);
    expect((await browser.get(proper({ client_id: 'own' }))).heading).toBe('Sign in');
  });

  it('can be chosen on the consent page', async () => {
    const browser = open();
    await createConsentStore(world.table).remove('sub-of-alice', 'web');
    const consent = await browser.signIn(await browser.get(proper()));
    expect((await browser.press(consent, 'switch')).heading).toBe('Sign in');
  });

  it('has a displayed name even without any claims', async () => {
    const browser = open();
    const page = await browser.signIn(await browser.get(proper()), 'dave');
    expect(page.body).toContain('<p class="name">Your account</p>');
  });
});

describe('The authorization endpoint ignores', () => {
  it.each<[string, Query]>([
    ['claims_locales', { claims_locales: 'de fr' }],
    ['acr_values', { acr_values: 'urn:mace:incommon:iap:silver' }],
    ['acr as a voluntary claim', { claims: '{"id_token":{"acr":{"values":["x"]}}}' }],
    ['ui_locales that nobody speaks', { ui_locales: 'tlh x-klingon !!' }],
    ['display', { display: 'popup' }],
    ['an unknown parameter', { unknown: 'x' }],
    ['an empty one', { max_age: '', prompt: '' }],
  ])('%s', async (_, query) => {
    expect((await open().pass(proper({ client_id: 'own', ...query }))).answer['code']).toBeDefined();
  });
});

describe('Groups and roles', () => {
  it('are asked for on the consent page, and come in every token of a hybrid response', async () => {
    const memberships = { groups: ['staff'], roles: ['editor'] };
    const frank = user('frank', { claims: { name: 'Frank', ...memberships } });
    const users = createUserStore(world.table);
    await users.reserveName('frank', frank.sub);
    await users.create(frank);
    const scope = 'openid groups roles read';
    await world.clients.create(webClient('grouped', { scope, response_types: ['code id_token token'] }));
    const browser = open();
    const query = proper({ client_id: 'grouped', scope, response_type: 'code id_token token' });
    const consent = await browser.signIn(await browser.get(query), 'frank');
    for (const text of ['See the groups that you belong to', 'See the roles that you have']) {
      expect(consent.body).toContain(text);
    }
    const { answer } = await browser.press(consent, 'allow');
    const { json } = await redeem(answer['code'], {}, 'grouped');
    for (const token of [answer['id_token'], answer['access_token'], json['id_token'], json['access_token']]) {
      expect(claimsOf(token)).toMatchObject(memberships);
    }
  });
});

describe('The authentication context', () => {
  const PASSWORD_ONLY = 'urn:latchkey:acr:password';
  /** Signs in by a directory that says how. */
  const answered = (amr: readonly string[], query: Query) => {
    const compose = () => ({
      ...composeAuthorization(createFoundationWithTable(world.env, clock)),
      authenticateUser: async () => ({ outcome: 'signed_in', sub: 'sub-of-alice', amr, knownBy: 'x' }) as const,
    });
    return openBrowser(serve(authorization, compose)).pass(proper({ client_id: 'own', ...query }));
  };
  const essential = (place: string, ...values: unknown[]) => ({ [place]: { acr: { essential: true, values } } });

  it.each<[what: string, amr: readonly string[], Query, acr: string | undefined]>([
    ['that was reached, without being asked for', ['pwd'], {}, PASSWORD_ONLY],
    ['that was asked for and reached', ['pwd'], { acr_values: PASSWORD_ONLY }, PASSWORD_ONLY],
    [
      'that was reached, where a stronger one was asked for',
      ['pwd'],
      { acr_values: `phr ${PASSWORD_ONLY}` },
      PASSWORD_ONLY,
    ],
    ['that a password reaches with another method', ['otp', 'pwd'], { acr_values: 'x' }, PASSWORD_ONLY],
    ['none, where another method was used', ['hwk'], { acr_values: PASSWORD_ONLY }, undefined],
    ['none, where no method is known', [], { acr_values: PASSWORD_ONLY }, undefined],
    ['an essential one', ['pwd'], { claims: JSON.stringify(essential('id_token', 'x', PASSWORD_ONLY)) }, PASSWORD_ONLY],
  ])('in an ID token is %s', async (_, amr, query, acr) => {
    const { answer } = await answered(amr, query);
    const { json } = await redeem(answer['code'], {}, 'own');
    expect(claimsOf(json['id_token'])['acr']).toBe(acr);
  });

  it.each([
    ['was not reached', ['hwk'], essential('id_token', PASSWORD_ONLY)],
    ['was not reached, of userinfo', ['hwk'], essential('userinfo', PASSWORD_ONLY)],
    [
      'is none, as two demands differ',
      ['pwd'],
      { ...essential('id_token', PASSWORD_ONLY), ...essential('userinfo', 'x') },
    ],
  ])('that is essential and %s is refused', async (_, amr, claims) => {
    const { answer } = await answered(amr, { claims: JSON.stringify(claims) });
    expect(answer).toMatchObject({ error: 'unmet_authentication_requirements', state: 'the-state' });
  });
});

describe('The authorization endpoint accepts', () => {
  it('events of a REST API, with cookies in a header and the query as a map', async () => {
    const browser = open();
    await browser.pass(proper({ client_id: 'own' }));
    const query = Object.entries(proper({ client_id: 'own' })).map(([name, value]) => [name, [value]] as const);
    const result = await world.handlers.authorization({
      httpMethod: 'GET',
      path: '/authorize',
      headers: { Cookie: `other=1; ${browser.cookies[0]}; more=2` },
      multiValueHeaders: { Cookie: [`other=1; ${browser.cookies[0]}; more=2`] },
      multiValueQueryStringParameters: Object.fromEntries(query),
      requestContext: { identity: { sourceIp: '192.0.2.9' } },
      body: null,
      isBase64Encoded: false,
    } as never);
    expect(browserResult(result).answer['code']).toMatch(/^lk_ac_/);
  });
});

it('parses an authorization request without reading the table', () => {
  const parameters = new Map(Object.entries(proper() as Record<string, string>));
  const request = parseAuthorizationRequest({ get: (name) => parameters.get(name), resources: [] }, webClient('x'));
  expect(request).toMatchObject({ scope: 'openid profile', nonce: 'the-nonce', max_age: undefined });
});
