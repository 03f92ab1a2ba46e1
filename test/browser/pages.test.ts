// Every page for people in a real browser: what axe finds wrong with it, on a phone, in light and dark; and by keyboard.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalService, startLocalService } from '../support/local-service.ts';
import { DESKTOP, describeInBrowser, keepPicture, launchChromium, openPage, PHONE } from './chromium.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds, by rule, with the places; everything it knows, its best practices too. */
async function violations(page: Page): Promise<string[]> {
  // Not by a <script>, which the pages' own policy forbids.
  await page.evaluate(`${axe}; 0`);
  return page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target).join(' ')))`,
  );
}

describeInBrowser('the pages', () => {
  let service: LocalService;
  let browser: Browser;

  beforeAll(async () => {
    [service, browser] = await Promise.all([startLocalService(), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
  });

  const request = (more: Record<string, string> = {}) => {
    const parameters = new URLSearchParams({
      client_id: 'web',
      redirect_uri: `${service.demo.app}/callback`,
      response_type: 'code',
      scope: 'openid profile email offline_access orders:read',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      ...more,
    });
    return `${service.issuer}/authorize?${parameters}`;
  };

  const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true }).click();

  async function signIn(page: Page, password = service.demo.users['alice']?.password ?? '', name = 'alice') {
    await page.getByLabel('Username').fill(name);
    await page.getByLabel('Password').fill(password);
    await press(page, 'Sign in');
  }

  /** How to get to each page, and what its heading says. */
  const pages: Record<string, { heading: RegExp; open(page: Page): Promise<unknown> }> = {
    'sign-in': { heading: /^Sign in$/, open: (page) => page.goto(request()) },
    'sign-in, refused': {
      heading: /^Sign in$/,
      async open(page) {
        await page.goto(request());
        await signIn(page, 'wrong', `nobody-${Math.random()}`);
      },
    },
    'sign-in, delayed': {
      heading: /^Sign in$/,
      async open(page) {
        await page.goto(request());
        const name = `nobody-${Math.random()}`;
        while (
          (await page.getByRole('alert').count()) === 0 ||
          /together/.test(await page.getByRole('alert').innerText())
        ) {
          await signIn(page, 'wrong', name);
        }
      },
    },
    consent: {
      heading: /^Allow Demo web app access\?$/,
      async open(page) {
        await page.goto(request({ prompt: 'consent' }));
        await signIn(page);
      },
    },
    accounts: {
      heading: /^Choose an account$/,
      async open(page) {
        await page.goto(request({ prompt: 'consent' }));
        await signIn(page);
        await page.goto(request({ prompt: 'select_account' }));
      },
    },
    'form post': {
      heading: /^Almost there$/,
      async open(page) {
        // Where scripts run, it goes on by itself.
        await page.addInitScript('HTMLFormElement.prototype.submit = () => {}');
        await page.goto(request({ response_mode: 'form_post', prompt: 'none' }));
      },
    },
    'an unknown client': {
      heading: /^This did not work$/,
      open: (page) => page.goto(request({ client_id: 'nobody' })),
    },
    'another redirect URI': {
      heading: /^This did not work$/,
      open: (page) => page.goto(request({ redirect_uri: 'https://elsewhere.example/' })),
    },
    'out of date': {
      heading: /out of date/,
      async open(page) {
        await page.goto(request());
        await page.context().clearCookies();
        await signIn(page);
      },
    },
    'sign-out': {
      heading: /^Sign out\?$/,
      async open(page) {
        await page.goto(request({ prompt: 'consent' }));
        await signIn(page);
        await page.goto(`${service.issuer}/logout?client_id=web`);
      },
    },
    'signed out': { heading: /^You are signed out$/, open: (page) => page.goto(`${service.issuer}/logout`) },
    'sign-out, refused': {
      heading: /^This did not work$/,
      open: (page) => page.goto(`${service.issuer}/logout?id_token_hint=x`),
    },
  };

  const looks = [
    { look: 'light', options: { colorScheme: 'light', viewport: DESKTOP } },
    { look: 'dark', options: { colorScheme: 'dark', viewport: DESKTOP } },
    { look: 'phone', options: { colorScheme: 'light', viewport: PHONE, isMobile: true, hasTouch: true } },
    { look: 'dark phone', options: { colorScheme: 'dark', viewport: PHONE, isMobile: true, hasTouch: true } },
  ] as const;

  it.each(Object.keys(pages))(
    '%s: nothing is wrong with it, in any look',
    async (name) => {
      const { heading, open } = pages[name]!;
      for (const { look, options } of looks) {
        const page = await openPage(browser, options);
        const problems: string[] = [];
        page.on('pageerror', (error) => problems.push(error.message));
        page.on(
          'console',
          (message) => /Content.Security.Policy/.test(message.text()) && problems.push(message.text()),
        );
        await open(page);
        expect(await page.getByRole('heading', { level: 1 }).innerText(), look).toMatch(heading);
        await keepPicture(page, `${name} ${look}`);
        expect(await violations(page), look).toEqual([]);
        expect(problems, look).toEqual([]);
        // Nothing to scroll sideways for.
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), look).toBe(true);
        await page.context().close();
      }
    },
    120_000,
  );

  it('can be used at four times the size of their text', async () => {
    const page = await openPage(browser, { viewport: { width: 320, height: 256 } });
    await pages['consent']!.open(page);
    await keepPicture(page, 'consent, enlarged');
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await press(page, 'Allow');
    expect(page.url()).toContain(service.demo.app);
  });

  it('can be used by keyboard alone, and show where it is', async () => {
    const page = await openPage(browser);
    await page.goto(request({ prompt: 'consent' }));
    const { username = '', password = '' } = service.demo.users['alice'] ?? {};
    expect(await page.evaluate('document.activeElement.id')).toBe('username');
    await page.keyboard.type(username);
    await page.keyboard.press('Tab');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /Allow/ }).waitFor();

    const focused = () => page.evaluate<string>('document.activeElement.innerText.trim()');
    const outline = 'const s = getComputedStyle(document.activeElement); s.outlineStyle + s.boxShadow';
    const seen: string[] = [];
    while (!seen.includes('Allow') && seen.length < 12) {
      await page.keyboard.press('Tab');
      seen.push(await focused());
      expect(await page.evaluate(`(() => { ${outline.replace('; s', '; return s')} })()`), seen.at(-1)).not.toBe(
        'nonenone',
      );
    }
    expect(seen.at(-1)).toBe('Allow');
    await keepPicture(page, 'consent by keyboard');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.origin === service.demo.app);
  });

  it('are in no frame', async () => {
    const page = await openPage(browser);
    await page.goto(`${service.demo.app}/spa`);
    await page.route('**/framing', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<iframe src="${request()}"></iframe>` }),
    );
    await page.goto(`${service.demo.app}/framing`);
    await expect.poll(() => page.frames()[1]?.url()).toMatch(/^chrome-error:/);
  });
});
