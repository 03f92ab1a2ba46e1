// The unmodified library oidc-client-ts, in the page of the demo app that has no server.
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import type { LocalService } from '../support/local-service.ts';
import { createLocalUser, type LocalUser, sharedService } from '../support/shared.ts';
import { describeInBrowser, keepPicture, openPage } from './chromium.ts';

describeInBrowser('The single-page demo app, on oidc-client-ts,', () => {
  let service: LocalService;

  beforeAll(async () => {
    service = await sharedService();
  });

  async function visit() {
    const page = await openPage();
    const problems: string[] = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(`${service.demo.app}/spa`);
    return { page, problems };
  }

  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const who = (page: Page) => page.locator('#who');
  const says = (page: Page, text: RegExp | string) => page.locator('main').filter({ hasText: text }).waitFor();

  async function signIn(page: Page, { username, password, name }: LocalUser): Promise<void> {
    await press(page, 'Sign in');
    await page.getByLabel('Username').fill(username);
    await page.getByLabel('Password').fill(password);
    await press(page, 'Sign in');
    await press(page, 'Allow');
    await who(page).filter({ hasText: name }).waitFor();
  }

  /** What the library keeps of the user. */
  const stored = (page: Page) =>
    page.evaluate<Record<string, string> | null>(
      `JSON.parse(localStorage.getItem(Object.keys(localStorage).find((name) => name.startsWith('oidc.user:'))) ?? 'null')`,
    );

  it('signs a user in, calls userinfo, renews its tokens silently, and signs the user out of the service as well', async () => {
    const { page, problems } = await visit();
    const user = await createLocalUser(service);
    await signIn(page, user);
    expect(new URL(page.url()).href).toBe(`${service.demo.app}/spa`);
    await press(page, 'Call the API');
    await says(page, user.email);
    await keepPicture(page, 'single-page app');

    const before = await stored(page);
    await press(page, 'Refresh');
    await says(page, /The new access token is good for \d+ s/);
    const after = await stored(page);
    expect(after?.['access_token']).not.toBe(before?.['access_token']);
    expect(after?.['refresh_token']).not.toBe(before?.['refresh_token']);

    await press(page, 'Sign out');
    await who(page).filter({ hasText: 'You are not signed in' }).waitFor();
    expect(await stored(page)).toBeNull();
    // The page has revoked its tokens, and the session at the service has ended.
    const headers = { authorization: `Bearer ${after?.['access_token']}` };
    expect((await fetch(`${service.issuer}/userinfo`, { headers })).status).toBe(401);
    await press(page, 'Sign in');
    await page.getByLabel('Password').waitFor();
    expect(problems).toEqual([]);
  });

  it('cannot read answers of the token endpoint from an origin that no client has registered', async () => {
    const page = await openPage();
    await page.goto(`${service.issuer.replace('localhost', '127.0.0.1')}/.well-known/openid-configuration`);
    const answer = await page.evaluate(async (url) => {
      try {
        const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'spa', refresh_token: 'x' });
        return String((await fetch(url, { method: 'POST', body })).status);
      } catch (error) {
        return (error as Error).name;
      }
    }, `${service.issuer}/token`);
    expect(answer).toBe('TypeError');
  });
});
