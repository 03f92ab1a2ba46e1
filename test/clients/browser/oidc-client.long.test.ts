// @axa-fr/oidc-client, the library of @axa-fr/react-oidc, unmodified in Chromium, on a page as its documentation shows.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { it } from 'vitest';
import { describeInBrowser, openPage } from '../../browser/chromium.ts';
import { reusablePort } from '../../support/port.ts';
import { installPeer, npm } from '../../support/toolchain.ts';
import { prepareJourney, type Settings, stepChecks } from '../journey.ts';

const installed = await installPeer('test/clients/browser', npm);

/** Serves the page at every path. */
async function servePage({ issuer, client_id, scope }: Settings, port: number) {
  const settings = JSON.stringify({ authority: issuer, client_id, scope });
  const library = readFileSync(join(installed!, 'node_modules/@axa-fr/oidc-client/dist/index.js'));
  const page = readFileSync(join(import.meta.dirname, 'index.html'));
  const files: Readonly<Record<string, [type: string, body: string | Buffer]>> = {
    '/settings.json': ['application/json', settings],
    '/oidc-client.js': ['text/javascript', library],
  };
  const server = createServer(({ url = '/' }, response) => {
    const [type, body] = files[url] ?? ['text/html', page];
    response.setHeader('content-type', type).end(body);
  }).listen(port);
  await once(server, 'listening');
  return server;
}

describeInBrowser('A page on @axa-fr/oidc-client', () => {
  const shows = (page: Page, who: string) =>
    page
      .locator('#who')
      .filter({ hasText: `Signed in: ${who}` })
      .waitFor();
  const accessToken = (page: Page) => page.evaluate<string>('client.tokens.accessToken');

  it.skipIf(!installed)('signs a user in, reads userinfo, refreshes, revokes, and signs the user out', async () => {
    const port = await reusablePort();
    const origin = `http://localhost:${port}`;
    const uris = { redirect_uri: `${origin}/callback`, post_logout_redirect_uri: `${origin}/` };
    const journey = await prepareJourney(['--public', '--allowed-origin', origin], uris);
    const check = stepChecks(journey);
    const server = await servePage(journey.settings, port);
    try {
      const page = await openPage();
      await page.goto(origin);
      await shows(page, 'nobody');
      await page.evaluate("void client.loginAsync('/')");
      await page.getByLabel('Username').fill(journey.user.username);
      await page.getByLabel('Password').fill(journey.user.password);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('button', { name: 'Allow', exact: true }).click();
      await shows(page, journey.user.email);
      await check({ step: 'sign in', what: await accessToken(page) });

      await page.evaluate('client.renewTokensAsync()');
      const refreshed = await accessToken(page);
      await check({ step: 'refresh', what: refreshed });

      // It revokes its tokens before it goes to the service.
      await page.evaluate(`void client.logoutAsync('${origin}/')`);
      await shows(page, 'nobody');
      await check({ step: 'revocation', what: refreshed });
      await check({ step: 'logout', what: page.url() });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
