import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { compose as composeToken } from '../../functions/token.ts';
import { token } from '../../lib/endpoints/token.ts';
import type { GrantType } from '../../lib/grants/grant-type.ts';
import { grantTypes } from '../../lib/grants/grant-types.ts';
import { serve } from '../../lib/http/serve.ts';
import { importSecret } from '../../lib/secrets/secret.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import {
  basic,
  client,
  createTestClock,
  type FormRequest,
  getToken,
  httpEvent,
  ISSUER,
  post,
  readResult,
  resourceServer,
  SECRET,
  STORED_SECRET,
  startWorld,
  type World,
} from '../support/world.ts';

const { clock, set } = createTestClock();
const NOW = clock();

let world: World;

beforeAll(async () => {
  world = await startWorld({}, clock);
  const { clients, resourceServers } = world;
  await Promise.all([
    resourceServers.create(resourceServer('https://stock.example/api', { audience: 'stock', scope: 'read count' })),
    resourceServers.create(resourceServer('opaque', { access_token_format: 'reference', access_token_lifetime: 60 })),
    resourceServers.create(resourceServer('closed', { enabled: false })),
    clients.create(
      client('everywhere', {
        resources: ['orders', 'billing', 'https://stock.example/api', 'opaque', 'closed', 'gone'],
      }),
    ),
    clients.create(client('disabled', { enabled: false })),
    clients.create(client('public', { token_endpoint_auth_method: 'none', secrets: [] })),
    clients.create(client('basic-only', { token_endpoint_auth_method: 'client_secret_basic' })),
    clients.create(client('post-only', { token_endpoint_auth_method: 'client_secret_post' })),
    clients.create(client('scopeless', { scope: '', access_token_format: 'jwt' })),
    clients.create(client('no-grants', { grant_types: [] })),
    clients.create(client('device', { grant_types: ['urn:example:pending'] })),
    clients.create(client('no-resources', { resources: [] })),
    clients.create(client('short', { access_token_lifetime: 30 })),
    clients.create(client('long', { access_token_lifetime: 10_000_000 })),
    clients.create(client('odd_id_%+&=u')),
    clients.create(
      client('rotating', {
        secrets: [
          { ...STORED_SECRET, secret_id: 'old', expires_at: NOW + 100 },
          await importSecret('correct horse battery staple', NOW),
        ],
      }),
    ),
  ]);
});

afterAll(() => world.stop());

const GRANT = { grant_type: 'client_credentials' };
const decode = (token: unknown) => JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString());

async function send(request: FormRequest) {
  return readResult(await world.handlers.token(httpEvent(request)));
}

// No grant type can be pending yet; device authorization will be.
describe('A grant type whose user has not decided yet', () => {
  const registry = grantTypes as Map<string, GrantType>;
  const name = 'urn:example:pending';
  afterEach(() => registry.delete(name));

  it.each(['authorization_pending', 'slow_down'] as const)('answers %s and undoes its changes', async (pending) => {
    let failed = 0;
    registry.set(name, {
      name,
      async obtain({ onOutcome }) {
        onOutcome({ failed: async () => failed++ });
        return { pending };
      },
    });
    const { status, json } = await post(world.handlers.token, 'device', { grant_type: name });
    expect({ status, error: json['error'] }).toEqual({ status: 400, error: pending });
    expect(failed).toBe(1);
  });
});

describe('A successful token request', () => {
  it('is answered as in RFC 6749 section 5.1, with no-store', async () => {
    const { status, headers, json } = await post(world.handlers.token, 'machine-jwt', { ...GRANT, scope: 'read' });
    expect(status).toBe(200);
    expect(headers).toEqual({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      pragma: 'no-cache',
      vary: 'Origin',
      'strict-transport-security': 'max-age=31536000',
    });
    expect(json).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'read',
    });
  });

  it('issues a JWT with the claims of RFC 9068 and no others', async () => {
    const token = await getToken(world.handlers, 'machine-jwt', { scope: 'write read' });
    const [header] = token.split('.');
    expect(JSON.parse(Buffer.from(header ?? '', 'base64url').toString())).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(decode(token)).toEqual({
      iss: ISSUER,
      sub: 'machine-jwt',
      aud: 'orders',
      client_id: 'machine-jwt',
      scope: 'write read',
      iat: NOW,
      exp: NOW + 3600,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      grant_id: expect.stringMatching(/^[\w-]{22}$/),
    });
  });

  it('issues a reference token with a prefix for secret scanners, and stores nothing that could be presented', async () => {
    const token = await getToken(world.handlers, 'machine-reference');
    expect(token).toMatch(/^lk_at_[\w-]{51}$/);
    const stored = JSON.stringify(await world.table.scan('TOKEN'));
    expect(stored).toContain('machine-reference');
    expect(stored).not.toContain(token.slice('lk_at_'.length));
  });

  it('gives every token an id and a grant of its own', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => getToken(world.handlers, 'machine-jwt')));
    expect(new Set(tokens.map((token) => decode(token).jti)).size).toBe(20);
    expect(new Set(tokens.map((token) => decode(token).grant_id)).size).toBe(20);
  });

  it.each([
    ['client_secret_basic', { headers: { authorization: basic('machine-jwt') }, form: GRANT }],
    [
      'client_secret_basic, scheme in lower case',
      { headers: { authorization: basic('machine-jwt').replace('B', 'b') }, form: GRANT },
    ],
    [
      'client_secret_basic, id and secret form-encoded',
      { headers: { authorization: basic('odd_id_%+&=u') }, form: GRANT },
    ],
    [
      'client_secret_basic with the same client_id in the form',
      { headers: { authorization: basic('machine-jwt') }, form: { ...GRANT, client_id: 'machine-jwt' } },
    ],
    ['client_secret_post', { form: { ...GRANT, client_id: 'machine-jwt', client_secret: SECRET } }],
    [
      'client_secret_post beside an access token, which authenticates no client',
      {
        headers: { authorization: 'Bearer abc' },
        form: { ...GRANT, client_id: 'machine-jwt', client_secret: SECRET },
      },
    ],
    ['client_secret_post, registered', { form: { ...GRANT, client_id: 'post-only', client_secret: SECRET } }],
    [
      'a media type with a charset',
      {
        headers: {
          authorization: basic('machine-jwt'),
          'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
        },
        form: GRANT,
      },
    ],
    ['unknown parameters', { headers: { authorization: basic('machine-jwt') }, form: { ...GRANT, colour: 'blue' } }],
    [
      'empty parameters, which count as absent',
      {
        headers: { authorization: basic('machine-jwt') },
        form: 'grant_type=client_credentials&scope=&resource=&client_secret=&client_id=',
      },
    ],
    ['an unrelated query', { query: 'colour=blue', headers: { authorization: basic('machine-jwt') }, form: GRANT }],
  ] satisfies [string, FormRequest][])('accepts %s', async (_name, request) => {
    expect(await send(request)).toMatchObject({ status: 200 });
  });
});

describe('The granted scope', () => {
  it.each([
    ['all that the client may have there, when none is asked for', 'machine-jwt', {}, 'read write'],
    ['the requested scope', 'machine-jwt', { scope: 'write' }, 'write'],
    ['each token once', 'machine-jwt', { scope: 'write read write' }, 'write read'],
    ['what the client may have of it', 'machine-jwt', { scope: 'admin read unknown' }, 'read'],
    ['the same with spaces too many', 'machine-jwt', { scope: ' read  write ' }, 'read write'],
    ['only what the resource server knows', 'everywhere', { resource: 'https://stock.example/api' }, 'read'],
  ])('is %s', async (_name, id, form, scope) => {
    const { json } = await post(world.handlers.token, id, { ...GRANT, ...form });
    expect(json).toMatchObject({ scope });
  });
});

describe('The parameter resource', () => {
  it.each([
    ['the default', {}, 'orders'],
    ['another', { resource: 'billing' }, 'billing'],
    ['one whose audience differs from its identifier', { resource: 'https://stock.example/api' }, 'stock'],
    ['the same one twice', { resource: ['orders', 'orders'] }, 'orders'],
    ['two that one token can serve', { resource: ['orders', 'billing'] }, ['orders', 'billing']],
  ])('chooses the audience: %s', async (_name, form, aud) => {
    expect(decode(await getToken(world.handlers, 'everywhere', form))).toMatchObject({ aud });
  });

  it('selects format and lifetime of the resource server, unless the client has its own', async () => {
    const opaque = await post(world.handlers.token, 'everywhere', { ...GRANT, resource: 'opaque' });
    expect(opaque.json).toMatchObject({ access_token: expect.stringMatching(/^lk_at_/), expires_in: 60 });
    const short = await post(world.handlers.token, 'short', GRANT);
    expect(short.json).toMatchObject({ access_token: expect.stringMatching(/^eyJ/), expires_in: 30 });
  });

  it('never gives a lifetime over the maximum', async () => {
    expect(await post(world.handlers.token, 'long', GRANT)).toMatchObject({ json: { expires_in: 86_400 } });
  });
});

describe('Claims from an extension', () => {
  const theirs = {
    tenant: 'acme',
    iss: 'https://evil.example',
    sub: 'somebody else',
    aud: 'billing',
    client_id: 'other',
    scope: 'admin',
    iat: 1,
    exp: NOW + 10_000_000,
    jti: 'fixed',
    grant_id: 'fixed',
  };
  const issue = async (id: string) => {
    const compose = () => ({
      ...composeToken(createFoundationWithTable(world.env, clock)),
      extensions: { accessTokenClaims: () => theirs },
    });
    return decode(await getToken({ token: serve(token, compose) }, id));
  };

  it('are added, but never replace a standard claim', async () => {
    expect(await issue('machine-jwt')).toEqual({
      tenant: 'acme',
      iss: ISSUER,
      sub: 'machine-jwt',
      aud: 'orders',
      client_id: 'machine-jwt',
      scope: 'read write',
      iat: NOW,
      exp: NOW + 3600,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      grant_id: expect.stringMatching(/^[\w-]{22}$/),
    });
  });

  it('cannot add a scope to a token without one', async () => {
    expect(await issue('scopeless')).not.toHaveProperty('scope');
  });
});

describe('The token endpoint refuses', () => {
  const authorization = basic('machine-jwt');
  const cases: [string, FormRequest, number, string][] = [
    ['no grant_type', { headers: { authorization }, form: { scope: 'read' } }, 400, 'invalid_request'],
    [
      'an unknown grant_type',
      { headers: { authorization }, form: { grant_type: 'urn:ietf:params:oauth:grant-type:saml2-bearer' } },
      400,
      'unsupported_grant_type',
    ],
    [
      'a grant_type named like a method of every object',
      { headers: { authorization }, form: { grant_type: 'constructor' } },
      400,
      'unsupported_grant_type',
    ],
    [
      'a client that may not use the grant_type',
      { headers: { authorization: basic('no-grants') }, form: GRANT },
      400,
      'unauthorized_client',
    ],
    ['a public client', { form: { ...GRANT, client_id: 'public' } }, 400, 'unauthorized_client'],
    [
      'a scope that the client may not have',
      { headers: { authorization }, form: { ...GRANT, scope: 'admin' } },
      400,
      'invalid_scope',
    ],
    [
      'a scope that the resource server does not know',
      {
        headers: { authorization: basic('everywhere') },
        form: { ...GRANT, scope: 'write', resource: 'https://stock.example/api' },
      },
      400,
      'invalid_scope',
    ],
    [
      'a malformed scope',
      { headers: { authorization }, form: { ...GRANT, scope: 'read "write"' } },
      400,
      'invalid_scope',
    ],
    [
      'an unknown resource',
      { headers: { authorization }, form: { ...GRANT, resource: 'https://unknown.example' } },
      400,
      'invalid_target',
    ],
    [
      'a resource that is registered but gone',
      { headers: { authorization: basic('everywhere') }, form: { ...GRANT, resource: 'gone' } },
      400,
      'invalid_target',
    ],
    [
      'a resource that is disabled',
      { headers: { authorization: basic('everywhere') }, form: { ...GRANT, resource: 'closed' } },
      400,
      'invalid_target',
    ],
    [
      'one good and one bad resource',
      { headers: { authorization }, form: { ...GRANT, resource: ['orders', 'nowhere'] } },
      400,
      'invalid_target',
    ],
    [
      'a resource with a fragment',
      { headers: { authorization }, form: { ...GRANT, resource: 'orders#part' } },
      400,
      'invalid_target',
    ],
    [
      'no resource and no default',
      { headers: { authorization: basic('no-resources') }, form: GRANT },
      400,
      'invalid_target',
    ],
    [
      'resources that want different formats',
      { headers: { authorization: basic('everywhere') }, form: { ...GRANT, resource: ['orders', 'opaque'] } },
      400,
      'invalid_target',
    ],
    ['no client at all', { form: GRANT }, 401, 'invalid_client'],
    ['an unknown client', { headers: { authorization: basic('nobody') }, form: GRANT }, 401, 'invalid_client'],
    [
      'a wrong secret',
      { headers: { authorization: basic('machine-jwt', 'wrong') }, form: GRANT },
      401,
      'invalid_client',
    ],
    ['a disabled client', { headers: { authorization: basic('disabled') }, form: GRANT }, 401, 'invalid_client'],
    [
      'a confidential client that presents no secret',
      { form: { ...GRANT, client_id: 'machine-jwt' } },
      401,
      'invalid_client',
    ],
    [
      'a public client that presents a secret',
      { headers: { authorization: basic('public') }, form: GRANT },
      401,
      'invalid_client',
    ],
    [
      'the wrong method: post for basic',
      { form: { ...GRANT, client_id: 'basic-only', client_secret: SECRET } },
      401,
      'invalid_client',
    ],
    [
      'the wrong method: basic for post',
      { headers: { authorization: basic('post-only') }, form: GRANT },
      401,
      'invalid_client',
    ],
    [
      'a resource server as a client',
      { headers: { authorization: basic('orders') }, form: GRANT },
      401,
      'invalid_client',
    ],
    ['another scheme', { headers: { authorization: 'Digest abc' }, form: GRANT }, 401, 'invalid_client'],
    ['an access token', { headers: { authorization: 'Bearer abc' }, form: GRANT }, 401, 'invalid_client'],
    [
      'an access token of a confidential client that gives only its id',
      { headers: { authorization: 'Bearer abc' }, form: { ...GRANT, client_id: 'machine-jwt' } },
      401,
      'invalid_client',
    ],
    [
      'another scheme of a public client',
      { headers: { authorization: 'Digest abc' }, form: { ...GRANT, client_id: 'public' } },
      401,
      'invalid_client',
    ],
    ['Basic that is not base64', { headers: { authorization: 'Basic ä' }, form: GRANT }, 401, 'invalid_client'],
    [
      'Basic with malformed percent-encoding',
      { headers: { authorization: `Basic ${Buffer.from(`machine-jwt:%zz`).toString('base64')}` }, form: GRANT },
      401,
      'invalid_client',
    ],
    [
      'two client authentications',
      { headers: { authorization }, form: { ...GRANT, client_id: 'machine-jwt', client_secret: SECRET } },
      400,
      'invalid_request',
    ],
    [
      'Basic, and another client_id in the form',
      { headers: { authorization }, form: { ...GRANT, client_id: 'short' } },
      400,
      'invalid_request',
    ],
    ['client_secret without client_id', { form: { ...GRANT, client_secret: SECRET } }, 400, 'invalid_request'],
    [
      'a repeated parameter',
      { headers: { authorization }, form: 'grant_type=client_credentials&scope=read&scope=read' },
      400,
      'invalid_request',
    ],
    [
      'a repeated grant_type, once empty',
      { headers: { authorization }, form: 'grant_type=&grant_type=client_credentials' },
      400,
      'invalid_request',
    ],
    [
      'credentials in the query',
      { query: `client_secret=${SECRET}`, headers: { authorization }, form: GRANT },
      400,
      'invalid_request',
    ],
    [
      'credentials in the query, encoded',
      { query: `client%5Fsecret=x`, headers: { authorization }, form: GRANT },
      400,
      'invalid_request',
    ],
    [
      'a JSON body',
      { headers: { authorization, 'content-type': 'application/json' }, form: JSON.stringify(GRANT) },
      400,
      'invalid_request',
    ],
    [
      'a media type that only begins like the right one',
      { headers: { authorization, 'content-type': 'application/x-www-form-urlencodedx' }, form: GRANT },
      400,
      'invalid_request',
    ],
    [
      'no body',
      { headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' } },
      400,
      'invalid_request',
    ],
    [
      'malformed percent-encoding',
      { headers: { authorization }, form: 'grant_type=client_credentials&scope=%zz' },
      400,
      'invalid_request',
    ],
    [
      'percent-encoded bytes that are not UTF-8',
      { headers: { authorization }, form: 'grant_type=client_credentials&scope=%ff' },
      400,
      'invalid_request',
    ],
    [
      'too many parameters',
      { headers: { authorization }, form: `grant_type=client_credentials${'&a'.repeat(100)}` },
      400,
      'invalid_request',
    ],
    [
      'a body that is too large',
      { headers: { authorization }, form: `grant_type=client_credentials&a=${'a'.repeat(40_000)}` },
      400,
      'invalid_request',
    ],
    [
      'an id that is too long',
      { headers: { authorization: basic('a'.repeat(3000)) }, form: GRANT },
      401,
      'invalid_client',
    ],
  ];

  it.each(cases)('%s', async (_name, request, status, error) => {
    const result = await send(request);
    expect(result).toMatchObject({
      status,
      json: { error, error_description: expect.stringMatching(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/) },
    });
    expect(result.headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(result.headers['www-authenticate']).toBe(
      status === 401 ? 'Basic realm="latchkey", charset="UTF-8"' : undefined,
    );
  });

  it.each(['GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])('the method %s with 405 and Allow', async (method) => {
    const { status, headers } = await send({ method, headers: { authorization }, form: GRANT });
    expect({ status, allow: headers['allow'] }).toEqual({ status: 405, allow: 'POST' });
  });

  it('to issue a token of more than 8 KB', async () => {
    const scope = Array.from({ length: 900 }, (_, index) => `scope-${index}`).join(' ');
    await world.resourceServers.create(resourceServer('wordy', { scope }));
    await world.clients.create(client('wordy-client', { scope, resources: ['wordy'] }));
    expect(await post(world.handlers.token, 'wordy-client', GRANT)).toMatchObject({
      status: 400,
      json: { error: 'invalid_request' },
    });
  });
});

describe('Client secrets', () => {
  const tryWith = async (secret: string) =>
    (await send({ headers: { authorization: basic('rotating', secret) }, form: GRANT })).status;

  it('may be several at once, each valid until the second of its expiry', async () => {
    expect(await tryWith(SECRET)).toBe(200);
    expect(await tryWith('correct horse battery staple')).toBe(200);
    set(NOW + 99);
    expect(await tryWith(SECRET)).toBe(200);
    set(NOW + 100);
    expect(await tryWith(SECRET)).toBe(401);
    expect(await tryWith('correct horse battery staple')).toBe(200);
    set(NOW);
  });

  it('are stored as hashes, so that a dump of the table does not give them away', async () => {
    const dump = JSON.stringify(await world.table.scan('CLIENT'));
    expect(dump).toContain('scrypt$');
    expect(dump).toContain('sha256$');
    expect(dump).not.toContain(SECRET);
    expect(dump).not.toContain('correct horse');
    const [, hash = ''] = STORED_SECRET.hash.split('$');
    expect(await tryWith(hash)).toBe(401);
    expect(await tryWith(STORED_SECRET.hash)).toBe(401);
  });
});

describe('The cache of client records', () => {
  it('delays a change for at most CLIENT_CACHE_SECONDS', async () => {
    const cachedWorld = world.restart({ CLIENT_CACHE_SECONDS: '30' });
    await world.clients.create(client('changing'));
    const status = async () => (await post(cachedWorld.token, 'changing', GRANT)).status;
    expect(await status()).toBe(200);
    const found = await world.clients.findVersion('changing');
    expect(await world.clients.replace({ ...client('changing'), enabled: false }, found?.version ?? 0)).toBe(true);
    set(NOW + 29);
    expect(await status()).toBe(200);
    set(NOW + 30);
    expect(await status()).toBe(401);
    set(NOW);
  });

  it('does not delay a change for longer when the clock is set back', async () => {
    const cachedWorld = world.restart({ CLIENT_CACHE_SECONDS: '30' });
    await world.clients.create(client('leaving'));
    expect(await post(cachedWorld.token, 'leaving', GRANT)).toMatchObject({ status: 200 });
    const found = await world.clients.findVersion('leaving');
    await world.clients.replace({ ...client('leaving'), enabled: false }, found?.version ?? 0);
    set(NOW - 1000);
    expect(await post(cachedWorld.token, 'leaving', GRANT)).toMatchObject({ status: 401 });
    set(NOW);
  });

  it('does not cache that a client is unknown', async () => {
    const cachedWorld = world.restart({ CLIENT_CACHE_SECONDS: '30' });
    expect(await post(cachedWorld.token, 'late', GRANT)).toMatchObject({ status: 401 });
    await world.clients.create(client('late'));
    expect(await post(cachedWorld.token, 'late', GRANT)).toMatchObject({ status: 200 });
  });
});
