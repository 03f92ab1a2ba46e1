import { describe, expect, it, test } from 'vitest';
import { httpRequest } from '../../infra/local/http-request.ts';
import { createRestAuthorizer, type RestAuthorizerDefinition } from '../../infra/local/rest-authorizer.ts';
import { requestAuthorizerEvent, restEvent, tokenAuthorizerEvent } from '../../infra/local/rest-event.ts';
import { manualTimers } from './gateway-fixtures.ts';

const api = { accountId: '123456789012', region: 'us-east-1', apiId: 'local', stage: 'v1' };
const arrival = { requestId: 'id', time: Date.UTC(2020, 2, 12, 19, 3, 58) };
const resource = { path: '/pets/{id}', pathParameters: { id: '1' } };
const header = 'method.request.header.Authorization';

describe('events of a REST API', () => {
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

  it('for an integration, where there is nothing', () => {
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

/** A REST authorizer, and what became of each request: status and body, or the authorizer's context. */
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

describe.each(['TOKEN', 'REQUEST'] as const)('a REST authorizer of type %s', (type) => {
  const unauthorized = [401, '{"message":"Unauthorized"}'];
  const fault = [500, '{"message":null}'];
  const thrown = (error: unknown) => () => {
    throw error;
  };
  test.each<[string, () => unknown, unknown]>([
    ['allows', () => policy('Allow'), { principalId: 'me', integrationLatency: 0 }],
    [
      'allows, with context as text',
      () => policy('Allow', '*', { n: 1, b: true }),
      { principalId: 'me', integrationLatency: 0, n: '1', b: 'true' },
    ],
    [
      'denies',
      () => policy('Deny'),
      [403, '{"Message":"User is not authorized to access this resource with an explicit deny"}'],
    ],
    [
      'allows something else',
      () => policy('Allow', '*/GET/other'),
      [403, '{"Message":"User is not authorized to access this resource"}'],
    ],
    ['throws Unauthorized', thrown(new Error('Unauthorized')), unauthorized],
    ['throws anything else', thrown(new Error('unauthorized')), fault],
    ['answers nothing', () => undefined, fault],
    ['answers simply', () => ({ isAuthorized: true }), fault],
    ['names no principal', () => ({ ...policy('Allow'), principalId: undefined }), fault],
    ['returns a nested context', () => policy('Allow', '*', { a: {} }), fault],
    ['returns a null in its context', () => policy('Allow', '*', { a: null }), fault],
  ])('%s', async (_, answer, expected) => {
    expect(await authorizer(answer, { type }).get('/pets/1')).toEqual(expected);
  });

  test.each<[string, Record<string, string>]>([
    ['a missing header', {}],
    ['an empty header', { Authorization: '' }],
  ])('%s is 401 without a call', async (_, headers) => {
    const { asked, get } = authorizer(() => policy('Allow'), { type });
    expect([await get('/pets/1', headers), asked.length]).toEqual([unauthorized, 0]);
  });

  test('the header is found in any spelling', async () => {
    expect(await authorizer(() => policy('Allow'), { type }).get('/', { AUTHORIZATION: 'x' })).toMatchObject({
      principalId: 'me',
    });
  });

  test('a remembered policy is used for all methods and resources until its time is over', async () => {
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

  test.each([0, 300])('faults and refusals by throwing are not remembered (TTL %i)', async (ttl) => {
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

  test('without a TTL it is asked every time', async () => {
    const { asked, get } = authorizer(() => policy('Allow'), { type });
    await get('/');
    await get('/');
    expect(asked).toHaveLength(2);
  });

  test('it is given up after 29 seconds', async () => {
    const { get, timers } = authorizer(() => new Promise(() => {}), { type });
    const response = get('/');
    await timers.waitedFor(29_000);
    timers.advance(29_000);
    expect(await response).toEqual(fault);
  });
});

describe('identity sources of a REST authorizer', () => {
  test.each<[string, string, string, number]>([
    ['method.request.querystring.token', '/?token=1', '/?token=2', 2],
    ['method.request.querystring.token', '/?token=1', '/a?token=1', 1],
  ])('%s: %s, then %s asks %i times', async (source, first, second, times) => {
    const { asked, get } = authorizer(() => policy('Allow'), { identitySources: [header, source], ttl: 300 });
    await get(first);
    await get(second);
    expect(asked).toHaveLength(times);
  });

  test('a token that does not look like one is 401 without a call', async () => {
    const { asked, get } = authorizer(() => policy('Allow'), { type: 'TOKEN', validation: /^Bearer \S+$/ });
    expect(await get('/', { Authorization: 'Basic x' })).toEqual([401, '{"message":"Unauthorized"}']);
    expect(asked).toHaveLength(0);
  });
});
