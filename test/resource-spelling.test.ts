// URL libraries write an API's URL with a slash at the end or without, so both mean the same one. RFC 3986 section 6.2.3
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createUserStore } from '../lib/store/user.ts';
import { createCli, succeeding } from './infra/cli-runner.ts';
import { openBrowser, proper, user, VERIFIER, webClient } from './support/browser.ts';
import { newCode, payloadOf, redeem, refresh, tokensOf } from './support/grants.ts';
import {
  authorizerEvents,
  getToken,
  ISSUER,
  post,
  resourceServer,
  startWorld,
  verdict,
  type World,
} from './support/world.ts';

const BARE = 'https://mcp.example.com';
const SLASH = 'https://api.example.com/';
/** As registered, and as the other libraries write it. */
const pairs = [
  [BARE, `${BARE}/`],
  [SLASH, SLASH.slice(0, -1)],
] as const;
const others = [
  `${BARE}//`,
  `${BARE}/x`,
  `${BARE}/?`,
  'https://mcp.example.com:443',
  'https://MCP.example.com',
  'orders/',
];

let world: World;

beforeAll(async () => {
  world = await startWorld();
  const apis = [BARE, SLASH, 'https://sealed.example.com'];
  const users = createUserStore(world.table);
  const alice = user('alice');
  await users.reserveName(alice.username, alice.sub);
  await Promise.all([
    users.create(alice),
    ...apis.map((id) =>
      world.resourceServers.create(resourceServer(id, id.includes('sealed') ? { access_token_format: 'sealed' } : {})),
    ),
    world.clients.create(
      webClient('app', {
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
        scope: 'openid offline_access read write',
        resources: ['orders', ...apis],
        require_consent: false,
      }),
    ),
  ]);
});
afterAll(() => world.stop());

const machine = (resource: string | string[]) =>
  post(world.handlers.token, 'app', { grant_type: 'client_credentials', resource, scope: 'read' });
const audienceOf = (token: unknown) => payloadOf(String(token))['aud'];

describe.each(pairs)('The API %s is meant by %s', (registered, spelled) => {
  it('at the token endpoint, and once if both are sent', async () => {
    for (const resource of [spelled, [registered, spelled]]) {
      expect(audienceOf((await machine(resource)).json['access_token'])).toBe(registered);
    }
  });

  it('from authorization to refresh', async () => {
    const { answer } = await openBrowser(world.handlers.authorization).pass(
      proper({ client_id: 'app', scope: 'openid offline_access read', resource: [spelled, 'orders'] }),
    );
    const code = { redirect_uri: proper()['redirect_uri'] as string, code_verifier: VERIFIER, resource: spelled };
    const first = tokensOf(await redeem(world.handlers, 'app', answer['code'] ?? '', code));
    expect(audienceOf(first.access_token)).toBe(registered);
    const second = tokensOf(await refresh(world.handlers, 'app', first.refresh_token, { resource: spelled }));
    expect(audienceOf(second.access_token)).toBe(registered);
  });

  it('in AUDIENCE', async () => {
    const token = await getToken(world.handlers, 'app', { resource: registered, scope: 'read' });
    const { authorizer } = world.restart({ AUDIENCE: spelled });
    expect(await verdict(authorizer(authorizerEvents['HTTP API 2.0'](token) as never))).toBe('allow');
    const foreign = await getToken(world.handlers, 'app', { resource: 'orders', scope: 'read' });
    expect(await verdict(authorizer(authorizerEvents['HTTP API 2.0'](foreign) as never))).toBe('refuse');
  });

  it('on the command line', async () => {
    const attempt = createCli(world.env);
    const latchkey = succeeding(attempt);
    const shown = await latchkey(['resource', 'show', spelled, '--json']);
    expect(shown.json()).toMatchObject({ identifier: registered });
    const id = `of-${spelled.length}`;
    const made = await latchkey(['client', 'create', id, '--resource', spelled, '--scope', 'read', '--json']);
    expect(made.json()).toMatchObject({ resources: [registered] });
    const changed = await latchkey(['client', 'update', id, '--resource', spelled, '--lifetime', '60', '--json']);
    expect(changed.json()).toMatchObject({ resources: [registered] });
    const token = await getToken(world.handlers, 'app', { resource: registered, scope: 'read' });
    const explained = await attempt(['token', 'explain', token, '--audience', spelled, '--json']);
    expect(explained.json()).toMatchObject({ verdict: 'accepted' });

    const twin = await attempt(['resource', 'create', spelled]);
    expect([twin.code, twin.stderr]).toEqual([1, expect.stringContaining('already exists')]);
  });
});

it('A sealed token is accepted by an authorizer that has the keys of its audience alone', async () => {
  const sealed = 'https://sealed.example.com';
  const { json } = await machine(`${sealed}/`);
  const { AUDIENCE, OPENING_KEYS } = (
    await succeeding(createCli(world.env))(['resource', 'opening-keys', `${sealed}/`, '--json'])
  ).json<Record<string, string>>();
  expect(AUDIENCE).toBe(sealed);
  const own = { OPENING_KEYS: OPENING_KEYS ?? '', SEALING_KEYS: '', AUDIENCE: `${sealed}/` };
  const { authorizer } = world.restart(own);
  const event = authorizerEvents['HTTP API 2.0'](String(json['access_token']));
  expect(await verdict(authorizer(event as never))).toBe('allow');
});

it.each(others)('%s means no API', async (resource) => {
  expect((await machine(resource)).json['error']).toBe('invalid_target');
});

it('The issuer is meant with a slash, too', async () => {
  await world.clients.create(webClient('nothing', { scope: 'openid', resources: [], require_consent: false }));
  const { code } = await newCode(world, 'nothing', { scope: 'openid', resources: [ISSUER] });
  const tokens = tokensOf(await redeem(world.handlers, 'nothing', code, { resource: `${ISSUER}/` }));
  expect(audienceOf(tokens.access_token)).toBe(ISSUER);
});
