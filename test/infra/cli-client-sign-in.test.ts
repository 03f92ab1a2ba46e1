import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../lib/oauth/client.ts';
import { startWorld, type World } from '../support/world.ts';
import { type Cli, createCli, succeeding } from './cli-runner.ts';

// What can be set of a client that people sign in to.

let world: World;
let attempt: Cli;
let latchkey: Cli;

beforeAll(async () => {
  world = await startWorld();
  attempt = createCli(world.env);
  latchkey = succeeding(attempt);
});
afterAll(() => world.stop());

const CALLBACK = 'https://shop.example.com/callback';

let count = 0;
async function newClient(...more: string[]): Promise<string> {
  const id = `shop-${++count}`;
  await latchkey(['client', 'create', id, '--redirect-uri', CALLBACK, '--scope', 'openid', ...more]);
  return id;
}

const find = async (id: string) => (await world.clients.find(id)) as Client;

describe('client create stores', () => {
  it.each<[string, string[], Partial<Client>]>([
    [
      'with a redirect URI',
      ['--redirect-uri', CALLBACK, '--scope', 'openid email'],
      {
        redirect_uris: [CALLBACK],
        grant_types: ['authorization_code'],
        resources: [],
        scope: 'openid email',
        response_modes: ['query', 'form_post'],
      },
    ],
    [
      'with response modes',
      ['--redirect-uri', CALLBACK, '--scope', 'openid', '--response-mode', 'query', '--response-mode', 'fragment'],
      { response_modes: ['query', 'fragment'] },
    ],
    [
      'with the scope offline_access',
      ['--redirect-uri', CALLBACK, '--scope', 'openid offline_access'],
      { grant_types: ['authorization_code', 'refresh_token'] },
    ],
    [
      'that is public',
      ['--public', '--redirect-uri', 'com.example.app:/callback', '--scope', 'openid'],
      { token_endpoint_auth_method: 'none', secrets: [], grant_types: ['authorization_code'] },
    ],
    [
      'with the grant type of --grant-type',
      ['--redirect-uri', CALLBACK, '--resource', 'orders', '--grant-type', 'authorization_code'],
      { grant_types: ['authorization_code'], resources: ['orders'] },
    ],
    ['without one', ['--resource', 'orders'], { grant_types: ['client_credentials'] }],
  ])('%s', async (what, args, expected) => {
    const id = `made ${what}`.replaceAll(' ', '-');
    await latchkey(['client', 'create', id, ...args]);
    expect(await find(id)).toMatchObject(expected);
  });

  it('no response modes for a client of version 0.1.0 that gets another redirect URI, and keeps what it could do', async () => {
    const id = await newClient();
    const { response_modes, ...old } = await find(id);
    await world.clients.replace(old, 1);
    await latchkey(['client', 'update', id, '--redirect-uri', `${CALLBACK}/2`]);
    expect(await find(id)).not.toHaveProperty('response_modes');
    await latchkey(['client', 'update', id, '--response-mode', 'form_post']);
    expect(await find(id)).toMatchObject({ response_modes: ['form_post'] });
  });

  it('the scopes of OpenID Connect without a warning', async () => {
    const scope = 'openid profile email address phone offline_access';
    const { stderr } = await latchkey(['client', 'create', '--redirect-uri', CALLBACK, '--scope', scope]);
    expect(stderr).not.toContain('knows the scope');
  });

  it.each([
    ['password', ['--grant-type', 'password'], /client sees passwords/],
    [
      'refresh tokens that it never gets',
      ['--grant-type', 'authorization_code', '--grant-type', 'refresh_token'],
      /no refresh token without the scope offline_access/,
    ],
    ['tokens in a URL', ['--response-type', 'code token'], /prefer the response type code/],
  ])('settings with a warning about %s', async (_, more, warning) => {
    const args = ['client', 'create', '--redirect-uri', CALLBACK, '--resource', 'orders', ...more];
    expect((await latchkey(args)).stderr).toMatch(warning);
  });
});

describe('client update', () => {
  it.each<[string, string[], Partial<Client>]>([
    ['--redirect-uri', ['--redirect-uri', 'http://127.0.0.1/cb'], { redirect_uris: ['http://127.0.0.1/cb'] }],
    [
      '--redirect-uri twice',
      ['--redirect-uri', CALLBACK, '--redirect-uri', `${CALLBACK}?a=b`, '--redirect-uri', CALLBACK],
      { redirect_uris: [CALLBACK, `${CALLBACK}?a=b`] },
    ],
    [
      '--post-logout-redirect-uri',
      ['--post-logout-redirect-uri', 'https://shop.example.com/'],
      { post_logout_redirect_uris: ['https://shop.example.com/'] },
    ],
    [
      '--response-type',
      ['--response-type', 'code', '--response-type', 'code id_token'],
      { response_types: ['code', 'code id_token'] },
    ],
    [
      '--allowed-origin',
      ['--allowed-origin', 'https://shop.example.com', '--allowed-origin', 'http://localhost:5173'],
      { allowed_origins: ['https://shop.example.com', 'http://localhost:5173'] },
    ],
    ...[
      'capacitor://localhost',
      'ionic://localhost',
      'tauri://localhost',
      'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
      'moz-extension://5b4dd1bb-0f3c-4f4c-9c56-1c2f4a4d2f0e',
      'safari-web-extension://5B4DD1BB-0F3C-4F4C-9C56-1C2F4A4D2F0E',
    ].map((origin): [string, string[], Partial<Client>] => [
      `--allowed-origin ${origin}`,
      ['--allowed-origin', origin],
      { allowed_origins: [origin] },
    ]),
    [
      '--allow-scheme',
      ['--allow-scheme', 'cursor', '--redirect-uri', 'cursor://anysphere.cursor-mcp/oauth/callback'],
      { private_use_schemes: ['cursor'], redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback'] },
    ],
    ['--logo-uri', ['--logo-uri', 'https://shop.example.com/a.png'], { logo_uri: 'https://shop.example.com/a.png' }],
    ['--client-uri', ['--client-uri', 'https://shop.example.com'], { client_uri: 'https://shop.example.com' }],
    ['--policy-uri', ['--policy-uri', 'https://shop.example.com/p'], { policy_uri: 'https://shop.example.com/p' }],
    ['--tos-uri', ['--tos-uri', 'https://shop.example.com/t'], { tos_uri: 'https://shop.example.com/t' }],
    ['--id-token-alg', ['--id-token-alg', 'ES256'], { id_token_signed_response_alg: 'ES256' }],
    ['--max-age', ['--max-age', '12h'], { default_max_age: 43_200 }],
    ['--refresh-lifetime', ['--refresh-lifetime', '90d'], { refresh_token_lifetime: 7_776_000 }],
    ['--refresh-idle-lifetime', ['--refresh-idle-lifetime', '3600'], { refresh_token_idle_lifetime: 3_600 }],
    ['--reuse-interval', ['--reuse-interval', '0'], { refresh_reuse_interval: 0 }],
    ['--no-pkce', ['--no-pkce'], { require_pkce: false }],
    ['--no-consent', ['--no-consent'], { require_consent: false }],
    ['--end-grants-on-logout', ['--end-grants-on-logout'], { end_grants_on_logout: true }],
    ['--claims-in-id-token', ['--claims-in-id-token'], { user_claims_in_id_token: true }],
    ['--group and --role', ['--group', 'a', '--group', 'b', '--role', 'c d'], { groups: ['a', 'b'], roles: ['c d'] }],
    [
      '--backchannel-logout-uri',
      ['--backchannel-logout-uri', 'https://shop.example.com/bye'],
      { backchannel_logout_uri: 'https://shop.example.com/bye' },
    ],
    ['--public', ['--public'], { token_endpoint_auth_method: 'none' }],
  ])('changes %s and nothing else, and shows it', async (_, args, expected) => {
    const id = await newClient(...(args[0] === '--public' ? ['--public'] : []));
    const before = await find(id);
    const { stdout } = await latchkey(['client', 'update', id, ...args]);
    expect(await find(id)).toEqual({ ...before, ...expected });
    for (const member of Object.keys(expected)) expect(stdout).toMatch(new RegExp(`^${member} `, 'm'));
  });

  it.each<[keyof Client, string[], string[]]>([
    ['post_logout_redirect_uris', ['--post-logout-redirect-uri', CALLBACK], ['--post-logout-redirect-uri', 'default']],
    ['allowed_origins', ['--allowed-origin', 'https://a.example'], ['--allowed-origin', 'default']],
    ['private_use_schemes', ['--allow-scheme', 'cursor'], ['--allow-scheme', 'default']],
    ['response_types', ['--response-type', 'code'], ['--response-type', 'default']],
    ['logo_uri', ['--logo-uri', 'https://a.example/l'], ['--logo-uri', 'default']],
    ['refresh_reuse_interval', ['--reuse-interval', '0'], ['--reuse-interval', 'default']],
    ['refresh_token_lifetime', ['--refresh-lifetime', '1d'], ['--refresh-lifetime', 'default']],
    ['require_pkce', ['--no-pkce'], ['--pkce']],
    ['require_consent', ['--no-consent'], ['--consent']],
    ['end_grants_on_logout', ['--end-grants-on-logout'], ['--no-end-grants-on-logout']],
    ['user_claims_in_id_token', ['--claims-in-id-token'], ['--no-claims-in-id-token']],
    ['groups', ['--group', 'a'], ['--group', 'default']],
    ['roles', ['--role', 'a'], ['--role', 'default']],
  ])('removes %s with the value default', async (member, args, back) => {
    const id = await newClient();
    const before = await find(id);
    await latchkey(['client', 'update', id, ...args]);
    expect(await find(id)).toHaveProperty(member);
    await latchkey(['client', 'update', id, ...back]);
    expect(await find(id)).toEqual(before);
  });
});

describe('client create and update refuse with exit code 2, and change nothing:', () => {
  const form = /must be an absolute URI of visible ASCII/;
  const http = /must be https, as http is for loopback only/;
  const reserved = /a scheme that browsers open themselves/;
  const url = /must be https/;
  it.each<[string, string[], RegExp]>([
    ['plain http', ['--redirect-uri', 'http://shop.example.com/callback'], http],
    ['a host that only begins like loopback', ['--redirect-uri', 'http://localhost.example.com/'], http],
    ['a fragment', ['--redirect-uri', `${CALLBACK}#a`], form],
    ['an empty fragment', ['--redirect-uri', `${CALLBACK}#`], form],
    ['a relative URI', ['--redirect-uri', '/callback'], form],
    ['a user', ['--redirect-uri', 'https://a:b@shop.example.com/'], /must not have a user name/],
    ['a space in the URI', ['--redirect-uri', 'https://shop.example.com/a b'], form],
    ['a script', ['--redirect-uri', 'javascript:alert(1)'], reserved],
    ['a document', ['--redirect-uri', 'data:text/html,hello'], reserved],
    ['a scheme that is nobody’s', ['--redirect-uri', 'myapp:/callback'], /without a dot/],
    ['a scheme that is not allowed', ['--redirect-uri', 'vscode://x/cb', '--allow-scheme', 'cursor'], /without a dot/],
    ['a page to return to with such a scheme', ['--post-logout-redirect-uri', 'vscode://x/cb'], /without a dot/],
    ['a script as a scheme', ['--allow-scheme', 'javascript'], /A scheme looks like cursor/],
    ['a scheme with its colon', ['--allow-scheme', 'cursor:'], /A scheme looks like cursor/],
    ['such a scheme without PKCE', ['--allow-scheme', 'cursor', '--no-pkce'], /PKCE is required/],
    ['an upper-case scheme', ['--redirect-uri', 'HTTPS://shop.example.com/'], form],
    ['a logout page on plain http', ['--post-logout-redirect-uri', 'http://shop.example.com/'], http],
    ['no redirect URI any more', ['--redirect-uri', 'default'], /needs a redirect URI/],
    ['an origin with a path', ['--allowed-origin', 'https://shop.example.com/'], /An origin looks like/],
    ['any origin', ['--allowed-origin', '*'], /An origin looks like/],
    ['no origin', ['--allowed-origin', 'null'], /An origin looks like/],
    ['an origin with its default port', ['--allowed-origin', 'https://shop.example.com:443'], /An origin looks like/],
    ['an app with a path', ['--allowed-origin', 'capacitor://localhost/'], /An origin looks like/],
    ['every extension', ['--allowed-origin', 'chrome-extension://*'], /An origin looks like/],
    ['a file', ['--allowed-origin', 'file://'], /An origin looks like/],
    ['an origin on plain http', ['--allowed-origin', 'http://shop.example.com'], /An origin looks like/],
    ['a logo that is a script', ['--logo-uri', 'javascript:alert(1)'], url],
    ['a logo within the app', ['--logo-uri', 'com.example.app:/logo.png'], url],
    ['terms on plain http', ['--tos-uri', 'http://shop.example.com/'], url],
    ['logout to plain http', ['--backchannel-logout-uri', 'http://shop.example.com/'], url],
    ['no algorithm', ['--id-token-alg', 'none'], /The value must be one of/],
    ['a secret for an algorithm', ['--id-token-alg', 'HS256'], /The value must be one of/],
    ['a response type of OAuth 2.0 alone', ['--response-type', 'token'], /The value must be one of/],
    ['a reuse interval of an hour', ['--reuse-interval', '3600'], /from 0 to 300/],
    ['a negative one', ['--reuse-interval=-1'], /from 0 to 300/],
    ['no lifetime at all', ['--refresh-lifetime', '0'], /A time span looks like/],
    ['public with a method', ['--public', '--auth-method', 'client_secret_post'], /cannot be used with/],
    ['an unknown grant type', ['--grant-type', 'implicit'], /The value must be one of/],
  ])('%s', async (_, args, reason) => {
    const id = await newClient();
    const before = await find(id);
    const result = await attempt(['client', 'update', id, ...args]);
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(reason) });
    expect(await find(id)).toEqual(before);
  });

  it.each<[string, string[], RegExp]>([
    [
      'neither a resource server nor openid',
      ['--redirect-uri', CALLBACK, '--scope', 'email'],
      /needs a resource server/,
    ],
    ['a public client without PKCE', ['--public', '--redirect-uri', CALLBACK, '--no-pkce'], /must use PKCE/],
    [
      'a code that cannot be delivered',
      ['--grant-type', 'authorization_code', '--resource', 'orders'],
      /needs a redirect URI/,
    ],
    ['a public client with a secret', ['--public', '--secret-stdin', '--redirect-uri', CALLBACK], /has no secret/],
  ])('a new client with %s', async (what, args, reason) => {
    const id = what.replaceAll(' ', '-');
    const scope = args.includes('--scope') ? [] : ['--scope', 'openid'];
    expect(await attempt(['client', 'create', id, ...args, ...scope])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(reason),
    });
    expect(await find(id)).toBeUndefined();
  });

  it('making a client public that does not use PKCE', async () => {
    const id = await newClient('--no-pkce');
    const [secret] = (await find(id)).secrets;
    await latchkey(['secret', 'retire', secret?.secret_id ?? '', '--client', id]);
    expect(await attempt(['client', 'update', id, '--public'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('must use PKCE'),
    });
  });
});
