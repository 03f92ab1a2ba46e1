import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BURST } from '../../lib/revocation/share.ts';
import { forge, properClaims, signingKeyOf } from '../support/forge.ts';
import { derivedKey, directRecipient, encryptJwe } from '../support/forge-jwe.ts';
import { openList } from '../support/revocation-list.ts';
import { sampled } from '../support/scale.ts';
import {
  authorizerEvents,
  basic,
  client,
  createTestClock,
  getToken,
  httpEvent,
  keyVariables,
  MACHINES,
  post,
  readResult,
  SECRET,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts';

const { clock, set } = createTestClock();
const NOW = clock();

let world: World;

beforeAll(async () => {
  world = await startWorld({}, clock);
  for (const id of ['public', 'public-too']) {
    await world.clients.create(client(id, { token_endpoint_auth_method: 'none', secrets: [] }));
  }
});

beforeEach(() => set(NOW));
afterAll(() => world.stop());

const revoke = (id: string, token: string, more = {}) => post(world.handlers.revocation, id, { token, ...more });
const authorize = (token: string) => verdict(world.handlers.authorizer(authorizerEvents['HTTP API 2.0'](token)));
const listLength = () => openList(world.table).length();

describe.each(MACHINES)('a token of %s', (id) => {
  it('is refused from the next request on, by every container', async () => {
    const token = await getToken(world.handlers, id);
    const elsewhere = world.restart();
    expect(await authorize(token)).toBe('allow');
    expect(await verdict(elsewhere.authorizer(authorizerEvents['REST TOKEN'](token)))).toBe('allow');

    const { status, headers, json } = await revoke(id, token);
    expect({ status, json }).toEqual({ status: 200, json: {} });
    expect(headers).toMatchObject({ 'cache-control': 'no-store' });

    expect(await authorize(token)).toBe('refuse');
    expect(await verdict(elsewhere.authorizer(authorizerEvents['REST TOKEN'](token)))).toBe('refuse');
  });

  it('leaves the other tokens of the client alone', async () => {
    const [token, other] = [await getToken(world.handlers, id), await getToken(world.handlers, id)];
    await revoke(id, token);
    expect(await authorize(other)).toBe('allow');
  });

  it('can be revoked again, with the same answer and without a second entry on the list by the same container', async () => {
    const token = await getToken(world.handlers, id);
    await revoke(id, token);
    const length = await listLength();
    for (const seconds of [0, 1, 60]) {
      set(NOW + seconds);
      expect(await revoke(id, token)).toMatchObject({ status: 200 });
    }
    expect(await listLength()).toBe(length);
    expect(await post(world.restart().revocation, id, { token })).toMatchObject({ status: 200 });
    expect(await listLength()).toBeLessThanOrEqual(length + 1);
    expect(await authorize(token)).toBe('refuse');
  });

  it.each(sampled(['access_token', 'refresh_token', 'nonsense'], 3, MACHINES.indexOf(id)))(
    'is revoked with the hint %s',
    async (token_type_hint) => {
      const token = await getToken(world.handlers, id);
      expect(await revoke(id, token, { token_type_hint })).toMatchObject({ status: 200 });
      expect(await authorize(token)).toBe('refuse');
    },
  );

  it('is not revoked by another client, which gets an error', async () => {
    const token = await getToken(world.handlers, id);
    const length = await listLength();
    const other = id === 'machine-jwt' ? 'machine-reference' : 'machine-jwt';
    expect(await revoke(other, token)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    const form = { token, client_id: 'public' };
    const byPublic = readResult(await world.handlers.revocation(httpEvent({ form })));
    expect(byPublic).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect(await authorize(token)).toBe('allow');
    expect(await listLength()).toBe(length);
  });

  it('causes no write once it has expired', async () => {
    const token = await getToken(world.handlers, id);
    const length = await listLength();
    set(NOW + 3600);
    expect(await revoke(id, token)).toMatchObject({ status: 200 });
    expect(await listLength()).toBe(length);
  });

  it('is not revoked by a request with a wrong secret', async () => {
    const token = await getToken(world.handlers, id);
    const request = httpEvent({ headers: { authorization: basic(id, 'wrong') }, form: { token } });
    expect(readResult(await world.handlers.revocation(request))).toMatchObject({ status: 401 });
    expect(await authorize(token)).toBe('allow');
  });
});

describe('With the opening key of one API, a sealed token', () => {
  /** Made by the API `orders` alone, for its own audience, with the id of another token. */
  const sealedBy = (jti: unknown, more = {}) =>
    encryptJwe(directRecipient(derivedKey('orders')), JSON.stringify({ ...properClaims(clock()), ...more, jti }), {
      header: { typ: 'at+jwt', aud: 'orders' },
    }).join('.');
  const isActive = async (api: string, token: string) =>
    (await post(world.handlers.introspection, api, { token })).json['active'];

  it.each(['machine-jwt', 'machine-encrypted', 'machine-sealed', 'machine-reference'])(
    'that has the id of a token of %s for another API ends that token at its own API only',
    async (id) => {
      const token = await getToken(world.handlers, id, { resource: 'billing' });
      const both = await getToken(world.handlers, 'machine-jwt', { resource: ['orders', 'billing'] });
      for (const victim of [token, both]) {
        const { json } = await post(world.handlers.introspection, 'billing', { token: victim });
        const copy = sealedBy(json['jti'], { grant_id: json['grant_id'] });
        expect(await isActive('orders', copy)).toBe(true);
        expect(await revoke('machine-jwt', copy)).toMatchObject({ status: 200 });
        expect(await isActive('orders', copy)).toBe(false);
        expect(await isActive('billing', victim)).toBe(true);
      }
      expect(await isActive('orders', both)).toBe(true);
    },
  );

  it('that has the id of a token that was revoked in the same second does not bring it back', async () => {
    const token = await getToken(world.handlers, 'machine-jwt', { resource: 'billing' });
    const { json } = await post(world.handlers.introspection, 'billing', { token });
    await revoke('machine-jwt', token);
    await revoke('machine-jwt', sealedBy(json['jti']));
    expect(await isActive('billing', token)).toBe(false);
  });

  it('that has an id too long for the list is no token', async () => {
    const length = await listLength();
    expect(await revoke('machine-jwt', sealedBy('x'.repeat(129)))).toMatchObject({ status: 200 });
    expect(await listLength()).toBe(length);
    expect(await revoke('machine-jwt', sealedBy('\u20ac'.repeat(128)))).toMatchObject({ status: 200 });
    expect(await listLength()).toBe(length + 1);
  });
});

describe('Above its share of the list', () => {
  const { entries } = BURST;
  const REFUSED = { status: 503, headers: { 'retry-after': String(BURST.seconds) } };
  const DONE = { status: 200, json: {} };
  const jwtOf = (client_id: string, jti: string) => forge(signingKeyOf(world.env), clock(), { client_id, jti });
  /** As the API could make it. */
  const sealedOf = (client_id: string, jti: string, aud = 'orders') => {
    const header = { typ: 'at+jwt', aud };
    const claims = { ...properClaims(clock()), client_id, jti, aud };
    return encryptJwe(directRecipient(derivedKey(aud)), JSON.stringify(claims), { header }).join('.');
  };
  const by = async (id: string, token: string, { revocation } = world.handlers) =>
    id.startsWith('public')
      ? readResult(await revocation(httpEvent({ form: { token, client_id: id } })))
      : post(revocation, id, { token });

  // Later than what the others have added.
  let start = NOW;
  beforeEach(() => {
    start += 10_000;
    set(start);
  });

  it('an API that makes sealed tokens of public clients is refused, and the users of those clients are not', async () => {
    for (let number = 0; number < entries; number++) {
      const id = number % 2 ? 'public' : 'public-too';
      expect(await by(id, sealedOf(id, `forged-${number}`))).toMatchObject(DONE);
    }
    expect(await by('public', sealedOf('public', 'one more'))).toMatchObject(REFUSED);
    expect(await by('public', jwtOf('public', 'of a user'))).toMatchObject(DONE);
    expect(await by('public', sealedOf('public', 'of a user', 'billing'))).toMatchObject(DONE);
    expect(await by('machine-sealed', sealedOf('machine-sealed', 'of a machine'))).toMatchObject(DONE);
  });

  it('a client that authenticates is refused for sealed tokens and others, at every API', async () => {
    for (let number = 0; number < entries; number++) {
      expect(await by('machine-sealed', sealedOf('machine-sealed', `own-${number}`))).toMatchObject(DONE);
    }
    expect(await by('machine-sealed', jwtOf('machine-sealed', 'a'))).toMatchObject(REFUSED);
    expect(await by('machine-sealed', sealedOf('machine-sealed', 'b', 'billing'))).toMatchObject(REFUSED);
    expect(await by('public', sealedOf('public', 'other'))).toMatchObject(DONE);
  });

  it('a client can repeat a revocation, at every container, and nothing is added', async () => {
    const tokens = Array.from({ length: entries }, (_, number) => jwtOf('machine-jwt', `repeated-${number}`));
    for (const token of tokens) expect(await by('machine-jwt', token)).toMatchObject(DONE);
    const length = await listLength();
    for (const handlers of [world.handlers, world.restart()]) {
      expect(await by('machine-jwt', tokens[0]!, handlers)).toMatchObject(DONE);
      expect(await by('machine-jwt', jwtOf('machine-jwt', 'one more'), handlers)).toMatchObject(REFUSED);
    }
    expect(await listLength()).toBe(length);
  });
});

describe('The revocation of a text that is not a live token changes nothing and answers 200:', () => {
  it.each<[string, () => Promise<string>]>([
    ['garbage', async () => 'hello'],
    ['a client secret', async () => SECRET],
    ['a forged handle', async () => `lk_at_${Buffer.alloc(36, 9).toString('base64url')}`],
    [
      'an unsigned copy of a live token',
      async () => {
        const [, payload] = (await getToken(world.handlers, 'machine-jwt')).split('.');
        return `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`;
      },
    ],
    [
      'a live token with another signature',
      async () => {
        const [header, payload] = (await getToken(world.handlers, 'machine-jwt')).split('.');
        return `${header}.${payload}.${Buffer.alloc(64, 1).toString('base64url')}`;
      },
    ],
    ['a token of another issuer', () => getToken(world.restart({ ISSUER: 'https://other.example' }), 'machine-jwt')],
    ['a token signed with another key', () => getToken(world.restart(keyVariables()), 'machine-jwt')],
    [
      'a handle of another issuer',
      () => getToken(world.restart({ ISSUER: 'https://other.example' }), 'machine-reference'),
    ],
  ])('%s', async (_name, make) => {
    const length = await listLength();
    expect(await revoke('machine-jwt', await make())).toMatchObject({ status: 200, json: {} });
    expect(await listLength()).toBe(length);
  });
});

it('A public client can revoke its own tokens only', async () => {
  const form = { token: 'hello', client_id: 'public' };
  expect(readResult(await world.handlers.revocation(httpEvent({ form })))).toMatchObject({ status: 200 });
});

it.each([
  ['no token', { headers: { authorization: basic('machine-jwt') }, form: {} }, 400, 'invalid_request'],
  ['no client', { form: { token: 'a' } }, 401, 'invalid_client'],
  ['a resource server', { headers: { authorization: basic('orders') }, form: { token: 'a' } }, 401, 'invalid_client'],
  ['GET', { method: 'GET', query: 'token=a' }, 405, 'invalid_request'],
])('refuses %s', async (_name, request, status, error) => {
  expect(readResult(await world.handlers.revocation(httpEvent(request)))).toMatchObject({ status, json: { error } });
});
