// The demo app, on the unmodified library openid-client, with a real browser in front of it in which no script runs.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalService, startLocalService } from '../support/local-service.ts';
import { describeInBrowser, launchChromium, openPage } from './chromium.ts';

describeInBrowser('the demo app, without JavaScript', () => {
  let service: LocalService;
  let browser: Browser;

  beforeAll(async () => {
    [service, browser] = await Promise.all([startLocalService(), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
  });

  /** A new visitor, on the sign-in page of the service. */
  async function visit(): Promise<Page> {
    const page = await openPage(browser, { javaScriptEnabled: false });
    await page.goto(service.demo.app);
    await page.getByRole('link', { name: 'Sign in' }).click();
    expect(new URL(page.url()).origin).toBe(service.issuer);
    return page;
  }

  async function signIn(page: Page, password = service.demo.users['alice']?.password ?? ''): Promise<void> {
    await page.getByLabel('Username').fill('alice');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const text = (page: Page) => page.locator('main').innerText();

  /** A visitor who is signed in, and has allowed what the app asked for. */
  async function visitSignedIn(): Promise<Page> {
    const page = await visit();
    await signIn(page);
    if (new URL(page.url()).origin === service.issuer) await press(page, 'Allow');
    expect(await text(page)).toContain('You are signed in as Alice Adams');
    return page;
  }

  it('signs in, asks once for consent, calls the protected route, refreshes, signs out', async () => {
    const page = await visit();
    await signIn(page);
    expect(await text(page)).toContain('Allow Demo web app access?');
    await press(page, 'Allow');
    expect(new URL(page.url()).origin).toBe(service.demo.app);
    expect(await text(page)).toContain('alice@example.com');

    await press(page, 'Call the API');
    expect(await text(page)).toMatch(
      /200 \{.*"client_id":"web".*"scope":"openid profile email offline_access orders:read"/,
    );
    await press(page, 'Refresh');
    expect(await text(page)).toContain('The new access token is good for 3600 s.');
    await press(page, 'Call the API');
    expect(await text(page)).toMatch(/200 \{/);

    await press(page, 'Sign out');
    expect(page.url()).toBe(`${service.demo.app}/`);
    expect(await text(page)).toContain('You are not signed in.');

    // Asked for the password again, and not for the consent.
    await page.getByRole('link', { name: 'Sign in' }).click();
    await signIn(page);
    expect(await text(page)).toContain('You are signed in as Alice Adams');
  });

  it('is signed in at once where there is a session', async () => {
    const page = await visitSignedIn();
    const other = await page.context().newPage();
    await page.context().clearCookies({ name: 'web_app' });
    await other.goto(`${service.demo.app}/sign-in`);
    expect(other.url()).toBe(`${service.demo.app}/`);
    expect(await text(other)).toContain('You are signed in as Alice Adams');
  });

  it('says that a password is wrong, keeps the name, and lets try again', async () => {
    const page = await visit();
    await signIn(page, 'wrong');
    expect(await page.getByRole('alert').innerText()).toMatch(/do not go together/);
    expect(await page.getByLabel('Username').inputValue()).toBe('alice');
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await signIn(page);
    expect(new URL(page.url()).origin).toBe(service.demo.app);
  });

  it('tells the app when the user does not want to', async () => {
    const page = await visit();
    await press(page, 'Cancel');
    expect(new URL(page.url()).origin).toBe(service.demo.app);
    expect(await page.getByRole('alert').innerText()).toContain('access_denied');
  });

  it('ends the session of the app when the user signs out elsewhere', async () => {
    const page = await visitSignedIn();
    const elsewhere = await page.context().newPage();
    await elsewhere.goto(`${service.issuer}/logout`);
    await press(elsewhere, 'Sign out');
    expect(await text(elsewhere)).toContain('You are signed out');
    const state = async () => {
      await page.goto(service.demo.app);
      return text(page);
    };
    await expect.poll(state, { timeout: 20_000 }).toContain('You are not signed in.');
  });
});
