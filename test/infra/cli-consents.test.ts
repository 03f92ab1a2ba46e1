import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import { inParallel } from '../../lib/in-parallel.ts';
import { createGrantId } from '../../lib/oauth/grant-id.ts';
import { createGrantStore } from '../../lib/store/grant.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { CALLBACK, openBrowser, proper, user, VERIFIER, webClient } from '../support/browser.ts';
import { type FaultyStore, faults, onlyIf, startFaultyStore } from '../support/faulty-store.ts';
import { scaled } from '../support/scale.ts';
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

const grantsOf = async (name: string) =>
  (await world.table.scan('GRANT'))
    .filter(({ sub }) => sub === `sub-of-${name}`)
    .map((item) => String(item['grant_id']));

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

  it('withdraw ends many grants, reads what the user has, and goes on where it was interrupted', async () => {
    const given = await allow('web', 'bob');
    const [grant_id = ''] = (await grantsOf('bob')).slice(-1);
    const found = (await createGrantStore(world.table).find(grant_id))!;
    const count = scaled(60, 10_000);
    const ids = Array.from({ length: count }, () => createGrantId(found.sub).grant_id);
    await inParallel(ids, 20, (id) => createGrantStore(world.table).put({ ...found, grant_id: id }));

    let revoked = 0;
    store.behave(
      onlyIf(({ operation }) => operation === 'UpdateItem' && ++revoked > count / 2, faults['access denied']),
    );
    const withdraw = ['consents', 'withdraw', '--yes', 'web', '--user', 'bob'];
    expect(await attempt(withdraw)).toMatchObject({ code: 1 });
    store.behave();
    store.take();
    expect((await latchkey(withdraw)).stdout).toMatch(/ and \d+ more\n$/);
    expect(store.take().filter(({ operation }) => operation === 'Scan')).toEqual([]);
    const states = await Promise.all(ids.map(async (id) => (await createGrantStore(world.table).find(id))?.state));
    expect(new Set(states)).toEqual(new Set(['revoked']));
    expect(await shown(given.accessToken)).toBe('refuse');
    expect(await refresh('web', given.refreshToken)).toBe(400);
  });

  it.each([
    ['user sign-out', ['user', 'sign-out', 'alice', '--yes']],
    ['client disable', ['client', 'disable', 'other', '--yes']],
  ])('%s takes a few writes, however many grants it ends', async (_, command) => {
    const given = await allow('other');
    await inParallel(Array.from({ length: scaled(5, 100) }), 1, () => allow('other'));
    store.take();
    await latchkey(command);
    const writes = store.take().filter(({ operation }) => /^(Put|Update|Delete)Item$/.test(operation));
    expect(writes.length).toBeLessThanOrEqual(3);
    expect(await refresh('other', given.refreshToken)).toBeGreaterThanOrEqual(400);
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
