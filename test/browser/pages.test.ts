// Each page that people see, in a real browser: checked by axe on a desktop and on a phone, light and dark; used by keyboard.
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { chooseLanguage } from '../../lib/pages/texts.ts';
import type { LocalService } from '../support/local-service.ts';
import { isLongRun, sampled } from '../support/scale.ts';
import { createLocalUser, type LocalUser, sharedService } from '../support/shared.ts';
import { violations } from './axe.ts';
import { DESKTOP, describeInBrowser, keepPicture, openPage, PATIENCE_MS, PHONE } from './chromium.ts';

const CHOICE = chooseLanguage(undefined).texts.signIn.keep;

const stranger = () => ({ username: `nobody-${randomUUID()}`, password: 'wrong' });

/** Somebody whose next attempt has to wait, once there have been a few. */
const impatient = stranger();

describeInBrowser('The pages of the service', () => {
  let service: LocalService;
  let user: LocalUser;

  beforeAll(async () => {
    service = await sharedService();
    user = await createLocalUser(service);
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

  async function signIn(page: Page, { username, password }: Pick<LocalUser, 'username' | 'password'> = user) {
    await page.getByLabel('Username').fill(username);
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
        await signIn(page, stranger());
      },
    },
    'sign-in, delayed': {
      heading: /^Sign in$/,
      async open(page) {
        await page.goto(request());
        while (
          (await page.getByRole('alert').count()) === 0 ||
          /together/.test(await page.getByRole('alert').innerText())
        ) {
          await signIn(page, impatient);
        }
      },
    },
    'sign-in, with the choice to stay': {
      heading: /^Sign in$/,
      async open(page) {
        // As a deployment with keep-signed-in shows it: its markup is held by test/endpoints/authorization.test.ts.
        await page.goto(request());
        await page.evaluate(
          `document.querySelector('.buttons').insertAdjacentHTML('beforebegin', ${JSON.stringify(
            `<label class="choice"><input type="checkbox" name="keep_signed_in" value="on">${CHOICE}</label>`,
          )})`,
        );
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
        // With scripts, the form submits itself.
        await page.addInitScript('HTMLFormElement.prototype.submit = () => {}');
        await page.goto(request({ response_mode: 'form_post', prompt: 'none' }));
      },
    },
    'an unknown client': {
      heading: /^Something went wrong$/,
      open: (page) => page.goto(request({ client_id: 'nobody' })),
    },
    'another redirect URI': {
      heading: /^Something went wrong$/,
      open: (page) => page.goto(request({ redirect_uri: 'https://elsewhere.example/' })),
    },
    leaving: {
      heading: /^Almost there$/,
      async open(page) {
        await page.goto(request());
        // The client answers nothing, so the page stays.
        await page.route('**/callback?*', (route) => route.fulfill({ status: 204 }));
        await press(page, 'Cancel');
        await page.getByRole('link', { name: 'Continue' }).waitFor();
      },
    },
    'out of date': {
      heading: /out of date/,
      async open(page) {
        await page.goto(request());
        const other = await page.context().newPage();
        await other.goto(request({ prompt: 'consent' }));
        await signIn(other);
        await signIn(page);
      },
    },
    'without a cookie': {
      heading: /did not send its cookie/,
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
      heading: /^Something went wrong$/,
      open: (page) => page.goto(`${service.issuer}/logout?id_token_hint=x`),
    },
  };

  const desktop = { device: 'desktop', options: { viewport: DESKTOP } };
  const phone = { device: 'phone', options: { viewport: PHONE, isMobile: true, hasTouch: true } };
  // A dark page is the same document in other colours.
  const colorSchemes = [
    { colorScheme: 'light', rules: {} },
    { colorScheme: 'dark', rules: { runOnly: ['color-contrast', 'link-in-text-block'] } },
  ] as const;

  /** Those that differ from another one in a sentence only. */
  const variants = ['sign-in, delayed', 'another redirect URI', 'sign-out, refused'];

  // All pages have one style sheet: in the normal run one is looked at on a desktop, every fourth one in the dark, and every
  // other one by axe.
  const names = Object.keys(pages).filter((name) => isLongRun || !variants.includes(name));
  const onDesktop = sampled(names, names.length, 2);
  const inTheDark = sampled(names, 4);
  const byAxe = sampled(names, 2);

  it.each(names)(
    '“%s” has its heading, no finding of axe, no script error and no horizontal scrolling, on screens of every kind',
    async (name) => {
      const { heading, open } = pages[name]!;
      const schemes = colorSchemes.filter(({ colorScheme }) => colorScheme === 'light' || inTheDark.includes(name));
      for (const { device, options } of onDesktop.includes(name) ? [desktop, phone] : [phone]) {
        const page = await openPage(options);
        const problems: string[] = [];
        page.on('pageerror', (error) => problems.push(error.message));
        page.on(
          'console',
          (message) => /Content.Security.Policy/.test(message.text()) && problems.push(message.text()),
        );
        await open(page);
        for (const { colorScheme, rules } of schemes) {
          const look = `${name} ${device} ${colorScheme}`;
          await page.emulateMedia({ colorScheme });
          expect(await page.getByRole('heading', { level: 1 }).innerText(), look).toMatch(heading);
          await keepPicture(page, look);
          if (byAxe.includes(name)) expect(await violations(page, rules), look).toEqual([]);
          expect(problems, look).toEqual([]);
          // Not `innerWidth`, which grows with the content on a phone.
          const width = await page.evaluate<number>('document.documentElement.scrollWidth');
          expect(width, look).toBeLessThanOrEqual(options.viewport.width);
        }
        await page.context().close();
      }
    },
  );

  it('can be used with text four times as large', async () => {
    const page = await openPage({ viewport: { width: 320, height: 256 } });
    await pages['consent']!.open(page);
    await keepPicture(page, 'consent, enlarged');
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await press(page, 'Allow');
    await page.waitForURL((url) => url.origin === service.demo.app);
  });

  it('can be used by keyboard alone, and show which element has the focus', async () => {
    const page = await openPage();
    await page.goto(request({ prompt: 'consent' }));
    expect(await page.evaluate('document.activeElement.id')).toBe('username');
    await page.keyboard.type(user.username);
    await page.keyboard.press('Tab');
    await page.keyboard.type(user.password);
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

  it('cannot be framed by another page', async () => {
    const page = await openPage();
    await page.goto(`${service.demo.app}/spa`);
    await page.route('**/framing', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<iframe src="${request()}"></iframe>` }),
    );
    await page.goto(`${service.demo.app}/framing`);
    await expect.poll(() => page.frames()[1]?.url(), { timeout: PATIENCE_MS }).toMatch(/^chrome-error:/);
  });
});
