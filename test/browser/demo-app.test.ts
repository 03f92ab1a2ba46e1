// How both demo apps look, and what they do when an access token ends before the user does.
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { createCli, succeeding } from '../infra/cli-runner.ts';
import type { LocalService } from '../support/local-service.ts';
import { itInLongRun } from '../support/long-run.ts';
import { pairs, sampled } from '../support/scale.ts';
import { createLocalUser, type LocalUser, sharedService } from '../support/shared.ts';
import { violations } from './axe.ts';
import { DESKTOP, describeInBrowser, keepPicture, openPage, PHONE } from './chromium.ts';

describeInBrowser('The demo apps', () => {
  let service: LocalService;
  let latchkey: ReturnType<typeof succeeding>;

  beforeAll(async () => {
    service = await sharedService();
    latchkey = succeeding(createCli({}, service.directory));
  });

  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const says = (page: Page, text: string) => page.locator('main').filter({ hasText: text }).waitFor();

  async function signIn(page: Page, { username, password, name }: LocalUser): Promise<void> {
    await page
      .getByRole('button', { name: 'Sign in' })
      .or(page.getByRole('link', { name: 'Sign in' }))
      .click();
    await page.getByLabel('Username').fill(username);
    await page.getByLabel('Password').fill(password);
    await press(page, 'Sign in');
    await press(page, 'Allow');
    await says(page, `You are signed in as ${name}`);
  }

  const ANSWERED = '200: the API has answered';
  const ENDED = 'Your session has ended. Please sign in again.';

  /** The web app on its server, and the page without one. */
  const apps = { 'web app': '/', 'single-page app': '/spa' };

  const looks = pairs(Object.entries({ desktop: DESKTOP, phone: PHONE }), ['light', 'dark'] as const);

  // Both have one style sheet.
  it.each(sampled(Object.entries(apps), 2))(
    'look like the pages of the service, without findings of axe, in every theme: the %s',
    async (name, path) => {
      const user = await createLocalUser(service);
      const page = await openPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
      const states = ['signed out', 'with an answer', 'after the session has ended'] as const;
      const check = async (state: (typeof states)[number]) => {
        // In the normal run the states take turns at the looks, and the apps differ in which they begin with.
        const turn = states.indexOf(state) + Object.keys(apps).indexOf(name);
        for (const [[device, viewport], colorScheme] of sampled(looks, 2, turn)) {
          const look = `${name} ${state} ${device} ${colorScheme}`;
          await page.setViewportSize(viewport);
          await page.emulateMedia({ colorScheme });
          await keepPicture(page, look);
          expect(await violations(page), look).toEqual([]);
          expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), look).toBe(true);
        }
        expect(problems, state).toEqual([]);
      };

      await page.goto(service.demo.app + path);
      await says(page, 'You are not signed in.');
      await check('signed out');
      await signIn(page, user);
      await press(page, 'Call the API');
      await says(page, ANSWERED);
      await check('with an answer');
      await latchkey(['grants', 'revoke', (await accessToken(page)).grant_id]);
      await press(page, 'Refresh');
      await says(page, ENDED);
      problems.length = 0;
      await check('after the session has ended');
    },
  );

  it.each(sampled(Object.entries(apps), 2, 1))(
    'refresh once when the API refuses the access token, and continue: the %s',
    async (_name, path) => {
      const page = await openPage();
      await page.goto(service.demo.app + path);
      await signIn(page, await createLocalUser(service));
      const before = (await accessToken(page)).jti;
      await latchkey(['token', 'revoke', before]);
      await press(page, 'Call the API');
      await says(page, ANSWERED);
      expect((await accessToken(page)).jti).not.toBe(before);
    },
  );

  /** What the access token says: the web app shows it, because its API does, and the single-page app has the token. */
  async function accessToken(page: Page): Promise<{ jti: string; grant_id: string }> {
    if (page.url().endsWith('/spa')) {
      const [, payload = ''] = (await stored(page))['access_token']?.split('.') ?? [];
      return JSON.parse(Buffer.from(payload, 'base64url').toString());
    }
    await press(page, 'Call the API');
    await says(page, ANSWERED);
    return JSON.parse(await page.locator('pre').innerText());
  }

  const KEY = `Object.keys(localStorage).find((name) => name.startsWith('oidc.user:'))`;

  /** What the single-page app keeps of the user. */
  const stored = (page: Page) => page.evaluate<Record<string, string>>(`JSON.parse(localStorage.getItem(${KEY}))`);

  /** Lets the access token expire in so many seconds, as far as the single-page app knows. */
  const expireIn = (page: Page, seconds: number) =>
    page.evaluate(`{
      const key = ${KEY};
      const user = JSON.parse(localStorage.getItem(key));
      localStorage.setItem(key, JSON.stringify({ ...user, expires_at: Math.floor(Date.now() / 1000) + ${seconds} }));
    }`);

  it('refresh before the access token expires, once for all tabs: the single-page app', async () => {
    const page = await openPage();
    await page.goto(`${service.demo.app}/spa`);
    await signIn(page, await createLocalUser(service));
    const other = await page.context().newPage();
    await other.goto(`${service.demo.app}/spa`);
    await says(other, 'You are signed in as');

    const requests: string[] = [];
    for (const tab of [page, other]) {
      tab.on('request', (request) => request.method() === 'POST' && requests.push(new URL(request.url()).pathname));
    }
    const before = await stored(page);
    await expireIn(page, 20);
    await Promise.all([page, other].map((tab) => press(tab, 'Call the API')));
    await Promise.all([page, other].map((tab) => says(tab, ANSWERED)));
    expect(requests).toEqual(['/token']);
    expect((await stored(other))['refresh_token']).not.toBe(before['refresh_token']);
  });

  itInLongRun('keep a session that two tabs refresh at the same time: the web app', async () => {
    const page = await openPage();
    await page.goto(service.demo.app);
    await signIn(page, await createLocalUser(service));
    const other = await page.context().newPage();
    await other.goto(service.demo.app);
    await Promise.all([page, other].map((tab) => press(tab, 'Refresh')));
    await Promise.all([page, other].map((tab) => says(tab, 'The new access token is good for 3600 s.')));
    await press(page, 'Call the API');
    await says(page, ANSWERED);
  });

  /** A single-page app whose user is signed in, and which calls its own API with a configurable answer. */
  async function visitWithApi(answers: ('without CORS' | number)[]) {
    const page = await openPage();
    await page.route('**/spa/settings.json', async (route) => {
      const settings = (await (await route.fetch()).json()) as object;
      await route.fulfill({ json: { ...settings, api: `${service.demo.app}/api` } });
    });
    const sent: string[] = [];
    await page.route('**/api', (route) => {
      sent.push(route.request().headers()['authorization'] ?? '');
      const answer = answers.shift();
      // A browser fails a request whose answer the page may not read.
      if (answer === 'without CORS') return route.abort();
      return route.fulfill({ status: answer ?? 200, json: {} });
    });
    await page.goto(`${service.demo.app}/spa`);
    await signIn(page, await createLocalUser(service));
    return { page, sent };
  }

  it.each(sampled([401, 403, 'without CORS'] as const, 3, 2))(
    'refresh when the API refuses the access token with %s: the single-page app',
    async (answer) => {
      const { page, sent } = await visitWithApi([answer]);
      await press(page, 'Call the API');
      await says(page, ANSWERED);
      expect(new Set(sent).size).toBe(2);
    },
  );

  itInLongRun('say so when the API refuses a new access token as well: the single-page app', async () => {
    const { page, sent } = await visitWithApi([403, 403]);
    await press(page, 'Call the API');
    await says(page, '403: the API has refused the access token, and a new one as well');
    expect(new Set(sent).size).toBe(2);
    expect(sent).toHaveLength(2);
  });
});
