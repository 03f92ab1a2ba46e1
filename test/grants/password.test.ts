import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createUserStore } from '../../lib/store/user.ts';
import { createUser } from '../../lib/users/create-user.ts';
import { app, payloadOf, refresh, type Tokens, tokensOf } from '../support/grants.ts';
import { createTestClock, httpEvent, ISSUER, post, readResult, startWorld, type World } from '../support/world.ts';

const { clock, advance } = createTestClock();
const PASSWORD = 'correct horse battery staple';

let world: World;
let sub = '';

beforeAll(async () => {
  world = await startWorld({}, clock);
  const grant_types = ['password', 'refresh_token'];
  const users = createUserStore(world.table);
  const [alice] = await Promise.all([
    createUser({ username: 'alice', password: PASSWORD, claims: {} }, { users, clock }),
    createUser({ username: 'bob', password: PASSWORD, claims: {} }, { users, clock }),
    createUser({ username: 'gone', password: PASSWORD, claims: {} }, { users, clock }),
    world.clients.create(app('legacy', { grant_types })),
    world.clients.create(app('spa', { grant_types, token_endpoint_auth_method: 'none', secrets: [] })),
    world.clients.create(app('sign-in-only', { grant_types, resources: [], scope: 'openid' })),
    world.clients.create(app('web')),
  ]);
  sub = alice!.sub;
  const gone = (await users.findByName('gone'))!;
  const { version } = (await users.findVersion(gone.sub))!;
  await users.replace({ ...gone, enabled: false }, version);
});
afterAll(() => world.stop());

const ask = (id: string, more: Record<string, string> = {}) =>
  post(world.handlers.token, id, { grant_type: 'password', username: 'alice', password: PASSWORD, ...more });

describe('The grant type password', () => {
  it('gives an access token for the user, and no refresh token without offline_access', async () => {
    const result = await ask('legacy', { scope: 'read' });
    expect(result).toMatchObject({ status: 200, json: { scope: 'read', token_type: 'Bearer' } });
    expect(payloadOf(tokensOf(result).access_token)).toMatchObject({ sub, client_id: 'legacy', aud: 'orders' });
    for (const name of ['refresh_token', 'id_token']) expect(result.json).not.toHaveProperty(name);
    expect(await world.table.scan('GRANT')).toEqual([]);
  });

  it('without a scope gives the scopes of the resource server, but not offline_access', async () => {
    expect((await ask('legacy')).json).toMatchObject({ scope: 'read write' });
  });

  it('gives a refresh token for offline_access and an ID token for openid, and a refresh renews both', async () => {
    const first = tokensOf(await ask('legacy', { scope: 'openid offline_access read' }));
    expect(payloadOf(first.id_token)).toMatchObject({ sub, aud: 'legacy', auth_time: clock(), amr: ['pwd'] });
    const second: Tokens = tokensOf(await refresh(world.handlers, 'legacy', first.refresh_token));
    expect(payloadOf(second.access_token)).toMatchObject({ sub, scope: 'openid offline_access read' });
    expect(payloadOf(second.access_token)['grant_id']).toBe(payloadOf(first.access_token)['grant_id']);
  });

  it('gives an access token for the issuer if the client has no resource server', async () => {
    const { access_token } = tokensOf(await ask('sign-in-only', { scope: 'openid' }));
    expect(payloadOf(access_token)).toMatchObject({ aud: ISSUER, scope: 'openid' });
  });

  it('may be used by a public client that is registered for it', async () => {
    const form = { grant_type: 'password', client_id: 'spa', username: 'alice', password: PASSWORD };
    expect(readResult(await world.handlers.token(httpEvent({ form })))).toMatchObject({ status: 200 });
  });

  it.each<[string, string, Record<string, string>, string]>([
    ['a client that is not named for it', 'web', {}, 'unauthorized_client'],
    ['a wrong password', 'legacy', { username: 'bob', password: 'wrong' }, 'invalid_grant'],
    ['an unknown user', 'legacy', { username: 'nobody' }, 'invalid_grant'],
    ['a disabled user', 'legacy', { username: 'gone' }, 'invalid_grant'],
    ['no username', 'legacy', { username: '' }, 'invalid_request'],
    ['no password', 'legacy', { password: '' }, 'invalid_request'],
    ['a scope that is too wide', 'legacy', { scope: 'admin' }, 'invalid_scope'],
    ['another resource', 'legacy', { resource: 'x' }, 'invalid_target'],
    ['no scope openid where there is nothing else', 'sign-in-only', {}, 'invalid_scope'],
  ])('is refused to %s', async (_name, id, more, error) => {
    expect(await ask(id, more)).toMatchObject({ status: 400, json: { error } });
  });

  it('is refused for a wrong password with a message about that, the same for a user who does not exist', async () => {
    for (const more of [{ username: 'bob', password: 'wrong' }, { username: 'nobody' }, { username: 'gone' }]) {
      const { json } = await ask('legacy', more);
      expect(json['error_description']).toBe('username and password do not match');
    }
    advance(600);
  });

  it('delays guessing, with Retry-After', async () => {
    const guess = () => ask('legacy', { username: 'bob', password: 'wrong' });
    let result = await guess();
    for (let attempt = 0; attempt < 10 && !result.headers['retry-after']; attempt++) result = await guess();
    expect(result).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect(Number(result.headers['retry-after'])).toBeGreaterThan(0);
    expect(await ask('legacy', { username: 'bob' })).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    advance(600);
    expect(await ask('legacy', { username: 'bob' })).toMatchObject({ status: 200 });
  });
});
