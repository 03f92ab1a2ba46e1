// What the functions do with the table, seen at the wire, against what their roles allow: nothing is missing, and nothing
// is too much. template.test.ts holds the deployed roles against the same list. With the key registry, which adds to it.
import { beforeAll, describe, expect, it } from 'vitest';
import { backchannelContext } from '../../lib/compose.ts';
import { createBackchannel } from '../../lib/endpoints/backchannel.ts';
import type { Client } from '../../lib/oauth/client.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { CALLBACK, openBrowser, proper, type Query, see, user, VERIFIER, webClient } from '../support/browser.ts';
import { type FaultyStore, startFaultyStore } from '../support/faulty-store.ts';
import { type RegistryWorld, startRegistryWorld } from '../support/registry-world.ts';
import {
  authorizerEvents,
  createTestClock,
  getToken,
  type Handlers,
  httpEvent,
  post,
  verdict,
} from '../support/world.ts';
import { functions } from './template-rules.ts';

const names = Object.keys(functions).filter((name) => functions[name]!.table.length > 0 || functions[name]!.registry);

/** Function -> what it did: `GetItem CLIENT#*`. */
const done: Record<string, Set<string>> = {};

/** Of each statement of a role, every action on every kind of item. */
const allowed = (name: string) => [
  ...functions[name]!.table.flatMap(([kinds, actions]) =>
    kinds.flatMap((kind) => actions.map((action) => `${action} ${kind}`)),
  ),
  ...(functions[name]!.registry ? ['GetItem KEYS'] : []),
  ...(functions[name]!.keys.includes('signing') ? ['PutItem KEYS'] : []),
];

type Key = { pk?: { S?: string } } | undefined;

function describeRequest(operation: string, input: Readonly<Record<string, unknown>>): string {
  const values = input['ExpressionAttributeValues'] as Record<string, { S?: string }> | undefined;
  const key = (input['Key'] ?? input['Item']) as Key;
  const pk = (operation === 'Query' ? values?.[':pk']?.S : key?.pk?.S) ?? '';
  return `${operation} ${pk.includes('#') ? `${pk.split('#')[0]}#*` : pk}`;
}

beforeAll(async () => {
  const { clock, advance } = createTestClock();
  const world = await startRegistryWorld({ CLIENT_CACHE_SECONDS: '0' }, clock);
  const stores = await Promise.all(names.map(() => startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '')));
  try {
    const variables = (name: string) => ({
      AWS_ENDPOINT_URL_DYNAMODB: stores[names.indexOf(name)]?.endpoint ?? '',
      WRAPPING_KMS_KEY: ['token', 'rotation'].includes(name) ? world.wrappingKey : '',
    });
    const handlers = Object.fromEntries(
      Object.keys(world.handlers).map((name) => [
        name,
        world.restart(names.includes(name) ? variables(name) : {}, clock)[name as keyof Handlers],
      ]),
    ) as unknown as Handlers;
    const deliver = createBackchannel(() => backchannelContext({ ...world.env, ...variables('backchannel') }, clock));
    // The first key, which everything else depends on.
    await getToken(handlers, 'machine-jwt');
    await useEverything(world, handlers, deliver, advance);
    advance(90 * 86_400);
    await world.rotation(variables('rotation'))();
    for (const [index, name] of names.entries()) {
      const requests = (stores[index] as FaultyStore).take();
      done[name] = new Set(requests.map(({ operation, input }) => describeRequest(operation, input)));
    }
  } finally {
    await Promise.all(stores.map((store) => store.stop()));
    await world.stop();
  }
});

/** What is done only when two revoke the same at the same time: see lib/revocation/list.ts. */
const inRaces = ['DeleteItem REVOKED#*'];

/** Does with every function whatever can be done with it. */
async function useEverything(
  world: RegistryWorld,
  handlers: Handlers,
  deliver: () => Promise<void>,
  advance: (seconds: number) => void,
): Promise<void> {
  const users = createUserStore(world.table);
  for (const username of ['alice', 'bob']) {
    const person = await user(username);
    await users.takeName(username, person.sub);
    await users.create(person);
  }
  const clients: Record<string, Partial<Client>> = {
    web: { end_grants_on_logout: true, backchannel_logout_uri: 'https://127.0.0.1:9/' },
    references: { access_token_format: 'reference', response_types: ['code', 'code token'] },
    legacy: { grant_types: ['password', 'refresh_token'] },
  };
  for (const [id, more] of Object.entries(clients)) await world.clients.create(webClient(id, more));

  const scope = 'openid profile offline_access read';
  const browser = openBrowser(handlers.authorization);
  const request = (client_id: string, more: Query = {}) => proper({ client_id, scope, ...more });
  const redeem = (client_id: string, code: string | undefined) =>
    post(handlers.token, client_id, {
      grant_type: 'authorization_code',
      code: code ?? '',
      redirect_uri: CALLBACK,
      code_verifier: VERIFIER,
    });
  const signIn = async (client_id: string, more: Query = {}, name = 'alice') => {
    const { answer } = await browser.pass(request(client_id, more), name);
    const { status, json } = await redeem(client_id, answer['code']);
    expect(status).toBe(200);
    return { ...(json as Record<string, string>), code: answer['code'] ?? '' } as Record<string, string>;
  };
  const refresh = (client_id: string, refresh_token = '') =>
    post(handlers.token, client_id, { grant_type: 'refresh_token', refresh_token });
  const userinfo = (token = '') =>
    handlers.userinfo(httpEvent({ method: 'GET', headers: { authorization: `Bearer ${token}` } }));

  for (const client_id of ['web', 'references']) {
    const tokens = await signIn(client_id);
    expect(await verdict(handlers.authorizer(authorizerEvents['HTTP API 2.0'](tokens['access_token'] ?? '')))).toBe(
      'allow',
    );
    expect((await userinfo(tokens['access_token'])).statusCode).toBe(200);
    await post(handlers.introspection, 'orders', { token: tokens['access_token'] ?? '' });
    expect((await refresh(client_id, tokens['refresh_token'])).status).toBe(200);
    // What comes twice ends the grant, and is looked up for it.
    advance(60);
    expect((await refresh(client_id, tokens['refresh_token'])).status).toBe(400);
    expect((await redeem(client_id, tokens['code'])).status).toBe(400);

    const others = await signIn(client_id, { prompt: 'login', id_token_hint: tokens['id_token'] ?? '' });
    // Once, and again.
    for (const name of ['access_token', 'access_token', 'refresh_token', 'refresh_token']) {
      await post(handlers.revocation, client_id, { token: others[name] ?? '' });
    }
  }
  // A wrong password is counted, the right one forgets it.
  const page = await browser.get(request('web', { prompt: 'login' }));
  await browser.signIn(page, 'alice', 'wrong');
  await browser.pass(request('references', { response_type: 'code token', prompt: 'consent' }));
  for (const password of ['wrong', 'correct horse battery staple']) {
    await post(handlers.token, 'legacy', { grant_type: 'password', username: 'alice', password, scope });
  }
  for (const document of [handlers.jwks, handlers.discovery]) {
    await document(httpEvent({ method: 'GET', path: '/.well-known/openid-configuration' }));
  }
  await post(handlers.token, 'machine-reference', { grant_type: 'client_credentials' });
  // Somebody else signs in where alice was.
  const { id_token: tokenOfAlice = '' } = await signIn('web', {});
  await signIn('web', { prompt: 'login' }, 'bob');
  const ended = await signIn('web', {}, 'bob');
  await post(handlers.revocation, 'web', { token: ended['refresh_token'] ?? '' });

  const cookies = browser.cookies;
  // Of somebody else than is signed in: that has to be confirmed.
  const query = `id_token_hint=${tokenOfAlice}`;
  const confirm = see(await handlers.logout(httpEvent({ method: 'GET', path: '/logout', query, cookies })));
  const headers = { origin: world.env['ISSUER'] ?? '', 'sec-fetch-site': 'same-origin' };
  const form = { ...confirm.fields, action: 'sign_out' };
  await handlers.logout(httpEvent({ path: '/logout', query, cookies, headers, form }));
  await deliver();
  await world.clients.replace({ ...webClient('web'), enabled: false }, 1);
  advance(3_600);
  await deliver();
}

describe.each(names)('%s', (name) => {
  it('is allowed all that it does', () => {
    expect([...(done[name] ?? [])].filter((request) => !allowed(name).includes(request))).toEqual([]);
  });

  it('does all that it is allowed', () => {
    const unused = allowed(name).filter((request) => !done[name]?.has(request));
    expect(unused.filter((request) => !inRaces.includes(request))).toEqual([]);
  });
});
