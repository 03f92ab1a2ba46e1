// Attacks on pages through the browser of a user: forged forms, planted cookies, frames, scripts.
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProxyEvent, ProxyResult } from '../../lib/http/proxy-event.ts';
import { createConsentStore } from '../../lib/store/consent.ts';
import { createUserStore } from '../../lib/store/user.ts';
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
  webClient,
} from '../support/browser.ts';
import { sampled } from '../support/scale.ts';
import { createTestClock, httpEvent, startWorld, type World } from '../support/world.ts';

const { clock, advance } = createTestClock();

let world: World;
const open = (more = {}) => openBrowser(world.handlers.authorization, more);

const EVIL = `"'><script>alert(1)</script><img src=x onerror=alert(2)>\`&lt;`;

beforeAll(async () => {
  world = await startWorld(
    { SERVICE_NAME: `Acme ${EVIL}`, SERVICE_LOGO_URI: 'https://cdn.example/"><script>logo' },
    clock,
  );
  const users = createUserStore(world.table);
  const people = [user('alice'), user('mallory', { claims: { name: EVIL, preferred_username: EVIL, email: EVIL } })];
  await Promise.all(people.map(({ username, sub }) => users.reserveName(username, sub)));
  await Promise.all([
    ...people.map((person) => users.create(person)),
    world.clients.create(webClient('web')),
    world.clients.create(webClient('own', { require_consent: false })),
    world.clients.create(
      webClient('evil', {
        client_name: EVIL,
        logo_uri: 'javascript:alert(1)',
        client_uri: 'javascript:alert(1)',
        policy_uri: `https://app.example/"onmouseover="alert(1)`,
        tos_uri: 'data:text/html,<script>alert(1)</script>',
        scope: 'openid profile <script>alert(1)</script>',
        allowed_origins: ["https://a.example; script-src 'unsafe-inline'", 'https://spa.example:8443'],
        redirect_uris: [CALLBACK, 'https://a;script-src/x', 'com.example.app:/cb', 'http://[::1]:80/cb'],
      }),
    ),
  ]);
});
afterAll(() => world.stop());

/** Opens a page in a browser, by the name of the page. */
const pages: Record<string, () => Promise<{ browser: ReturnType<typeof open>; page: BrowserResult }>> = {
  async sign_in() {
    const browser = open();
    return { browser, page: await browser.get(proper()) };
  },
  async consent() {
    await createConsentStore(world.table).remove('sub-of-alice', 'web');
    const browser = open();
    return { browser, page: await browser.signIn(await browser.get(proper())) };
  },
  async select_account() {
    const browser = open();
    await browser.pass(proper({ client_id: 'own' }));
    return { browser, page: await browser.get(proper({ client_id: 'own', prompt: 'select_account' })) };
  },
};

const MAIN = { sign_in: 'sign_in', consent: 'allow', select_account: 'continue' } as const;
const credentials = { username: 'alice', password: PASSWORD };

describe.each(Object.keys(MAIN) as (keyof typeof MAIN)[])('The form on the page %s', (name) => {
  const action = MAIN[name];

  it('is accepted when it is sent unchanged', async () => {
    const { browser, page } = await pages[name]!();
    const next = await browser.press(page, action, credentials);
    expect([next.status, next.heading]).toEqual([200, name === 'sign_in' ? 'Allow The App access?' : 'Almost there']);
  });

  type Forgery = (page: BrowserResult, browser: ReturnType<typeof open>) => Promise<BrowserResult> | BrowserResult;
  const press =
    (form: Record<string, string>, headers: Record<string, string> = {}): Forgery =>
    (page, browser) =>
      browser.press(page, action, { ...credentials, ...form }, headers);

  const NO_COOKIE = 'Your browser did not send its cookie';
  const FOREIGN = 'This form came from another site';

  const forgeries: [how: string, Forgery, heading?: string][] = [
    ['without a page token', press({ page_token: '' })],
    ['with a forged page token', press({ page_token: 'lk_pg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' })],
    [
      'with a changed page token',
      (page, browser) =>
        press({
          page_token: `${page.fields['page_token']?.slice(0, -1)}${page.fields['page_token']?.endsWith('A') ? 'Q' : 'A'}`,
        })(page, browser),
    ],
    [
      'with the page token of another browser',
      async (page, browser) => {
        const other = await pages[name]!();
        return press({ page_token: other.page.fields['page_token'] ?? '' })(page, browser);
      },
    ],
    [
      'with the cookie of another browser',
      async (page, browser) => {
        const other = await pages[name]!();
        browser.setCookies([...other.browser.cookies]);
        return press({})(page, browser);
      },
    ],
    [
      'without a cookie',
      (page, browser) => {
        browser.setCookies([]);
        return press({})(page, browser);
      },
      NO_COOKIE,
    ],
    [
      'with two session cookies',
      (page, browser) => {
        browser.setCookies([...browser.cookies, '__Host-latchkey=x']);
        return press({})(page, browser);
      },
      NO_COOKIE,
    ],
    [
      'with a session handle as its page token',
      async (page, browser) => {
        const [cookie = ''] = browser.cookies;
        return press({ page_token: cookie.split('=')[1] ?? '' })(page, browser);
      },
    ],
    ['from another origin', press({}, { origin: 'https://evil.example' }), FOREIGN],
    ['from an opaque origin (null)', press({}, { origin: 'null', 'sec-fetch-site': 'cross-site' }), FOREIGN],
    ['from another site', press({}, { 'sec-fetch-site': 'cross-site' }), FOREIGN],
    ['from another origin of the same site', press({}, { 'sec-fetch-site': 'same-site' }), FOREIGN],
    [
      'with the page token of another page',
      async (page, browser) => {
        const from = name === 'sign_in' ? 'select_account' : 'sign_in';
        return press({ page: name, page_token: (await pages[from]!()).page.fields['page_token'] ?? '' })(page, browser);
      },
    ],
    [
      'for another authorization request',
      (page, browser) => press({})({ ...page, body: page.body.replaceAll('the-state', 'other') }, browser),
    ],
  ];
  // In the normal run the pages take turns at the forgeries.
  const turn = Object.keys(MAIN).indexOf(name);

  it.each(sampled(forgeries, 3, turn))(
    'is refused without any effect %s',
    async (_, forge, heading = 'This page is out of date') => {
      const { browser, page } = await pages[name]!();
      const seen = await forge(page, browser);
      expect([seen.status, seen.heading]).toEqual([403, heading]);
      expect(seen.headers['set-cookie']).toBeUndefined();
      expect(seen.location).toBeUndefined();
      if (name !== 'consent') return;
      expect(await createConsentStore(world.table).find('sub-of-alice', 'web')).toBeUndefined();
    },
  );

  it.each(['allow', 'continue', 'sign_in', 'switch', 'constructor', ''].filter((other) => other !== action))(
    'accepts the action %j only if the page has such a button',
    async (other) => {
      const { browser, page } = await pages[name]!();
      const seen = await browser.press(page, other, credentials);
      const isThere = other === 'switch' && name !== 'sign_in';
      expect(seen.answer['error'] ?? seen.heading).toBe(isThere ? 'Sign in' : 'invalid_request');
    },
  );
});

describe('A session cookie', () => {
  it('that an attacker planted is replaced at sign-in, so that the attacker is not signed in', async () => {
    const attacker = open();
    await attacker.get(proper());
    const planted = [...attacker.cookies];
    const victim = open();
    victim.setCookies(planted);
    const page = await victim.get(proper({ client_id: 'own' }));
    await victim.signIn(page);
    expect(victim.cookies).not.toEqual(planted);
    expect((await attacker.get(proper({ client_id: 'own' }))).heading).toBe('Sign in');
  });

  it.each([
    ['not a handle', 'x'],
    ['the name __proto__', '__proto__'],
    ['an id without a MAC', Buffer.alloc(16).toString('base64url')],
    ['a code', 'code'],
  ])('that is %s is replaced by a new session', async (_, value) => {
    const browser = open();
    const { answer } = await browser.pass(proper({ client_id: 'own' }));
    browser.setCookies([`__Host-latchkey=${value === 'code' ? answer['code'] : value}`]);
    const page = await browser.get(proper());
    expect(page.heading).toBe('Sign in');
    expect(page.headers['set-cookie']).toMatch(/^__Host-latchkey=lk_ss_/);
  });

  it('is __Host-, HttpOnly, SameSite=Lax and Secure, so that scripts and other hosts cannot reach it', async () => {
    const { headers } = await open().get(proper());
    expect(headers['set-cookie']).toMatch(/^__Host-latchkey=lk_ss_[\w-]{51}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
  });

  it('has neither Secure nor the prefix __Host- on loopback, where there is no https', async () => {
    const issuer = 'http://localhost:3000';
    const { authorization } = world.restart({ ISSUER: issuer });
    const { headers } = await openBrowser(authorization, { issuer }).get(proper());
    expect(headers['set-cookie']).toMatch(/^latchkey=lk_ss_[\w-]{51}; Path=\/; HttpOnly; SameSite=Lax$/);
  });
});

describe('The headers of every page:', () => {
  const shown: [string, () => Promise<BrowserResult>][] = [
    ...Object.entries(pages).map(([name, show]): [string, () => Promise<BrowserResult>] => [
      name,
      async () => (await show()).page,
    ]),
    ['error', () => open().get({})],
    [
      'sign_in, sent with a cookie of another browser',
      async () => open().press(await open().get(proper()), 'sign_in', credentials),
    ],
    [
      'sign_in after a wrong password',
      async () => {
        const browser = open();
        return browser.signIn(await browser.get(proper()), 'alice', 'wrong');
      },
    ],
    ['form_post', () => open().get(proper({ response_mode: 'form_post', scope: 'admin' }))],
  ];

  it.each(shown)('the page %s can be neither framed nor cached, and runs no scripts of others', async (name, show) => {
    const { headers, body } = await show();
    const policy = headers['content-security-policy'] ?? '';
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]{43}='; /);
    expect(policy).toContain("; frame-ancestors 'none'; base-uri 'none'");
    expect(/form-action ([^;]*);/.exec(policy)?.[1]).toBe(name === 'form_post' ? undefined : "'self'");
    expect(policy).not.toMatch(/unsafe|\*|data:|https:(?!\/\/)/);
    expect(policy.includes('script-src')).toBe(name === 'form_post');
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'strict-origin',
    });
    expect(body.startsWith('<!doctype html>\n<html lang="en">')).toBe(true);
    expect(body).not.toMatch(/ style="| on\w+="/);
  });
});

describe('Pages escape everything that was sent or registered:', () => {
  const markup = /<(script|img src=x)|onerror=alert\(2\)>|" ?onmouseover|javascript:|data:text/;
  const NAMES = [
    'client_id',
    'redirect_uri',
    'response_type',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'prompt',
    'code_challenge_method',
    'response_mode',
    'max_age',
    'login_hint',
    'id_token_hint',
    'claims',
    'ui_locales',
    'claims_locales',
    'acr_values',
    'display',
    'resource',
    'request',
    'unknown',
    EVIL,
  ];

  it.each(NAMES)('the parameter %s', async (name) => {
    const browser = open();
    const queries = [proper({ [name]: EVIL }), proper({ response_mode: 'form_post', [name]: EVIL })] as Query[];
    // In the normal run the parameters take turns.
    for (const query of sampled(queries, 2, NAMES.indexOf(name))) {
      for (const seen of [await browser.get(query), await browser.pass(query)]) {
        const scripts = seen.body.match(/<script>[^<]*<\/script>/g) ?? [];
        expect(scripts.filter((script) => script !== '<script>document.forms[0].submit()</script>')).toEqual([]);
        expect(seen.body.replace('<script>document', '')).not.toMatch(markup);
        expect(seen.headers['location'] ?? '').toMatch(/^[\x21-\x7e]*$/);
        expect(seen.location?.href ?? CALLBACK).toMatch(/^https:\/\/app\.example\/callback/);
      }
    }
  });

  it.each(['page', 'page_token', 'action', 'username', 'password', 'unknown'])('the form field %s', async (name) => {
    const browser = open();
    const page = await browser.get(proper());
    const seen = await browser.press(page, 'sign_in', { ...credentials, [name]: EVIL });
    expect(seen.body).not.toMatch(markup);
  });

  it.each(['sign_in', 'consent', 'select_account'])(
    'the names and URIs of client, service and user on the page %s',
    async (name) => {
      const browser = open();
      const scope = 'openid profile';
      const query = proper({
        client_id: 'evil',
        scope,
        prompt: name === 'select_account' ? 'select_account' : undefined,
      });
      let page = await browser.get(query);
      if (name !== 'sign_in') page = await browser.signIn(page, 'mallory');
      if (name === 'select_account') page = await browser.get(query);
      expect(page.fields['page']).toBe(name);
      expect(page.body).not.toMatch(markup);
      expect(page.body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
      expect(page.headers['content-security-policy']).not.toContain('unsafe');
    },
  );

  it('the sign-in page shows the username that was typed, but never the password', async () => {
    const browser = open();
    const seen = await browser.signIn(await browser.get(proper()), 'somebody', 'not-the-password');
    expect(seen.body).toContain('value="somebody"');
    expect(seen.body).not.toContain('not-the-password');
  });
});

describe('Wrong passwords', () => {
  const answerTo = async (username: string, password: string, sourceIp: string) => {
    const browser = open({ sourceIp });
    const { status, body } = await browser.signIn(await browser.get(proper()), username, password);
    return [status, body.replaceAll(username, 'NAME').replace(/lk_pg_[\w-]+/, 'TOKEN')] as const;
  };

  it('get the same answer whether or not the user exists', async () => {
    const [known, unknown] = [
      await answerTo('alice', 'wrong', '192.0.2.8'),
      await answerTo('nobody', 'wrong', '192.0.2.8'),
    ];
    expect(known).toEqual(unknown);
    expect(known[0]).toBe(400);
  });

  it.each(['alice', 'nobody-at-all'])(
    'delay further attempts for %s, even with the right password',
    async (username) => {
      const browser = open({ sourceIp: `192.0.2.${username.length}` });
      const page = await browser.get(proper());
      advance(4_000);
      for (let tries = 0; tries < 4; tries++) expect((await browser.signIn(page, username, 'wrong')).status).toBe(400);
      const delayed = await browser.signIn(page, username);
      expect([delayed.status, delayed.headers['retry-after']]).toEqual([429, '1']);
      expect(delayed.body).toContain('Too many attempts. Try again in a second.');
      advance(1);
      expect((await browser.signIn(page, username)).heading).not.toBe(username === 'alice' ? 'Sign in' : '');
    },
  );
});

describe('A browser in which somebody signed in before', () => {
  const DEVICE = '__Host-latchkey-device';
  const again = { client_id: 'own', prompt: 'login' };
  const deviceOf = ({ deviceCookies: [cookie = ''] }: Browser) => cookie;
  const signedInBefore = async (username = 'alice', handle = world.handlers.authorization) => {
    const browser = openBrowser(handle);
    await browser.pass(proper(again), username);
    return browser;
  };
  /** With no other cookie, as after the browser was closed. */
  const comeBack = async (cookies: string[], username = 'alice', password = PASSWORD) => {
    const browser = open({ sourceIp: '192.0.2.200' });
    browser.setCookies(cookies);
    return browser.signIn(await browser.get(proper(again)), username, password);
  };
  const strangersGuess = async (username = 'alice') => {
    const stranger = open({ sourceIp: '192.0.2.200' });
    const page = await stranger.get(proper());
    for (let tries = 0; tries < 4; tries++) await stranger.signIn(page, username, 'wrong');
  };
  beforeEach(() => advance(4_000));

  it('gets a cookie that scripts, other hosts and other sites cannot use, besides that of the session', async () => {
    const browser = open();
    const { setCookies } = await browser.signIn(await browser.get(proper(again)));
    expect(setCookies).toEqual([
      expect.stringMatching(/^__Host-latchkey=lk_ss_/),
      expect.stringMatching(
        /^__Host-latchkey-device=[\w.-]+; Max-Age=15552000; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
      ),
    ]);
    const failed = await browser.signIn(await browser.get(proper(again)), 'alice', 'wrong');
    expect(failed.setCookies.filter((cookie) => cookie.startsWith(DEVICE))).toEqual([]);
  });

  it('gets both cookies in events of payload 1.0, too', async () => {
    let result: ProxyResult | undefined;
    const rest = openBrowser(async (event) => {
      const { requestContext, rawPath, rawQueryString, headers, cookies, ...others } = event as APIGatewayProxyEventV2;
      result = await world.handlers.authorization({
        ...others,
        version: '1.0',
        httpMethod: requestContext.http.method,
        path: rawPath,
        queryStringParameters: Object.fromEntries(new URLSearchParams(rawQueryString)),
        headers: { ...headers, cookie: (cookies ?? []).join('; ') },
        requestContext: { identity: {} },
      } as unknown as ProxyEvent);
      return { ...result, cookies: result.multiValueHeaders?.['set-cookie'] ?? [] };
    });
    await rest.signIn(await rest.get(proper(again)));
    expect(result).not.toHaveProperty('cookies');
    expect(result?.headers).not.toHaveProperty('set-cookie');
    expect(result?.multiValueHeaders?.['set-cookie']).toHaveLength(2);
  });

  it('signs in while strangers guess, at the same address and all day long', async () => {
    const cookies = [deviceOf(await signedInBefore())];
    for (let hour = 0; hour < 3; hour++) {
      await strangersGuess();
      expect((await comeBack([])).status).toBe(429);
      expect((await comeBack(cookies)).status).toBe(200);
      advance(1_000);
    }
  });

  it('has few attempts of its own', async () => {
    const cookies = [deviceOf(await signedInBefore())];
    for (let tries = 0; tries < 4; tries++) expect((await comeBack(cookies, 'alice', 'wrong')).status).toBe(400);
    expect((await comeBack(cookies)).status).toBe(429);
    expect((await comeBack([])).status).toBe(200);
  });

  it.each<[what: string, change: (cookie: string) => Promise<string[]>, username?: string]>([
    ['of another person', async () => [deviceOf(await signedInBefore('mallory'))]],
    ['for another person', async (cookie) => [cookie], 'mallory'],
    ['with another id', async (cookie) => [cookie.replace('=', '=x')]],
    ['with another time', async (cookie) => [cookie.replace(/\.\d+\./, (time) => `${time.slice(0, -1)}0.`)]],
    ['sent twice', async (cookie) => [cookie, cookie]],
    [
      'with a page token instead',
      async () => {
        const { fields } = await open().get(proper(again));
        return [`${DEVICE}=x.${clock()}.${fields['page_token']}`];
      },
    ],
    [
      'of another deployment',
      async () => {
        const other = world.restart({ HANDLE_KEYS: Buffer.alloc(32, 9).toString('base64url') });
        return [deviceOf(await signedInBefore('alice', other.authorization))];
      },
    ],
    [
      'that is older than half a year',
      async (cookie) => {
        advance(15_552_001);
        await strangersGuess();
        return [cookie];
      },
    ],
  ])('counts as any other with a cookie %s', async (_what, change, username = 'alice') => {
    const cookie = deviceOf(await signedInBefore());
    const changed = await change(cookie);
    await strangersGuess(username);
    expect((await comeBack(changed, username)).status).toBe(429);
  });

  it('is not signed in by the cookie', async () => {
    const cookie = deviceOf(await signedInBefore());
    const browser = open();
    browser.setCookies([cookie]);
    expect((await browser.get(proper({ client_id: 'own' }))).heading).toBe('Sign in');
    browser.setCookies([cookie.replace(DEVICE, '__Host-latchkey').replace(/=.*\./, '=')]);
    expect((await browser.get(proper({ client_id: 'own' }))).heading).toBe('Sign in');
  });
});

it('The form is accepted from a browser that sends neither Origin nor Sec-Fetch-Site', async () => {
  const browser = open();
  const page = await browser.get(proper({ client_id: 'own' }));
  const result = await world.handlers.authorization(
    httpEvent({
      path: '/authorize',
      query: queryOf(proper({ client_id: 'own' })),
      cookies: browser.cookies,
      form: { ...page.fields, action: 'sign_in', ...credentials },
    }),
  );
  // Not the very query that the page posts to, but the same request.
  expect([browserResult(result).status, browserResult(result).heading]).toEqual([200, 'Almost there']);
});
