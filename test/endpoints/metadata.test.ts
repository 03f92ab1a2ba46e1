import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getToken, httpEvent, ISSUER, keyVariables, readResult, startWorld, type World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const get = (path: string, headers = {}) => httpEvent({ method: 'GET', path, headers });
const OPENID = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';

describe('The discovery document', () => {
  it.each([OPENID, OAUTH])('describes what this deployment supports, and nothing else: %s', async (path) => {
    const { status, headers, json } = readResult(await world.handlers.discovery(get(path)));
    expect(status).toBe(200);
    expect(headers).toEqual({
      'content-type': 'application/json',
      'cache-control': 'public, max-age=3600',
      etag: expect.stringMatching(/^"[\w-]{22}"$/),
      'access-control-allow-origin': '*',
      'strict-transport-security': 'max-age=31536000',
    });
    expect(json).toEqual({
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      userinfo_endpoint: `${ISSUER}/userinfo`,
      end_session_endpoint: `${ISSUER}/logout`,
      introspection_endpoint: `${ISSUER}/introspect`,
      revocation_endpoint: `${ISSUER}/revoke`,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      scopes_supported: ['openid', 'profile', 'email', 'address', 'phone', 'groups', 'roles', 'offline_access'],
      // Hybrid and implicit response types are for the clients that register them, so they are not advertised.
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      grant_types_supported: ['client_credentials', 'authorization_code', 'refresh_token', 'password'],
      code_challenge_methods_supported: ['S256'],
      prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
      ui_locales_supported: ['en'],
      authorization_response_iss_parameter_supported: true,
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      subject_types_supported: ['public'],
      acr_values_supported: ['urn:latchkey:acr:password'],
      id_token_signing_alg_values_supported: ['ES256'],
      claims_supported: expect.arrayContaining(['sub', 'iss', 'auth_time', 'acr', 'sid', 'name', 'email', 'address']),
      claims_parameter_supported: true,
      request_parameter_supported: false,
      request_uri_parameter_supported: false,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    });
  });

  it('lists the algorithms of the keys without duplicates', async () => {
    const sets = ['PS256', 'ES256', 'PS256'].map((alg) => JSON.parse(keyVariables(alg).VERIFICATION_KEYS).keys);
    const handlers = world.restart({ VERIFICATION_KEYS: JSON.stringify({ keys: sets.flat() }) });
    const { json } = readResult(await handlers.discovery(get(OPENID)));
    expect(json['id_token_signing_alg_values_supported']).toEqual(['PS256', 'ES256']);
  });

  it('never contains the Host header of the request', async () => {
    const forged = { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' };
    const { body } = await world.handlers.discovery(get(OPENID, forged));
    expect(body).not.toContain('evil');
  });

  it.each([
    ['https://auth.example/tenant', OPENID, 200],
    ['https://auth.example/tenant', `/tenant${OPENID}`, 200],
    ['https://auth.example/tenant', OAUTH, 200],
    ['https://auth.example/tenant', `${OAUTH}/tenant`, 200],
    ['https://auth.example/tenant', `${OAUTH}/other`, 404],
    ['https://auth.example/tenant', `${OAUTH}/tenant/more`, 404],
    ['https://auth.example', `${OAUTH}/tenant`, 404],
  ])('of the issuer %s at %s gives %i', async (issuer, path, status) => {
    const result = readResult(await world.restart({ ISSUER: issuer }).discovery(get(path)));
    expect(result.status).toBe(status);
    if (status === 200) expect(result.json).toMatchObject({ issuer, token_endpoint: `${issuer}/token` });
  });
});

describe('The published key set', () => {
  it.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])('verifies what was signed with %s', async (alg) => {
    const handlers = world.restart(keyVariables(alg));
    const token = await getToken(handlers, 'machine-jwt');
    const { headers, json } = readResult(await handlers.jwks(get('/.well-known/jwks.json')));
    expect(headers).toMatchObject({
      'cache-control': 'public, max-age=600',
      etag: expect.any(String),
      'access-control-allow-origin': '*',
    });
    const keys = createLocalJWKSet(json as unknown as JSONWebKeySet);
    const verified = await jwtVerify(token, keys, {
      issuer: ISSUER,
      audience: 'orders',
      typ: 'at+jwt',
      algorithms: [alg],
    });
    expect(verified.payload).toMatchObject({ client_id: 'machine-jwt' });
  });

  it('contains public members only', async () => {
    const { json } = readResult(await world.handlers.jwks(get('/.well-known/jwks.json')));
    for (const key of json['keys'] as object[]) {
      expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    }
  });
});

describe.each(['discovery', 'jwks'] as const)('%s', (name) => {
  it('answers 304 to a matching If-None-Match', async () => {
    const first = await world.handlers[name](get('/'));
    const etag = first.headers['etag'] ?? '';
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      expect(await world.handlers[name](get('/', { 'if-none-match': known }))).toMatchObject({
        statusCode: 304,
        body: '',
      });
    }
    expect(await world.handlers[name](get('/', { 'if-none-match': '"other"' }))).toMatchObject({ statusCode: 200 });
  });

  it('accepts GET and HEAD only', async () => {
    const result = await world.handlers[name](httpEvent({ method: 'POST', form: {} }));
    expect(result).toMatchObject({ statusCode: 405, headers: { allow: 'GET, HEAD' } });
  });
});

// RFC 9110 section 9.3.2
describe.each(['discovery', 'jwks', 'authorization', 'logout', 'userinfo', 'whoami'] as const)(
  'HEAD for %s',
  (name) => {
    it.each([
      ['without parameters', {}],
      ['with a malformed query', { query: 'client_id=%' }],
    ])('%s is answered as GET, without the body', async (_name, request) => {
      const headers = { authorization: 'Bearer x' };
      const ask = (method: string) =>
        world.handlers[name](httpEvent({ method, path: `/${name}`, headers, ...request }));
      const { body, ...rest } = await ask('GET');
      expect(body).not.toBe('');
      expect(await ask('HEAD')).toEqual({ ...rest, body: '' });
    });
  },
);

describe('whoami', () => {
  const authorizer = { client_id: 'machine-jwt', scope: 'read' };
  it.each([
    [
      'an HTTP API',
      { version: '2.0', requestContext: { http: { method: 'GET' }, authorizer: { lambda: authorizer } } },
    ],
    ['a REST API', { httpMethod: 'GET', requestContext: { authorizer } }],
  ])('shows the context that %s passes on', async (_name, event) => {
    const result = await world.handlers.whoami(event as unknown as Parameters<typeof world.handlers.whoami>[0]);
    expect(readResult(result)).toMatchObject({ status: 200, json: authorizer });
  });
});
