import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { CALLBACK, openBrowser, proper, user, VERIFIER, webClient } from '../support/browser.ts';
import { type FaultyStore, faults, startFaultyStore } from '../support/faulty-store.ts';
import { authorizerEvents, post, startWorld, verdict, type World } from '../support/world.ts';
import { type Cli, createCli, succeeding } from './cli-runner.ts';

let world: World;
let store: FaultyStore;
let attempt: Cli;
let latchkey: Cli;

const systemTime: Clock = () => Math.floor(Date.now() / 1000);

beforeAll(async () => {
  world = await startWorld({}, systemTime);
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  attempt = createCli({ ...world.env, AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
  latchkey = succeeding(attempt);
  const users = createUserStore(world.table);
  for (const name of ['alice', 'bob']) {
    const person = await user(name);
    await users.reserveName(name, person.sub);
    await users.create(person);
  }
  for (const id of ['web', 'other']) await world.clients.create(webClient(id));
});
afterEach(() => store.behave());
afterAll(async () => {
  await store.stop();
  await world.stop();
});

const scope = 'openid profile offline_access read';

/** Somebody signs in, and allows what is asked if it is asked. */
async function allow(client_id: string, name = 'alice') {
  const browser = openBrowser(world.handlers.authorization);
  const page = await browser.signIn(await browser.get(proper({ client_id, scope })), name);
  const isAsked = page.fields['page'] === 'consent';
  const { answer } = isAsked ? await browser.press(page, 'allow') : page;
  const form = { grant_type: 'authorization_code', redirect_uri: CALLBACK, code_verifier: VERIFIER };
  const { json } = await post(world.handlers.token, client_id, { ...form, code: answer['code'] ?? '' });
  return { isAsked, accessToken: String(json['access_token']), refreshToken: String(json['refresh_token']) };
}

const shown = (token: string) => verdict(world.handlers.authorizer(authorizerEvents['HTTP API 2.0'](token)));
const refresh = async (client_id: string, refresh_token: string) =>
  (await post(world.handlers.token, client_id, { grant_type: 'refresh_token', refresh_token })).status;

describe('consents:', () => {
  it('list shows the consents of a user', async () => {
    await allow('web');
    const { json } = await latchkey(['consents', 'list', '--user', 'alice', '--json']);
    expect(json()).toEqual([
      { client_id: 'web', scope: scope.split(' '), resources: ['orders'], given_at: expect.any(Number) },
    ]);
    expect((await latchkey(['consents', 'list', '--subject', 'sub-of-bob'])).stdout).toBe('none\n');
  });

  it('withdraw makes the user be asked again, and revokes the tokens of the client', async () => {
    await allow('web');
    const given = await allow('web');
    const [elsewhere, another] = [await allow('other'), await allow('web', 'bob')];
    expect(given.isAsked).toBe(false);
    await latchkey(['consents', 'withdraw', '--yes', 'web', '--user', 'alice']);

    expect(await shown(given.accessToken)).toBe('refuse');
    expect(await refresh('web', given.refreshToken)).toBe(400);
    for (const { accessToken } of [elsewhere, another]) expect(await shown(accessToken)).toBe('allow');
    expect(await refresh('other', elsewhere.refreshToken)).toBe(200);
    expect(await refresh('web', another.refreshToken)).toBe(200);
    expect((await allow('other')).isAsked).toBe(false);

    const again = await allow('web');
    expect(again.isAsked).toBe(true);
    expect(await shown(again.accessToken)).toBe('allow');
  });

  it('withdraw can be completed by repeating it after a failure', async () => {
    const given = await allow('web');
    store.behave(async (response, forward, request) => {
      if (request.operation === 'UpdateItem') return faults['access denied'](response, forward, request);
      const { status, headers, body } = await forward();
      response.writeHead(status, headers).end(body);
    });
    const withdraw = ['consents', 'withdraw', '--yes', 'web', '--user', 'alice'];
    expect(await attempt(withdraw)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not all grants are revoked/),
    });
    store.behave();
    await latchkey(withdraw);
    expect(await shown(given.accessToken)).toBe('refuse');
  });

  it.each([
    ['no user', ['list'], 2, /the user is missing/],
    ['two users', ['list', '--user', 'alice', '--subject', 'x'], 2, /cannot be used with/],
    ['an unknown user', ['withdraw', 'web', '--user', 'nobody'], 1, /there is no user nobody/],
  ])('a command line with %s is refused', async (_, args, code, reason) => {
    expect(await attempt(['consents', ...args])).toMatchObject({ code, stderr: expect.stringMatching(reason) });
  });
});
