// The demo app, on the unmodified library openid-client, with a real browser in front of it in which no script runs.
import type { Page } from 'playwright-core';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import type { LocalService } from '../support/local-service.ts';
import { itInLongRun } from '../support/long-run.ts';
import { createLocalUser, type LocalUser, sharedService } from '../support/shared.ts';
import { describeInBrowser, openPage, PATIENCE_MS } from './chromium.ts';

describeInBrowser('The demo web app, in a browser that runs no scripts,', () => {
  let service: LocalService;
  /** A person who has not signed in to the app before. */
  let user: LocalUser;

  beforeAll(async () => {
    service = await sharedService();
  });
  beforeEach(async () => {
    user = await createLocalUser(service);
  });

  /** A new visitor, on the sign-in page of the service. */
  async function visit(): Promise<Page> {
    const page = await openPage({ javaScriptEnabled: false });
    await page.goto(service.demo.app);
    await page.getByRole('link', { name: 'Sign in' }).click();
    expect(new URL(page.url()).origin).toBe(service.issuer);
    return page;
  }

  async function signIn(page: Page, password = user.password): Promise<void> {
    await page.getByLabel('Username').fill(user.username);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** By way of a page that leads on by itself. */
  const arrive = (page: Page) => page.waitForURL((url) => url.origin === service.demo.app);

  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
  const text = (page: Page) => page.locator('main').innerText();

  /** A visitor who is signed in, and has given consent. */
  async function visitSignedIn(): Promise<Page> {
    const page = await visit();
    await signIn(page);
    await press(page, 'Allow');
    await arrive(page);
    expect(await text(page)).toContain(`You are signed in as ${user.name}`);
    return page;
  }

  it('signs a user in, asks for consent once, calls the protected route, refreshes its tokens and signs the user out', async () => {
    const page = await visit();
    await signIn(page);
    expect(await text(page)).toContain('Allow Demo web app access?');
    await press(page, 'Allow');
    await arrive(page);
    expect(await text(page)).toContain(user.email);

    await press(page, 'Call the API');
    expect(await text(page)).toMatch(
      /200: the API has answered.*"client_id": "web".*"scope": "openid profile email offline_access orders:read"/s,
    );
    await press(page, 'Refresh');
    expect(await text(page)).toContain('The new access token is good for 3600 s.');
    await press(page, 'Call the API');
    expect(await text(page)).toContain('200: the API has answered');

    await press(page, 'Sign out');
    expect(page.url()).toBe(`${service.demo.app}/`);
    expect(await text(page)).toContain('You are not signed in.');

    // The user is asked for the password again, but not for consent.
    await page.getByRole('link', { name: 'Sign in' }).click();
    await signIn(page);
    await arrive(page);
    expect(await text(page)).toContain(`You are signed in as ${user.name}`);
  });

  itInLongRun('signs in a user who has a session at the service without asking anything', async () => {
    const page = await visitSignedIn();
    const other = await page.context().newPage();
    await page.context().clearCookies({ name: 'web_app' });
    await other.goto(`${service.demo.app}/sign-in`);
    expect(other.url()).toBe(`${service.demo.app}/`);
    expect(await text(other)).toContain(`You are signed in as ${user.name}`);
  });

  itInLongRun('lets a user who typed a wrong password try again, with the username filled in', async () => {
    const page = await visit();
    await signIn(page, 'wrong');
    expect(await page.getByRole('alert').innerText()).toMatch(/username or password is wrong/);
    expect(await page.getByLabel('Username').inputValue()).toBe(user.username);
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await signIn(page);
    await press(page, 'Allow');
    await arrive(page);
  });

  it('says that the user has cancelled the sign-in', async () => {
    const page = await visit();
    await press(page, 'Cancel');
    await arrive(page);
    expect(await page.getByRole('alert').innerText()).toContain('access_denied');
  });

  it('ends its own session when the user signs out at the service', async () => {
    const page = await visitSignedIn();
    const elsewhere = await page.context().newPage();
    await elsewhere.goto(`${service.issuer}/logout`);
    await press(elsewhere, 'Sign out');
    expect(await text(elsewhere)).toContain('You are signed out');
    const state = async () => {
      await page.goto(service.demo.app);
      return text(page);
    };
    await expect.poll(state, { timeout: PATIENCE_MS }).toContain('You are not signed in.');
  });
});
