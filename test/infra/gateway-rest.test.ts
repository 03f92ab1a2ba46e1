import { describe, expect, it, test } from 'vitest';
import { httpRequest } from '../../infra/local/http-request.ts';
import { createRestAuthorizer, type RestAuthorizerDefinition } from '../../infra/local/rest-authorizer.ts';
import { requestAuthorizerEvent, restEvent, tokenAuthorizerEvent } from '../../infra/local/rest-event.ts';
import { manualTimers } from './gateway-fixtures.ts';

const api = { accountId: '123456789012', region: 'us-east-1', apiId: 'local', stage: 'v1' };
const arrival = { requestId: 'id', time: Date.UTC(2020, 2, 12, 19, 3, 58) };
const resource = { path: '/pets/{id}', pathParameters: { id: '1' } };
const header = 'method.request.header.Authorization';

describe('The event of a REST API has the documented form', () => {
  const request = httpRequest('/pets/a%20b?x=1&x=2&y=%20', {
    method: 'POST',
    headers: { Authorization: 'Bearer x', 'X-Two': ['1', '2'] },
    body: 'a=b',
  });
  const forwarded = { 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-Port': '443', 'X-Forwarded-Proto': 'https' };
  const methodArn = 'arn:aws:execute-api:us-east-1:123456789012:local/v1/POST/pets/a%20b';
  const shared = {
    resource: '/pets/{id}',
    path: '/pets/a%20b',
    httpMethod: 'POST',
    headers: { Authorization: 'Bearer x', 'X-Two': '2', ...forwarded },
    multiValueHeaders: { Authorization: ['Bearer x'], 'X-Two': ['1', '2'], 'X-Forwarded-For': ['127.0.0.1'] },
    queryStringParameters: { x: '2', y: ' ' },
    multiValueQueryStringParameters: { x: ['1', '2'], y: [' '] },
    pathParameters: { id: '1' },
    requestContext: {
      accountId: '123456789012',
      apiId: 'local',
      httpMethod: 'POST',
      identity: { sourceIp: '127.0.0.1', userAgent: null },
      path: '/v1/pets/a%20b',
      requestId: 'id',
      requestTime: '12/Mar/2020:19:03:58 +0000',
      requestTimeEpoch: arrival.time,
      resourcePath: '/pets/{id}',
      stage: 'v1',
    },
  };

  it('for an integration', () => {
    const authorizer = { principalId: 'me', scope: 'a b' };
    expect(restEvent(request, resource, api, arrival, authorizer)).toMatchObject({
      ...shared,
      requestContext: { ...shared.requestContext, authorizer },
      stageVariables: null,
      body: 'a=b',
      isBase64Encoded: false,
    });
  });

  it('for an integration, with null for absent members', () => {
    expect(restEvent(httpRequest('/'), { path: '/' }, api, arrival)).toMatchObject({
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      pathParameters: null,
      stageVariables: null,
      body: null,
    });
  });

  it('for an authorizer of type REQUEST', () => {
    const event = requestAuthorizerEvent(request, resource, api, arrival);
    expect(event).toMatchObject({ ...shared, type: 'REQUEST', methodArn, stageVariables: {} });
    expect(event).not.toHaveProperty('body');
  });

  it('for an authorizer of type TOKEN', () => {
    expect(tokenAuthorizerEvent(request, api)).toEqual({ type: 'TOKEN', methodArn, authorizationToken: 'Bearer x' });
  });
});

const policy = (Effect: string, Resource = '*', context: object = {}) => ({
  principalId: 'me',
  policyDocument: { Version: '2012-10-17', Statement: [{ Effect, Action: 'execute-api:Invoke', Resource }] },
  context,
});

/** A REST authorizer. `get` returns status and body of a refused request, or the context of an allowed one. */
function authorizer(
  answer: (event: Record<string, string>) => unknown,
  definition: Partial<RestAuthorizerDefinition> = {},
) {
  const timers = manualTimers();
  const asked: Record<string, string>[] = [];
  const call = async (event: unknown) => {
    asked.push(event as Record<string, string>);
    return answer(event as Record<string, string>);
  };
  const authorize = createRestAuthorizer(
    { type: 'REQUEST', identitySources: [header], ttl: 0, ...definition },
    api,
    call,
    timers,
  );
  return {
    timers,
    asked,
    async get(target: string, headers: Record<string, string> = { Authorization: 'Bearer x' }, method = 'GET') {
      const authorization = await authorize(httpRequest(target, { method, headers }), resource, arrival);
      if ('authorizer' in authorization) return authorization.authorizer;
      const { status, body } = authorization.refusal;
      return [status, body.toString()];
    },
  };
}

describe.each(['TOKEN', 'REQUEST'] as const)('A REST API with an authorizer of type %s', (type) => {
  const unauthorized = [401, '{"message":"Unauthorized"}'];
  const fault = [500, '{"message":null}'];
  const thrown = (error: unknown) => () => {
    throw error;
  };
  test.each<[string, () => unknown, unknown]>([
    [
      'lets a request through when the policy allows it',
      () => policy('Allow'),
      { principalId: 'me', integrationLatency: 0 },
    ],
    [
      'converts the context to strings',
      () => policy('Allow', '*', { n: 1, b: true }),
      { principalId: 'me', integrationLatency: 0, n: '1', b: 'true' },
    ],
    [
      'answers 403 when the policy denies the request',
      () => policy('Deny'),
      [403, '{"Message":"User is not authorized to access this resource with an explicit deny"}'],
    ],
    [
      'answers 403 when the policy allows another request only',
      () => policy('Allow', '*/GET/other'),
      [403, '{"Message":"User is not authorized to access this resource"}'],
    ],
    ['answers 401 when the authorizer throws Unauthorized', thrown(new Error('Unauthorized')), unauthorized],
    ['answers 500 when the authorizer throws any other error', thrown(new Error('unauthorized')), fault],
    ['answers 500 when the authorizer returns undefined', () => undefined, fault],
    ['answers 500 when the authorizer returns a simple answer', () => ({ isAuthorized: true }), fault],
    ['answers 500 when the principal is missing', () => ({ ...policy('Allow'), principalId: undefined }), fault],
    ['answers 500 when the context is nested', () => policy('Allow', '*', { a: {} }), fault],
    ['answers 500 when the context contains null', () => policy('Allow', '*', { a: null }), fault],
  ])('%s', async (_, answer, expected) => {
    expect(await authorizer(answer, { type }).get('/pets/1')).toEqual(expected);
  });

  test.each<[string, Record<string, string>]>([
    ['a missing header', {}],
    ['an empty header', { Authorization: '' }],
  ])('answers 401 to %s without calling the authorizer', async (_, headers) => {
    const { asked, get } = authorizer(() => policy('Allow'), { type });
    expect([await get('/pets/1', headers), asked.length]).toEqual([unauthorized, 0]);
  });

  test('finds the header in any case', async () => {
    expect(await authorizer(() => policy('Allow'), { type }).get('/', { AUTHORIZATION: 'x' })).toMatchObject({
      principalId: 'me',
    });
  });

  test('applies a cached policy to all methods and resources until the TTL has passed', async () => {
    const { asked, get, timers } = authorizer(({ methodArn = '' }) => policy('Allow', methodArn), { type, ttl: 300 });
    expect(await get('/pets/1')).toMatchObject({ principalId: 'me' });
    expect(await get('/pets/1')).toMatchObject({ principalId: 'me' });
    expect(await get('/pets/2')).toEqual([403, '{"Message":"User is not authorized to access this resource"}']);
    expect(await get('/pets/1', undefined, 'DELETE')).toMatchObject([403, {}]);
    expect(asked).toHaveLength(1);
    timers.advance(300_000);
    expect(await get('/pets/2')).toMatchObject({ principalId: 'me' });
    expect(asked).toHaveLength(2);
  });

  test.each([0, 300])('does not cache errors, including Unauthorized, with a TTL of %i', async (ttl) => {
    const errors = ['Unauthorized', 'the table is gone'];
    const { get } = authorizer(
      () => {
        const message = errors.shift();
        if (message) throw new Error(message);
        return policy('Allow');
      },
      { type, ttl },
    );
    expect([await get('/'), await get('/'), await get('/')]).toEqual([
      unauthorized,
      fault,
      expect.objectContaining({ principalId: 'me' }),
    ]);
  });

  test('calls the authorizer for every request without a TTL', async () => {
    const { asked, get } = authorizer(() => policy('Allow'), { type });
    await get('/');
    await get('/');
    expect(asked).toHaveLength(2);
  });

  test('answers 500 when the authorizer has not answered after 29 seconds', async () => {
    const { get, timers } = authorizer(() => new Promise(() => {}), { type });
    const response = get('/');
    await timers.waitedFor(29_000);
    timers.advance(29_000);
    expect(await response).toEqual(fault);
  });
});

describe('A REST API', () => {
  test.each<[string, string, string, number]>([
    ['method.request.querystring.token', '/?token=1', '/?token=2', 2],
    ['method.request.querystring.token', '/?token=1', '/a?token=1', 1],
  ])(
    'with the identity source %s calls the authorizer for %s and then %s %i times',
    async (source, first, second, times) => {
      const { asked, get } = authorizer(() => policy('Allow'), { identitySources: [header, source], ttl: 300 });
      await get(first);
      await get(second);
      expect(asked).toHaveLength(times);
    },
  );

  test('answers 401 without calling the authorizer when a token does not match the validation pattern', async () => {
    const { asked, get } = authorizer(() => policy('Allow'), { type: 'TOKEN', validation: /^Bearer \S+$/ });
    expect(await get('/', { Authorization: 'Basic x' })).toEqual([401, '{"message":"Unauthorized"}']);
    expect(asked).toHaveLength(0);
  });
});
