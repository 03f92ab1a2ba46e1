// The kinds of JWT are told apart at every door, also where access tokens are typed as ID tokens are.
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResourceServer } from '../../lib/oauth/resource-server.ts';
import { openDoors, type Verdict } from '../support/doors.ts';
import { forge, forgeIdToken, forgingKey, forgingVariables } from '../support/forge.ts';
import { app, newCode, payloadOf, redeem, tokensOf } from '../support/grants.ts';
import { createTestClock, getToken, httpEvent, MACHINES, post, startWorld, type World } from '../support/world.ts';

const { clock } = createTestClock();
const NOW = clock();
const key = forgingKey('ES256');
const rsa = forgingKey('RS256');

let world: World;
let show: ReturnType<typeof openDoors>;

beforeAll(async () => {
  world = await startWorld(forgingVariables([key, rsa]), clock);
  await change('orders', { access_token_typ: 'JWT' });
  await world.clients.create(app('web'));
  show = openDoors(world.restart);
});
afterAll(() => world.stop());

async function change(id: string, more: Partial<ResourceServer>) {
  const found = await world.resourceServers.findVersion(id);
  await world.resourceServers.replace({ ...found!.value, ...more }, found!.version);
}

const forOrders = { resource: 'orders' };

async function signIn(client_id = 'web') {
  const { code } = await newCode(world, client_id, { clock });
  return tokensOf(await redeem(world.handlers, client_id, code));
}

/** Whether `/logout` takes it for an ID token. */
async function asHint(token: string): Promise<Verdict> {
  const { statusCode } = await world.handlers.logout(httpEvent({ method: 'GET', query: `id_token_hint=${token}` }));
  return statusCode === 400 ? 'refuse' : 'allow';
}

async function atUserinfo(token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await world.handlers.userinfo(httpEvent({ method: 'GET', headers }))).statusCode;
}

describe('The access tokens of an API that is registered for typ JWT', () => {
  it.each(MACHINES)('are accepted for it at every door, and never as an ID token: %s', async (machine) => {
    const token = await getToken(world.handlers, machine, forOrders);
    if (machine === 'machine-jwt' || machine === 'machine-sealed') {
      expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'JWT' });
    }
    expect(await show(token)).toBe('allow');
    expect(await asHint(token)).toBe('refuse');
    expect(await post(world.handlers.revocation, machine, { token })).toMatchObject({ status: 200 });
    expect(await show(token)).toBe('refuse');
  });

  it('are typed at+jwt for an API that is not, and no token serves both', async () => {
    const { access_token } = await signIn();
    expect(decodeProtectedHeader(access_token)).toMatchObject({ alg: 'ES256', typ: 'JWT' });
    const token = await getToken(world.handlers, 'machine-jwt', { resource: 'billing' });
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'at+jwt' });
    const resource = ['orders', 'billing'];
    expect(
      await post(world.handlers.token, 'machine-jwt', { grant_type: 'client_credentials', resource }),
    ).toMatchObject({ status: 400, json: { error: 'invalid_target' } });
  });

  it('stay valid when the API is registered for the other typ', async () => {
    const token = await getToken(world.handlers, 'machine-jwt', forOrders);
    await change('orders', { access_token_typ: 'at+jwt' });
    const later = await getToken(world.handlers, 'machine-jwt', forOrders);
    expect(decodeProtectedHeader(later)).toMatchObject({ typ: 'at+jwt' });
    expect([await show(token), await show(later)]).toEqual(['allow', 'allow']);
    await change('orders', { access_token_typ: 'JWT' });
  });
});

describe('No door for access tokens takes', () => {
  const aud = 'orders';
  const withNames = { client_id: 'machine-jwt', grant_id: 'g', jti: 'j', scope: 'read' };
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
  it.each<[what: string, token: () => Promise<string> | string, hint: Verdict]>([
    ['an ID token', async () => (await signIn()).id_token, 'allow'],
    ['an ID token by the key of access tokens', () => forgeIdToken(key, NOW), 'allow'],
    ['an ID token for a client with the name of the API', () => forgeIdToken(key, NOW, { aud }), 'refuse'],
    [
      'an ID token with the claims of an access token, but no client_id',
      () => forgeIdToken(key, NOW, { ...withNames, client_id: undefined, aud }),
      'refuse',
    ],
    [
      'an ID token with all claims of an access token, its audience a client',
      () => forgeIdToken(key, NOW, withNames),
      'refuse',
    ],
    [
      'the same with a list of audiences',
      () => forgeIdToken(key, NOW, { ...withNames, aud: [aud, 'machine-jwt'] }),
      'refuse',
    ],
    [
      'an ID token with a client_id that is no text',
      () => forgeIdToken(key, NOW, { ...withNames, aud, client_id: 7 }),
      'refuse',
    ],
    [
      'an ID token typed as an access token',
      () => forge(key, NOW, { aud, client_id: undefined, azp: 'web' }),
      'refuse',
    ],
    ['a logout token', () => forge(key, NOW, { aud, events, sid: 's' }, { typ: 'logout+jwt' }), 'refuse'],
  ])('%s', async (_what, make, hint) => {
    const token = await make();
    expect(await show(token)).toBe('refuse');
    expect(await atUserinfo(token)).toBe(401);
    expect(await asHint(token)).toBe(hint);
    const namesake = openDoors((more) => world.restart({ ...more, AUDIENCE: 'machine-jwt' }));
    expect(await namesake(token)).toBe('refuse');
  });

  it('a token of a client of ours for an audience that differs from it by a slash', async () => {
    const client_id = 'https://app.example';
    const token = (audience: string) => forge(key, NOW, { client_id, aud: audience }, { typ: 'JWT' });
    const verdictAt = (AUDIENCE: string) => openDoors((more) => world.restart({ ...more, AUDIENCE }))(token(AUDIENCE));
    expect(await verdictAt(`${client_id}/`)).toBe('refuse');
    expect(await verdictAt(`${client_id}/api`)).toMatchObject({ 'HTTP API 2.0': 'allow' });
  });
});

// OpenID Connect Registration section 2: RS256 is what a client expects that asked for nothing.
describe('ID tokens', () => {
  const both = forgingVariables([key, rsa]);
  it.each<[what: string, keys: Record<string, string>, asked: string | undefined, id: string, access: string]>([
    ['RS256 where a key has it', both, undefined, 'RS256', 'ES256'],
    ['RS256 wherever that key stands', forgingVariables([rsa, key]), undefined, 'RS256', 'RS256'],
    ['what the client is registered for', both, 'ES256', 'ES256', 'ES256'],
    ['the first key where none has RS256', forgingVariables([key]), undefined, 'ES256', 'ES256'],
    [
      'the first key beside one of RSA for PSS',
      forgingVariables([key, forgingKey('PS256')]),
      undefined,
      'ES256',
      'ES256',
    ],
  ])('are signed with %s', async (what, keys, asked, id, access) => {
    const client_id = `app ${what}`.replaceAll(' ', '-');
    await world.clients.create(app(client_id, asked === undefined ? {} : { id_token_signed_response_alg: asked }));
    const { code } = await newCode(world, client_id, { clock });
    const { id_token, access_token } = tokensOf(await redeem(world.restart(keys), client_id, code));
    expect(decodeProtectedHeader(id_token)).toMatchObject({ alg: id, typ: 'JWT' });
    expect(decodeProtectedHeader(access_token)).toMatchObject({ alg: access });
    expect(payloadOf(id_token)).not.toHaveProperty('client_id');
  });
});
