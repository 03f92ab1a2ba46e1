import { createHash, scryptSync } from 'node:crypto';
import type { ProxyEvent, ProxyResult } from '../../lib/http/proxy-event.ts';
import type { Client } from '../../lib/oauth/client.ts';
import type { User } from '../../lib/oauth/user.ts';
import { client, type Handlers, httpEvent, ISSUER } from './world.ts';

export const VERIFIER = 'a-verifier-of-forty-three-characters-or-more';
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
export const CALLBACK = 'https://app.example/callback';
export const PASSWORD = 'correct horse battery staple';

const SALT = Buffer.alloc(16, 7);

/** With a low cost, because these tests are not about scrypt. */
const stored = {
  secret_id: 'test',
  hash: `scrypt$1024$8$1$${SALT.toString('base64url')}$${scryptSync(PASSWORD, SALT, 32, { N: 1024, r: 8, p: 1 }).toString('base64url')}`,
  created_at: 0,
};

export const user = (username: string, more: Partial<User> = {}): User => ({
  sub: `sub-of-${username}`,
  username,
  password: stored,
  claims: { name: `${username} example`, preferred_username: username },
  enabled: true,
  created_at: 0,
  ...more,
});

/** A client that people sign in to. */
export const webClient = (client_id: string, more: Partial<Client> = {}): Client =>
  client(client_id, {
    client_name: 'The App',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [CALLBACK],
    scope: 'openid profile email offline_access read write',
    ...more,
  });

export type Query = Readonly<Record<string, string | string[] | undefined>>;

/** The query of a valid authorization request. */
export const proper = (more: Query = {}): Query => ({
  client_id: 'web',
  redirect_uri: CALLBACK,
  response_type: 'code',
  scope: 'openid profile',
  state: 'the-state',
  nonce: 'the-nonce',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
  ...more,
});

export const queryOf = (query: Query): string =>
  new URLSearchParams(
    Object.entries(query).flatMap(([name, values]) =>
      [values ?? []].flat().map((value): [string, string] => [name, value]),
    ),
  ).toString();

/** What a browser gets: a page or a redirect. */
export interface BrowserResult {
  readonly status: number;
  /** With the cookie of the session, also when it is one of several. */
  readonly headers: ProxyResult['headers'];
  readonly setCookies: readonly string[];
  readonly body: string;
  /** The first heading of a page. */
  readonly heading: string | undefined;
  /** The target of a redirect, or of a page that leads on by itself. */
  readonly location: URL | undefined;
  /** The parameters of the authorization response, from the query, the fragment or the form. */
  readonly answer: Readonly<Record<string, string>>;
  /** The hidden fields of a page. */
  readonly fields: Readonly<Record<string, string>>;
}

const decode = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|#39|#96);/g, (entity) => ENTITIES[entity] ?? entity);

const ENTITIES: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&#96;': '`',
};

/** Where a page leads to by itself: also the target of its link. */
export function refreshTarget(body: string): string | undefined {
  const [, uri] = /<meta http-equiv="refresh" content="0;url=([^"]*)">/.exec(body) ?? [];
  if (uri !== undefined && !body.includes(`<a href="${uri}"`)) throw new Error('there is no link for those who stay');
  return uri === undefined ? undefined : decode(uri);
}

const isOfSession = (cookie: string) => /^(__Host-)?latchkey=/.test(cookie);

export function browserResult({ statusCode, headers: plain, cookies = [], body }: ProxyResult): BrowserResult {
  const ofSession = cookies.find(isOfSession);
  const headers: ProxyResult['headers'] = { ...plain, ...(ofSession !== undefined && { 'set-cookie': ofSession }) };
  const target = headers['location'] ?? refreshTarget(body);
  const location = target === undefined ? undefined : new URL(target);
  const fields = Object.fromEntries(
    [...body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(([, name = '', value = '']) => [
      name,
      decode(value),
    ]),
  );
  const sent = location ? new URLSearchParams(location.hash.slice(1) || location.search) : undefined;
  return {
    status: statusCode,
    headers,
    setCookies: cookies,
    body,
    heading: decode(/<h1>([^<]*)<\/h1>/.exec(body)?.[1] ?? '') || undefined,
    location,
    fields,
    answer: sent ? Object.fromEntries(sent) : 'page' in fields ? {} : fields,
  };
}

/** A browser with its own cookies. */
export function openBrowser(
  handle: Handlers['authorization'],
  { sourceIp = '192.0.2.1', issuer = ISSUER }: { sourceIp?: string; issuer?: string } = {},
) {
  let cookies: string[] = [];
  let deviceCookies: string[] = [];
  const keep = (seen: BrowserResult): BrowserResult => {
    for (const cookie of seen.setCookies) {
      const kept = cookie.includes('Max-Age=0') ? [] : [cookie.split(';')[0] ?? ''];
      if (isOfSession(cookie)) cookies = kept;
      else deviceCookies = kept;
    }
    return seen;
  };
  const send = async (event: ProxyEvent): Promise<BrowserResult> => keep(browserResult(await handle(event)));
  const headers = { origin: new URL(issuer).origin, 'sec-fetch-site': 'same-origin' };

  const browser = {
    /** Of the session. */
    get cookies() {
      return cookies;
    },
    /** By which it is known that somebody signed in before. */
    get deviceCookies() {
      return deviceCookies;
    },
    setCookies(next: string[]) {
      cookies = next.filter(isOfSession);
      deviceCookies = next.filter((cookie) => !isOfSession(cookie));
    },
    get: (query: Query | string) =>
      send(
        httpEvent({
          method: 'GET',
          path: '/authorize',
          query: typeof query === 'string' ? query : queryOf(query),
          cookies: [...cookies, ...deviceCookies],
          sourceIp,
        }),
      ),
    /** Presses a button on a page. */
    press: (
      page: BrowserResult,
      action: string,
      form: Record<string, string> = {},
      more: Record<string, string> = {},
    ) =>
      send(
        httpEvent({
          path: '/authorize',
          query: actionOf(page),
          headers: { ...headers, ...more },
          cookies: [...cookies, ...deviceCookies],
          sourceIp,
          form: { ...page.fields, action, ...form },
        }),
      ),
    signIn: (page: BrowserResult, username = 'alice', password = PASSWORD) =>
      browser.press(page, 'sign_in', { username, password }),
    /** Goes through all pages from the request to the authorization response: signs in, consents. */
    async pass(query: Query, username = 'alice'): Promise<BrowserResult> {
      let page = await browser.get(query);
      if (page.fields['page'] === 'select_account') page = await browser.press(page, 'continue');
      if (page.fields['page'] === 'sign_in') page = await browser.signIn(page, username);
      if (page.fields['page'] === 'consent') page = await browser.press(page, 'allow');
      return page;
    },
  };
  return browser;
}

export type Browser = ReturnType<typeof openBrowser>;

const actionOf = ({ body }: BrowserResult): string =>
  decode(/<form method="post" action="\?([^"]*)"/.exec(body)?.[1] ?? '');
