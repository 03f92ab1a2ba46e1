import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import { responseParameters } from '../../lib/oauth/response-parameters.ts';
import { managementVariables } from '../support/registry-world.ts';
import { client, keyVariables, resourceServer, startWorld, type Variables, type World } from '../support/world.ts';
import { type Cli, createCli, succeeding } from './cli-runner.ts';

// Records that the command line refuses to register, because they could not work or are forbidden, and those it warns about.

let world: World;
let attempt: Cli;
let latchkey: Cli;

beforeAll(async () => {
  world = await startWorld();
  await world.resourceServers.create(resourceServer('bare'));
  attempt = createCli(world.env);
  latchkey = succeeding(attempt);
});
afterAll(() => world.stop());

const CALLBACK = ['--redirect-uri', 'https://shop.example.com/callback', '--scope', 'openid'];
const IMPLICIT = ['--response-type', 'code', '--response-type', 'code id_token'];

/** The variables of an administrator of a deployed stage, who has no keys. */
const KEYLESS = { SIGNING_KEYS: '', VERIFICATION_KEYS: '', HANDLE_KEYS: '', SEALING_KEYS: '', ISSUER: '' };

describe('The command line refuses to register', () => {
  it.each<[what: string, args: string[], code: number, reason: RegExp, env?: Variables]>([
    ...[
      'http://127.0.0.1/cb',
      'http://localhost:8000/cb',
      'https://localhost:9/cb',
      'https://[::1]/cb',
      'com.example.app:/cb',
    ].flatMap((uri): [string, string[], number, RegExp][] => [
      [
        `a public client without consent at ${uri}`,
        ['client', ...CALLBACK, '--redirect-uri', uri, '--public', '--no-consent'],
        2,
        /users must be asked for consent.*: leave out --no-consent/,
      ],
      [
        `a client without consent that gets tokens at ${uri}`,
        ['client', ...CALLBACK, '--redirect-uri', uri, ...IMPLICIT, '--no-consent'],
        2,
        /users must be asked for consent/,
      ],
    ]),
    ...['https://*.example.com/cb', 'https://shop.example.com/*', 'com.example.app:/*'].map(
      (uri): [string, string[], number, RegExp] => [
        `the redirect URI ${uri}`,
        ['client', ...CALLBACK, '--redirect-uri', uri],
        2,
        /has a wildcard/,
      ],
    ),
    ...responseParameters.map((name): [string, string[], number, RegExp] => [
      `a redirect URI with ${name} in its query`,
      ['client', ...CALLBACK, '--redirect-uri', `https://shop.example.com/cb?a=b&${name}=1`],
      2,
      /has a parameter in its query that the service adds itself/,
    ]),
    [
      'a logout page with a wildcard',
      ['client', ...CALLBACK, '--post-logout-redirect-uri', 'https://shop.example.com/*'],
      2,
      /has a wildcard/,
    ],
    [
      'a logout page with state in its query',
      ['client', ...CALLBACK, '--post-logout-redirect-uri', 'https://shop.example.com/?state=1'],
      2,
      /has a parameter in its query/,
    ],
    [
      'a response type with a code for a client that may redeem none',
      ['client', ...CALLBACK, '--response-type', 'code', '--grant-type', 'refresh_token'],
      2,
      /needs the grant type authorization_code/,
    ],
    [
      'a response type with an ID token for a client without openid',
      ['client', ...CALLBACK, '--resource', 'orders', '--scope', 'read', ...IMPLICIT],
      2,
      /needs the scope openid/,
    ],
    [
      'logout tokens over http, which an issuer with https does not send',
      ['client', ...CALLBACK, '--backchannel-logout-uri', 'http://localhost/bye'],
      2,
      /logout tokens are not sent to http:\/\/localhost\/bye/,
    ],
    [
      'an algorithm of ID tokens without a key',
      ['client', ...CALLBACK, '--id-token-alg', 'RS256'],
      1,
      /no key that signs with RS256/,
    ],
    [
      'an algorithm without a private key',
      ['client', ...CALLBACK, '--id-token-alg', 'EdDSA'],
      1,
      /no key that signs with EdDSA/,
      { VERIFICATION_KEYS: keyVariables('EdDSA').VERIFICATION_KEYS },
    ],
    [
      'an algorithm that the service does not publish',
      ['client', ...CALLBACK, '--id-token-alg', 'EdDSA'],
      1,
      /no key that signs with EdDSA/,
      { ...KEYLESS, VERIFICATION_KEYS: keyVariables().VERIFICATION_KEYS },
    ],
    ['an algorithm of JWTs without a key', ['resource', '--signing-alg', 'RS256'], 1, /no key that signs with RS256/],
    ['encrypted JWTs without a key', ['resource', '--format', 'encrypted_jwt'], 2, /need a key/],
    [
      'encrypted JWTs for a client of an API without a key',
      ['client', '--resource', 'orders', '--resource', 'bare', '--format', 'encrypted_jwt'],
      1,
      /the resource server bare has no key/,
    ],
    [
      'encrypted JWTs for a client without an API',
      ['client', ...CALLBACK, '--format', 'encrypted_jwt'],
      2,
      /the userinfo endpoint alone cannot be encrypted/,
    ],
    [
      'sealed tokens without a ring',
      ['resource', '--format', 'sealed'],
      1,
      /no key that seals tokens/,
      { SEALING_KEYS: '' },
    ],
    [
      'sealed tokens without a ring for a client',
      ['client', '--resource', 'orders', '--format', 'sealed'],
      1,
      /no key that seals tokens/,
      { SEALING_KEYS: '' },
    ],
    [
      'a further audience of tokens that could pass for ID tokens of a client',
      ['resource', '--typ', 'JWT', '--static-audience', 'machine-jwt'],
      1,
      /machine-jwt is the id of a client, whose ID tokens are typed JWT/,
    ],
    [
      'the issuer as a further audience',
      ['resource', '--static-audience', 'https://issuer.example'],
      1,
      /the issuer is the audience of tokens that only the userinfo endpoint accepts/,
    ],
    ['groups in a claim that is reserved', ['resource', '--groups-claim', 'sub'], 2, /the claim sub of a token cannot/],
    ['roles in a claim that is reserved', ['resource', '--roles-claim', 'amr'], 2, /the claim amr of a token cannot/],
    ['groups and roles in one claim', ['resource', '--groups-claim', 'roles'], 2, /cannot be in the same claim/],
    [
      'too many groups',
      ['client', '--resource', 'orders', ...Array.from({ length: 51 }, (_, at) => ['--group', `g${at}`]).flat()],
      2,
      /groups and roles must be at most 50 each/,
    ],
    [
      'too long groups',
      [
        'client',
        '--resource',
        'orders',
        ...Array.from({ length: 25 }, (_, at) => ['--role', `${at}`.padEnd(90)]).flat(),
      ],
      2,
      /groups and roles must have at most 2048 bytes together/,
    ],
    [
      'the same with a slash at the end',
      ['resource', '--audience', 'https://issuer.example/'],
      1,
      /the issuer is the audience of tokens that only the userinfo endpoint accepts/,
    ],
    [
      'an API whose tokens any client could get',
      ['resource', '--audience', 'https://issuer.example'],
      1,
      /the issuer is the audience of tokens that only the userinfo endpoint accepts/,
    ],
    [
      'tokens that could pass for ID tokens of a client',
      ['resource', '--typ', 'JWT', '--audience', 'machine-jwt'],
      1,
      /machine-jwt is the id of a client, whose ID tokens are typed JWT/,
    ],
  ])('%s, by create and by update', async (what, [kind = '', ...args], code, reason, env = {}) => {
    const id = what.replace(/\W+/g, '-');
    const records: { find(id: string): Promise<unknown> } = kind === 'client' ? world.clients : world.resourceServers;
    const made = await attempt([kind, 'create', id, ...args], { env });
    expect(made).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(reason) });
    expect(await records.find(id)).toBeUndefined();

    if (kind === 'client') await world.clients.create(client(id, { secrets: [], resources: [] }));
    else await world.resourceServers.create(resourceServer(id));
    const before = await records.find(id);
    const isForSignIn = args.includes('--redirect-uri') && !args.includes('--grant-type');
    const more = isForSignIn ? ['--grant-type', 'authorization_code'] : [];
    const changed = await attempt([kind, 'update', id, ...args, ...more], { env });
    expect(changed).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(reason) });
    expect(await records.find(id)).toEqual(before);
  });
});

// In either order, and in either spelling.
it.each([
  [
    'the audience',
    'https://api.example',
    /other\.example\/ is the audience of the resource server spring-audience, whose tokens are typed JWT/,
  ],
  ['the identifier', 'spring-identifier', /is the id of a resource server/],
])('No client has %s of an API whose tokens are typed as ID tokens are', async (what, name, reason) => {
  const id = what === 'the audience' ? 'spring-audience' : name;
  const create = (client_id: string) => attempt(['client', 'create', client_id, '--scope', 'openid']);
  await latchkey(['resource', 'create', id, '--audience', name]);
  if (id !== name) {
    expect(await create(name)).toMatchObject({ code: 0 });
    expect(await attempt(['resource', 'update', id, '--typ', 'JWT'])).toMatchObject({ code: 1 });
    await latchkey(['resource', 'update', id, '--audience', 'https://other.example']);
  }
  await latchkey(['resource', 'update', id, '--typ', 'JWT']);
  const taken = id === name ? name : 'https://other.example/';
  expect(await create(taken)).toMatchObject({ code: 1, stderr: expect.stringMatching(reason) });
  await latchkey(['resource', 'update', id, '--typ', 'default']);
  expect(await create(taken)).toMatchObject({ code: id === name ? 1 : 0 });
});

describe('The command line registers, with a warning,', () => {
  it.each<[what: string, args: string[], warning: RegExp, env?: Variables]>([
    [
      'a client without PKCE',
      ['client', ...CALLBACK, '--no-pkce'],
      /Without PKCE, whoever steals an authorization code can sign in with it/,
    ],
    [
      'an algorithm of ID tokens, where the keys cannot be seen',
      ['client', ...CALLBACK, '--id-token-alg', 'RS256'],
      /Whether the service has a key that signs with RS256 cannot be seen from here/,
      KEYLESS,
    ],
    [
      'an algorithm of JWTs, where the keys cannot be seen',
      ['resource', '--signing-alg', 'RS256'],
      /Whether the service has a key that signs with RS256 cannot be seen from here/,
      KEYLESS,
    ],
    [
      'sealed tokens, where the ring cannot be seen',
      ['resource', '--format', 'sealed'],
      /Whether the service has keys that seal tokens cannot be seen from here/,
      KEYLESS,
    ],
    [
      'logout tokens over http, where the issuer is not known',
      ['client', ...CALLBACK, '--backchannel-logout-uri', 'http://localhost/bye'],
      /Logout tokens are sent to http:\/\/localhost\/bye only if the issuer is on loopback/,
      KEYLESS,
    ],
  ])('%s', async (what, [kind = '', ...args], warning, env = {}) => {
    const { stderr } = await latchkey([kind, 'create', what.replace(/\W+/g, '-'), ...args], { env });
    expect(stderr).toMatch(warning);
  });
});

describe('The key registry', () => {
  it('decides which algorithms can be asked for: those of the keys that sign', async () => {
    const other = await startWorld({ KEY_REGISTRY: 'on' });
    try {
      const sets = [keyVariables('ES256'), keyVariables('EdDSA')].map(({ SIGNING_KEYS }) => SIGNING_KEYS);
      const SIGNING_KEYS = JSON.stringify({ keys: sets.flatMap((set) => JSON.parse(set).keys) });
      const registered = succeeding(createCli({ ...other.env, ...managementVariables, SIGNING_KEYS }));
      const [first, next] = parseSigningKeys(SIGNING_KEYS, 'private').map(({ kid }) => kid);
      const ask = (alg: string) =>
        createCli({ ...other.env, SIGNING_KEYS })(['resource', 'update', 'orders', '--signing-alg', alg]);
      await registered(['keys', 'add', '--environment', first ?? '']);
      await registered(['keys', 'add', '--environment', next ?? '']);
      expect(await ask('ES256')).toMatchObject({ code: 0 });
      expect(await ask('EdDSA')).toMatchObject({ code: 1, stderr: expect.stringContaining('no key that signs with') });
      await registered(['keys', 'activate', '--force', next ?? '']);
      expect(await ask('EdDSA')).toMatchObject({ code: 0 });
    } finally {
      await other.stop();
    }
  });
});

describe('A record that is stored already', () => {
  it('does not prevent another change, but causes warnings', async () => {
    await world.clients.create(
      client('old', {
        grant_types: ['authorization_code'],
        scope: 'openid',
        redirect_uris: ['https://*.example.com/cb', 'com.example.app:/cb'],
        require_consent: false,
        token_endpoint_auth_method: 'none',
        secrets: [],
        id_token_signed_response_alg: 'RS256',
      }),
    );
    const { stderr } = await latchkey(['client', 'update', 'old', '--name', 'Old']);
    for (const warning of ['has a wildcard', 'must be asked for consent', 'no key that signs with RS256']) {
      expect(stderr).toContain(warning);
    }
    expect(await world.clients.find('old')).toMatchObject({ client_name: 'Old', require_consent: false });
    expect(await attempt(['client', 'update', 'old', '--id-token-alg', 'EdDSA'])).toMatchObject({ code: 1 });
  });

  it('may name an API that is gone, until the client is given another', async () => {
    await world.clients.create(client('lost', { resources: ['gone'] }));
    expect(await attempt(['client', 'update', 'lost', '--name', 'Lost'])).toMatchObject({ code: 1 });
    await latchkey(['client', 'update', 'lost', '--resource', 'orders']);
  });
});
