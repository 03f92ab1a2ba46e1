import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forge, signingKeyOf } from '../support/forge.ts';
import {
  basic,
  client,
  createTestClock,
  getToken,
  httpEvent,
  ISSUER,
  MACHINES,
  machines,
  post,
  readResult,
  resourceServer,
  SECRET,
  startWorld,
  type World,
} from '../support/world.ts';

const { clock, set } = createTestClock();
const NOW = clock();

let world: World;

beforeAll(async () => {
  world = await startWorld({}, clock);
  await Promise.all([
    world.resourceServers.create(resourceServer('https://stock.example/api?v=1', { audience: 'stock' })),
    world.resourceServers.create(resourceServer('closed', { enabled: false })),
    world.resourceServers.create(resourceServer('machine-twin')),
    world.clients.create(client('machine-twin', { resources: ['orders'] })),
    world.clients.create(client('public', { token_endpoint_auth_method: 'none', secrets: [] })),
    world.clients.create(client('stock-client', { resources: ['https://stock.example/api?v=1'] })),
    world.clients.create(client('no-scope', { scope: '' })),
    world.resourceServers.create(resourceServer('stock', { scope: 'count' })),
    world.resourceServers.create(resourceServer('quiet', { scope: '' })),
    ...(['jwt', 'reference'] as const).map((access_token_format) =>
      world.clients.create(
        client(`several-${access_token_format}`, {
          access_token_format,
          scope: 'read count',
          resources: ['orders', 'stock', 'quiet'],
        }),
      ),
    ),
  ]);
});

afterAll(() => world.stop());

const introspect = (id: string, token: string) => post(world.handlers.introspection, id, { token });
const INACTIVE = { active: false };

describe.each(MACHINES)('a token of %s', (id) => {
  it('is described in full to the resource server that it is for', async () => {
    const token = await getToken(world.handlers, id, { scope: 'read' });
    const { status, headers, json } = await introspect('orders', token);
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' });
    expect(json).toEqual({
      active: true,
      token_type: 'Bearer',
      iss: ISSUER,
      sub: id,
      aud: 'orders',
      client_id: id,
      scope: 'read',
      iat: NOW,
      exp: NOW + 3600,
      jti: expect.any(String),
      grant_id: expect.any(String),
    });
  });

  it('is described to the client that it was issued to, with no claim that the format hides from the client', async () => {
    const token = await getToken(world.handlers, id, { scope: 'read' });
    const { json } = await introspect(id, token);
    const known = { active: true, scope: 'read', exp: NOW + 3600 };
    if (machines[id] === 'jwt') expect(json).toMatchObject({ ...known, sub: id, token_type: 'Bearer' });
    else expect(json).toEqual(known);
  });

  it('is reported as inactive, without further members, to any other caller', async () => {
    const token = await getToken(world.handlers, id);
    const other = id === 'machine-jwt' ? 'machine-reference' : 'machine-jwt';
    expect(await introspect('billing', token)).toMatchObject({ status: 200, json: INACTIVE });
    expect((await introspect(other, token)).json).toEqual(INACTIVE);
  });

  it('is inactive from the second of its expiry, although it is still stored', async () => {
    const token = await getToken(world.handlers, id);
    set(NOW + 3599);
    expect(await introspect('orders', token)).toMatchObject({ json: { active: true } });
    set(NOW + 3600);
    expect((await introspect('orders', token)).json).toEqual(INACTIVE);
    set(NOW);
  });

  it('is inactive from the next request on after its revocation', async () => {
    const token = await getToken(world.handlers, id);
    expect(await post(world.handlers.revocation, id, { token })).toMatchObject({ status: 200 });
    expect((await introspect('orders', token)).json).toEqual(INACTIVE);
    expect((await introspect(id, token)).json).toEqual(INACTIVE);
  });
});

it('a claim of a token never takes the place of what introspection says itself', async () => {
  const token = forge(signingKeyOf(world.env), NOW, { active: false, token_type: 'N_A' });
  expect(await introspect('orders', token)).toMatchObject({ json: { active: true, token_type: 'Bearer' } });
});

it.each(['machine-jwt', 'machine-reference'])('a token of %s is active for each of several audiences', async (id) => {
  const token = await getToken(world.handlers, id, { resource: ['orders', 'billing'] });
  expect(await introspect('orders', token)).toMatchObject({ json: { active: true, aud: ['orders', 'billing'] } });
  expect(await introspect('billing', token)).toMatchObject({ json: { active: true } });
});

describe('A token for two APIs shows each of them its own scopes:', () => {
  it.each<[string, object]>([
    ['orders', { scope: 'read' }],
    ['stock', { scope: 'count' }],
    ['quiet', {}],
  ])('%s', async (caller, expected) => {
    const resource = ['orders', 'stock', 'quiet'];
    for (const id of ['several-jwt', 'several-reference']) {
      const token = await getToken(world.handlers, id, { resource, scope: 'read count' });
      const { active, aud, scope } = (await introspect(caller, token)).json;
      expect({ active, aud, ...(scope !== undefined && { scope }) }).toEqual({
        active: true,
        aud: resource,
        ...expected,
      });
    }
  });
});

describe('Introspection of a text that is not a token of this service', () => {
  it.each([
    ['nothing like a token', 'hello'],
    ['a handle with another MAC', `lk_at_${Buffer.alloc(36).toString('base64url')}`],
    ['a client secret', SECRET],
    ['an unsigned JWT', `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`],
    ['five segments', 'a.b.c.d.e'],
    ['something enormous', 'a.'.repeat(8000)],
  ])('answers inactive: %s', async (_name, token) => {
    expect(await introspect('orders', token)).toMatchObject({ status: 200, json: INACTIVE });
  });

  it('answers inactive whatever the hint says', async () => {
    const token = await getToken(world.handlers, 'machine-jwt');
    for (const token_type_hint of ['refresh_token', 'access_token', 'nonsense']) {
      const { json } = await post(world.handlers.introspection, 'orders', { token, token_type_hint });
      expect(json).toMatchObject({ active: true });
    }
  });
});

describe('The caller of introspection', () => {
  it('may be a resource server whose identifier is a URL', async () => {
    const token = await getToken(world.handlers, 'stock-client');
    expect(await introspect('https://stock.example/api?v=1', token)).toMatchObject({
      json: { active: true, aud: 'stock' },
    });
  });

  it('may authenticate with client_secret_post', async () => {
    const token = await getToken(world.handlers, 'machine-jwt');
    const form = { token, client_id: 'orders', client_secret: SECRET };
    const { json } = readResult(await world.handlers.introspection(httpEvent({ form })));
    expect(json).toMatchObject({ active: true });
  });

  it('is taken for the resource server if a client has the same id', async () => {
    const token = await getToken(world.handlers, 'machine-twin');
    expect((await introspect('machine-twin', token)).json).toEqual(INACTIVE);
  });

  it('gets a description without scope for a token without scope', async () => {
    const token = await getToken(world.handlers, 'no-scope');
    expect((await introspect('orders', token)).json).not.toHaveProperty('scope');
  });

  const form = { token: 'anything' };
  it.each([
    ['one without credentials', { form }, 401, 'invalid_client'],
    ['an unknown one', { headers: { authorization: basic('nobody') }, form }, 401, 'invalid_client'],
    ['one with a wrong secret', { headers: { authorization: basic('orders', 'wrong') }, form }, 401, 'invalid_client'],
    ['a disabled resource server', { headers: { authorization: basic('closed') }, form }, 401, 'invalid_client'],
    ['a public client', { form: { ...form, client_id: 'public' } }, 401, 'invalid_client'],
    ['a resource server without its secret', { form: { ...form, client_id: 'orders' } }, 401, 'invalid_client'],
    ['one that presents a token only', { headers: { authorization: 'Bearer abc' }, form }, 401, 'invalid_client'],
    ['one that sends no token', { headers: { authorization: basic('orders') }, form: {} }, 400, 'invalid_request'],
    [
      'one that sends two tokens',
      { headers: { authorization: basic('orders') }, form: 'token=a&token=b' },
      400,
      'invalid_request',
    ],
    [
      'one that sends the token in the query',
      { query: 'token=a', headers: { authorization: basic('orders') }, form },
      400,
      'invalid_request',
    ],
    ['one that uses GET', { method: 'GET', headers: { authorization: basic('orders') } }, 405, 'invalid_request'],
  ])('is refused: %s', async (_name, request, status, error) => {
    const result = readResult(await world.handlers.introspection(httpEvent(request)));
    expect(result).toMatchObject({ status, json: { error } });
  });
});
