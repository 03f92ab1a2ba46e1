// The SDK of Nimbus and Spring Boot, unmodified. The application on Spring Boot is the one of `examples/spring`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reusablePort } from '../../support/port.ts';
import { installPeer, maven, startPeer } from '../../support/toolchain.ts';
import { prepareJourney } from '../journey.ts';
import { expectJourney, variables } from '../program.ts';

/** Starts sooner; these programs do not live long. */
const run = ['-XX:TieredStopAtLevel=1', '-jar'];

const nimbus = await installPeer('test/clients/java', maven());

it.skipIf(!nimbus)('The steps that the SDK of Nimbus takes work', () =>
  expectJourney({
    command: 'java',
    args: [...run, join(nimbus!, 'target/nimbus-1.jar')],
    steps: ['sign in', 'userinfo', 'refresh', 'introspection', 'revocation', 'logout'],
  }),
);

/** The other generation, by which the Nimbus project pins it. */
const springBoot3 = /<version>([^<]+)/.exec(readFileSync(join(import.meta.dirname, 'pom.xml'), 'utf8'))?.[1];

describe.each([
  ['4', undefined, []],
  // Spring Security 6 sends no PKCE.
  ['3', springBoot3, ['--no-pkce']],
] as const)('An application on Spring Boot %s', async (_generation, version, options) => {
  const installed = await installPeer('examples/spring', maven(version));

  it.skipIf(!installed)(
    'signs a user in, refreshes, protects APIs by JWTs and by introspection, and signs the user out, also when the service does',
    async () => {
      const port = await reusablePort();
      const origin = `http://localhost:${port}`;
      const uris = { redirect_uri: `${origin}/login/oauth2/code/latchkey`, post_logout_redirect_uri: origin };
      const notified = ['--backchannel-logout-uri', `${origin}/logout/connect/back-channel/latchkey`];
      // Spring refreshes a minute before a token expires: each time it is asked for this one.
      const journey = await prepareJourney([...options, ...notified, '--lifetime', '50'], uris, ['--typ', 'JWT']);
      const { settings, user, browser } = journey;
      const args = [...run, join(installed!, 'target/shop-1.jar'), `--server.port=${port}`];
      const app = await startPeer('java', args, /Started Shop/, variables(settings));
      const read = async (path: string) => {
        const { url, body } = await browser.visit(origin + path);
        expect({ url, body }).toMatchObject({ body: expect.stringMatching(/^\{.*\}$/) });
        return JSON.parse(body);
      };
      const call = (path: string, token: string) =>
        fetch(origin + path, { headers: { authorization: `Bearer ${token}` } });
      try {
        expect(await read('/me')).toMatchObject({ email: user.email });
        const { access_token: first } = await read('/token');
        const { access_token: token } = await read('/token');
        expect(token).not.toBe(first);

        for (const path of ['/things', '/strict/things']) {
          expect((await call(path, token)).status, path).toBe(200);
          expect((await call(path, `${token}x`)).status, path).toBe(401);
        }
        const basic = Buffer.from(`${settings.client_id}:${settings.client_secret}`).toString('base64');
        const headers = { authorization: `Basic ${basic}` };
        const body = new URLSearchParams({ token });
        expect((await fetch(`${settings.issuer}/revoke`, { method: 'POST', headers, body })).status).toBe(200);
        expect((await call('/strict/things', token)).status).toBe(401);

        // Spring's own page asks, and leads to the service, which leads back.
        expect((await browser.visit(`${origin}/logout`)).url).toBe(`${origin}/`);
        expect(await browser.isRedirected(`${origin}/me`)).toBe(true);

        expect(await read('/me')).toMatchObject({ email: user.email });
        expect(await browser.isRedirected(`${origin}/me`)).toBe(false);
        await browser.visit(`${settings.issuer}/logout`);
        await expect.poll(() => browser.isRedirected(`${origin}/me`)).toBe(true);
      } finally {
        await app.stop();
      }
    },
  );
});
