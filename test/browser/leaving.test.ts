// Where each page of the service leads on to, and how far a browser follows: Chromium applies the policy of a page with a form to
// all redirects that follow.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCli, succeeding } from '../infra/cli-runner.ts';
import type { LocalService } from '../support/local-service.ts';
import { pairs } from '../support/scale.ts';
import { createLocalUser, type LocalUser, sharedService } from '../support/shared.ts';
import { describeInBrowser, openPage } from './chromium.ts';

const APP = 'example-leaving://signed-in/cb';

const library = readFileSync('node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js', 'utf8');

describeInBrowser('Chromium, after a form of', () => {
  let service: LocalService;
  let user: LocalUser;
  let server: Server;
  let popupPage = '';
  /** Redirect URIs, by what is special about them. */
  let places: Record<Destination, string>;

  const destinations = {
    'the same origin': (issuer: string) => `${issuer}/arrived`,
    'another origin': (_, other: string) => `${other}/arrived`,
    'another origin, which redirects to a third one': (_, other: string, third: string) =>
      `${other}/redirect?to=${encodeURIComponent(`${third}/arrived`)}`,
    'another origin, which redirects to an app': (_, other: string) =>
      `${other}/redirect?to=${encodeURIComponent(APP)}`,
    'an app': () => APP,
  } as const satisfies Record<string, (issuer: string, other: string, third: string) => string>;
  type Destination = keyof typeof destinations;

  const client = { client_id: `leaving-${crypto.randomUUID()}` };

  beforeAll(async () => {
    service = await sharedService();
    user = await createLocalUser(service);
    server = createServer(({ url = '' }, response) => {
      const to = new URL(url, 'http://localhost').searchParams.get('to');
      if (to === null) response.setHeader('content-type', 'text/html').end(url.startsWith('/popup') ? popupPage : '');
      else response.writeHead(303, { location: to }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const { port } = server.address() as AddressInfo;
    const origins = [service.issuer, `http://127.0.0.1:${port}`, `http://localhost:${port}`] as const;
    places = Object.fromEntries(
      Object.entries(destinations).map(([name, make]) => [name, make(...origins)]),
    ) as typeof places;
    const uris = Object.values(places).flatMap((uri) => ['--redirect-uri', uri, '--post-logout-redirect-uri', uri]);
    const latchkey = succeeding(createCli({}, service.directory));
    await latchkey([
      'client',
      'create',
      client.client_id,
      '--scope',
      'openid',
      '--no-consent',
      '--allow-scheme',
      'example-leaving',
      ...uris,
    ]);
  });
  afterAll(() => server?.close());

  const request = (redirect_uri: string, more: Record<string, string> = {}) =>
    `${service.issuer}/authorize?${new URLSearchParams({
      ...client,
      redirect_uri,
      response_type: 'code',
      scope: 'openid',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      ...more,
    })}`;

  // Playwright would wait for a navigation to the app, which never ends.
  const press = (page: Page, name: string | RegExp) =>
    page.getByRole('button', { name, exact: true }).click({ noWaitAfter: true });

  async function signIn(page: Page) {
    await page.getByLabel('Username').fill(user.username);
    await page.getByLabel('Password').fill(user.password);
    await press(page, 'Sign in');
  }

  /** Somebody who is signed in. */
  async function signedIn(page: Page) {
    await page.goto(request(places['the same origin']));
    await signIn(page);
    await page.waitForURL(`${places['the same origin']}?code=**`);
  }

  /** Goes as far as the page, and submits its form. */
  const forms: Record<string, (page: Page, uri: string) => Promise<void>> = {
    async 'the sign-in page'(page, uri) {
      await page.goto(request(uri));
      await signIn(page);
    },
    async 'the sign-in page, to cancel'(page, uri) {
      await page.goto(request(uri));
      await press(page, 'Cancel');
    },
    async 'the choice of an account'(page, uri) {
      await signedIn(page);
      await page.goto(request(uri, { prompt: 'select_account' }));
      await press(page, /Carol/);
    },
    async 'the consent page'(page, uri) {
      await page.goto(request(uri, { prompt: 'consent' }));
      await signIn(page);
      await press(page, 'Allow');
    },
    async 'the page that posts to the client'(page, uri) {
      await page.goto(request(uri, { response_mode: 'form_post' }));
      await signIn(page);
    },
    async 'the sign-out page'(page, uri) {
      await signedIn(page);
      const query = new URLSearchParams({ ...client, post_logout_redirect_uri: uri });
      await page.goto(`${service.issuer}/logout?${query}`);
      await press(page, 'Sign out');
    },
  };

  it.each(pairs(Object.keys(forms), Object.keys(destinations) as Destination[]))(
    '%s, goes on to %s',
    async (form, destination) => {
      const page = await openPage();
      const violations: string[] = [];
      page.on(
        'console',
        (message) => /Content.Security.Policy/.test(message.text()) && violations.push(message.text()),
      );
      const isApp = destination.endsWith('app');
      const reached = isApp
        ? page.waitForRequest((sent) => sent.url().startsWith(APP))
        : page.waitForURL((url) => url.pathname === '/arrived' && url.href.startsWith(lastOf(destination)));
      await Promise.all([reached, forms[form]!(page, places[destination])]);
      expect(violations).toEqual([]);
      if (!isApp) return;
      // Whoever has no such app, or does not let the browser open it, is left with a way to go on.
      expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Almost there');
      const onward = page.getByRole('link', { name: 'Continue' }).or(page.getByRole('button', { name: 'Continue' }));
      expect(await onward.count()).toBe(1);
    },
  );

  const lastOf = (destination: Destination) => {
    const to = new URL(places[destination]).searchParams.get('to');
    return to ?? places[destination];
  };

  /** An application on oidc-client-ts, unmodified. Its page is also the one that the windows which it opens return to. */
  async function openApp(): Promise<Page> {
    const { origin } = new URL(places['another origin']);
    const settings = { redirect_uri: `${origin}/popup`, popup_post_logout_redirect_uri: `${origin}/popup?out` };
    const client_id = `popup-${crypto.randomUUID()}`;
    await succeeding(createCli({}, service.directory))([
      ...['client', 'create', client_id, '--public', '--scope', 'openid', '--allowed-origin', origin],
      ...['--redirect-uri', settings.redirect_uri],
      ...['--post-logout-redirect-uri', settings.popup_post_logout_redirect_uri],
    ]);
    popupPage = `<script>${library}</script><script>
      const manager = new oidc.UserManager(${JSON.stringify({ authority: service.issuer, client_id, ...settings })});
      const query = new URLSearchParams(location.search);
      if (query.has('out')) manager.signoutPopupCallback();
      else if (query.has('code')) manager.signinPopupCallback();
    </script>`;
    const page = await openPage();
    await page.goto(settings.redirect_uri);
    return page;
  }

  it('a window that an application has opened, returns to the application, signed in and signed out', async () => {
    const page = await openApp();
    const [popup, signedIn] = [
      page.waitForEvent('popup'),
      page.evaluate('manager.signinPopup().then(({ profile }) => profile.iss, String)'),
    ];
    await signIn(await popup);
    await press(await popup, 'Allow');
    expect(await signedIn).toBe(service.issuer);

    // Without the ID token, so that the page asks.
    const [asking, signedOut] = [
      page.waitForEvent('popup'),
      page.evaluate('manager.removeUser().then(() => manager.signoutPopup()).then(() => "signed out", String)'),
    ];
    await press(await asking, 'Sign out');
    expect(await signedOut).toBe('signed out');
  });

  it.each([
    ['the sign-in page', false, () => request(places['another origin'])],
    ['an error', true, () => request('https://nowhere.example/')],
    ['the last page of a sign-out', true, () => `${service.issuer}/logout`],
  ])('whoever opened a window, has no hold on it any more when it shows %s: %s', async (_, isSevered, urlOf) => {
    const page = await openPage();
    await page.goto(`${service.demo.app}/spa`);
    const popup = page.waitForEvent('popup');
    await page.evaluate(`window.popup = window.open(${JSON.stringify(urlOf())}); 0`);
    await (await popup).getByRole('heading', { level: 1 }).waitFor();
    expect(await (await popup).evaluate('opener === null')).toBe(isSevered);
    expect(await page.evaluate('window.popup.closed')).toBe(isSevered);
  });
});
