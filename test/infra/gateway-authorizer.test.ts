import { describe, expect, it, test } from 'vitest';
import { evaluatePolicy } from '../../infra/local/policy.ts';
import { apiOf, manualTimers } from './gateway-fixtures.ts';

const unauthorized = { status: 401, body: '{"message":"Unauthorized"}' };
const forbidden = { status: 403, body: '{"message":"Forbidden"}' };
const fault = { status: 500, body: '{"message":"Internal Server Error"}' };

interface Settings {
  sources?: string[];
  ttl?: number;
  simple?: boolean;
}

/** Two routes behind an authorizer that answers with `answer`. */
function guarded(settings: Settings, answer: (event: Record<string, unknown>) => unknown, timers = manualTimers()) {
  const description = {
    functions: { f: {}, a: {} },
    routes: { 'GET /one': ['f', 'Auth'], 'GET /two': ['f', 'Auth'] } as Record<string, [string, string]>,
    authorizers: { Auth: { function: 'a', ...settings } },
  };
  const api = apiOf(description, (name, event) => (name === 'a' ? answer(event) : { passed: true }), timers);
  const called = (name: string) => api.calls.filter((call) => call.name === name);
  return { ...api, asked: () => called('a').length, passed: () => called('f').length, events: () => called('a') };
}

const allow = () => ({ isAuthorized: true });
const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

describe('The gateway answers 401 without calling the authorizer when an identity source is missing:', () => {
  const header = '$request.header.Authorization';
  test.each<[string, string[], string, Record<string, string>]>([
    ['no header', [header], '/one', {}],
    ['an empty header', [header], '/one', { Authorization: '' }],
    ['another header only', [header], '/one', { Proxy: 'x' }],
    ['no query parameter', ['$request.querystring.token'], '/one?t=1', {}],
    ['an empty query parameter', ['$request.querystring.token'], '/one?token=', {}],
    ['a query parameter whose name differs in case', ['$request.querystring.token'], '/one?Token=1', {}],
    ['one of two sources', [header, '$request.querystring.token'], '/one', { Authorization: 'x' }],
    ['an unset stage variable', ['$stageVariables.colour'], '/one', {}],
  ])('%s', async (_, sources, target, headers) => {
    for (const ttl of [0, 60]) {
      const api = guarded({ sources, ttl }, allow);
      expect(await api.get(target, { headers })).toMatchObject(unauthorized);
      expect([api.asked(), api.passed()]).toEqual([0, 0]);
    }
  });
});

it('The authorizer of an HTTP API gets an event in payload format 2.0', async () => {
  const sources = ['$request.header.authorization', '$context.routeKey', '$context.path', '$request.querystring.q'];
  const api = guarded({ sources }, allow);
  expect((await api.get('/one?q=1&q=2', { headers: { AUTHORIZATION: 'Bearer x', Cookie: 'a=b' } })).status).toBe(200);
  const event = api.events()[0]?.event ?? {};
  expect(event).toMatchObject({
    version: '2.0',
    type: 'REQUEST',
    routeArn: 'arn:aws:execute-api:us-east-1:123456789012:local/$default/GET/one',
    identitySource: ['Bearer x', 'GET /one', '/one', '1,2'],
    routeKey: 'GET /one',
    rawPath: '/one',
    rawQueryString: 'q=1&q=2',
    cookies: ['a=b'],
    headers: { authorization: 'Bearer x' },
    queryStringParameters: { q: '1,2' },
    requestContext: { routeKey: 'GET /one', stage: '$default', http: { method: 'GET', path: '/one' } },
  });
  expect(event).not.toHaveProperty('body');
  expect(event['requestContext']).not.toHaveProperty('authorizer');
});

describe('The gateway caches an answer of the authorizer', () => {
  test('never with a TTL of 0', async () => {
    const api = guarded({ ttl: 0 }, allow);
    await api.get('/one', bearer('x'));
    await api.get('/one', bearer('x'));
    expect([api.asked(), api.passed()]).toEqual([2, 2]);
  });

  test('until the TTL has passed', async () => {
    const api = guarded({ ttl: 60 }, allow);
    const asked: number[] = [];
    for (const milliseconds of [0, 59_999, 1]) {
      api.timers.advance(milliseconds);
      expect((await api.get('/one', bearer('x'))).status).toBe(200);
      asked.push(api.asked());
    }
    expect(asked).toEqual([1, 1, 2]);
  });

  test('separately for each combination of values of the identity sources', async () => {
    const api = guarded({ ttl: 60, sources: ['$request.header.Authorization', '$request.querystring.q'] }, allow);
    for (const [target, token] of [
      ['/one?q=1', 'x'],
      ['/one?q=1', 'y'],
      ['/one?q=2', 'x'],
      ['/one?q=1', 'x'],
    ] as const) {
      await api.get(target, bearer(token));
    }
    expect(api.asked()).toBe(3);
  });

  test('across all routes, unless the route key is an identity source', async () => {
    const loose = guarded({ ttl: 60 }, ({ routeKey }) => ({ isAuthorized: routeKey === 'GET /one' }));
    expect([(await loose.get('/one', bearer('x'))).status, (await loose.get('/two', bearer('x'))).status]).toEqual([
      200, 200,
    ]);

    const sources = ['$request.header.Authorization', '$context.routeKey'];
    const strict = guarded({ ttl: 60, sources }, ({ routeKey }) => ({ isAuthorized: routeKey === 'GET /one' }));
    expect([(await strict.get('/one', bearer('x'))).status, (await strict.get('/two', bearer('x'))).status]).toEqual([
      200, 403,
    ]);
  });

  test('also when it is a denial', async () => {
    const api = guarded({ ttl: 60 }, () => ({ isAuthorized: false }));
    expect(await api.get('/one', bearer('x'))).toMatchObject(forbidden);
    expect(await api.get('/one', bearer('x'))).toMatchObject(forbidden);
    expect([api.asked(), api.passed()]).toEqual([1, 0]);
  });

  test('but not when it is an error', async () => {
    let healthy = false;
    const api = guarded({ ttl: 60 }, () => {
      if (!healthy) throw new Error('the table is gone');
      return allow();
    });
    expect(await api.get('/one', bearer('x'))).toMatchObject(fault);
    healthy = true;
    expect((await api.get('/one', bearer('x'))).status).toBe(200);
  });

  test('as a policy, which it evaluates for each route', async () => {
    const policy = {
      principalId: 'me',
      policyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: '*/GET/one' }],
      },
    };
    const api = guarded({ ttl: 60, simple: false }, () => policy);
    expect([(await api.get('/two', bearer('x'))).status, (await api.get('/one', bearer('x'))).status]).toEqual([
      403, 200,
    ]);
    expect(api.asked()).toBe(1);
  });
});

describe('When the authorizer answers with', () => {
  const policy = (Effect: string, Resource: unknown = '*') => ({
    principalId: 'me',
    policyDocument: { Version: '2012-10-17', Statement: [{ Effect, Action: 'execute-api:Invoke', Resource }] },
  });
  const thrown = (error: unknown) => () => {
    throw error;
  };
  const passed = { status: 200, body: '{"passed":true}' };
  const cases: [string, boolean, () => unknown, typeof passed][] = [
    ['isAuthorized true', true, allow, passed],
    ['isAuthorized false', true, () => ({ isAuthorized: false }), forbidden],
    ['the error Unauthorized', true, thrown(new Error('Unauthorized')), unauthorized],
    ['any other error', true, thrown(new Error('unauthorized')), fault],
    ['undefined', true, () => undefined, fault],
    ['a string', true, () => 'true', fault],
    ['isAuthorized as a string', true, () => ({ isAuthorized: 'true' }), fault],
    ['a context that is a string', true, () => ({ isAuthorized: true, context: 'x' }), fault],
    ['a policy although simple answers are enabled', true, () => policy('Allow'), fault],
    ['a policy that allows the call', false, () => policy('Allow'), passed],
    ['a policy that denies the call', false, () => policy('Deny'), forbidden],
    ['a policy for another route', false, () => policy('Allow', '*/GET/two'), forbidden],
    ['a policy without a principal', false, () => ({ ...policy('Allow'), principalId: undefined }), fault],
    ['a policy with a misspelt effect', false, () => policy('allow'), fault],
    ['a principal without a policy', false, () => ({ principalId: 'me' }), fault],
    ['a simple answer although policies are expected', false, allow, fault],
  ];
  const named = cases.map(([name, ...rest]) => [name, rest[2].status, ...rest] as const);
  test.each(named)('%s, the gateway answers %i', async (_name, _status, simple, answer, expected) => {
    const api = guarded({ simple }, answer);
    expect(await api.get('/one', bearer('x'))).toMatchObject(expected);
    expect(api.passed()).toBe(expected === passed ? 1 : 0);
  });

  test('nothing for ten seconds, the gateway answers 500', async () => {
    const api = guarded({}, () => new Promise(() => {}));
    const response = api.get('/one', bearer('x'));
    await api.timers.waitedFor(10_000);
    api.timers.advance(10_000);
    expect(await response).toMatchObject(fault);
  });
});

describe('A policy', () => {
  const arn = 'arn:aws:execute-api:us-east-1:123456789012:local/$default/GET/pets/1';
  const statement = (changes: object = {}) => ({
    Effect: 'Allow',
    Action: 'execute-api:Invoke',
    Resource: arn,
    ...changes,
  });
  const deny = (changes: object = {}) => statement({ Effect: 'Deny', ...changes });
  const missing = (name: string) => Object.fromEntries(Object.entries(statement()).filter(([key]) => key !== name));
  test.each<[string, unknown, ReturnType<typeof evaluatePolicy>]>([
    ['for exactly this call', statement(), 'allow'],
    ['with its statement in a list', [statement()], 'allow'],
    [
      'with lists of actions and resources',
      statement({ Action: ['s3:Get', 'execute-api:Invoke'], Resource: ['x', arn] }),
      'allow',
    ],
    ['with an action in another case', statement({ Action: 'Execute-API:invoke' }), 'allow'],
    ['with a pattern for the action', statement({ Action: 'execute-api:*' }), 'allow'],
    ['with another action', statement({ Action: 'execute-api:ManageConnections' }), 'implicit deny'],
    ['with * as resource', statement({ Resource: '*' }), 'allow'],
    ['with * in place of several path segments', statement({ Resource: 'arn:aws:execute-api:*/pets/*' }), 'allow'],
    ['with ? in place of a character', statement({ Resource: arn.replace('/1', '/?') }), 'allow'],
    ['with ?? in place of a single character', statement({ Resource: arn.replace('/1', '/??') }), 'implicit deny'],
    ['with . in place of a character', statement({ Resource: arn.replace('local', 'loca.') }), 'implicit deny'],
    ['with $ in place of the stage', statement({ Resource: arn.replace('$default', '$') }), 'implicit deny'],
    ['for a prefix of the path', statement({ Resource: arn.slice(0, -1) }), 'implicit deny'],
    ['for another method', statement({ Resource: arn.replace('GET', 'PUT') }), 'implicit deny'],
    ['without statements', [], 'implicit deny'],
    ['with a Deny statement', deny(), 'explicit deny'],
    ['with an Allow and then a Deny statement', [statement(), deny()], 'explicit deny'],
    ['with a Deny and then an Allow statement', [deny({ Resource: '*' }), statement()], 'explicit deny'],
    [
      'with an Allow statement, and a Deny statement for another resource',
      [deny({ Resource: 'x' }), statement()],
      'allow',
    ],
    ['with a condition, which is not imitated', statement({ Condition: {} }), undefined],
    ['with NotResource, which is not imitated', { ...missing('Resource'), NotResource: 'x' }, undefined],
    ['without an effect', missing('Effect'), undefined],
    ['without an action', missing('Action'), undefined],
    ['without a resource', missing('Resource'), undefined],
    ['with a string as statement', 'Allow', undefined],
  ])('%s gives the decision %s (undefined = the policy is malformed)', (_, Statement, expected) => {
    expect(evaluatePolicy({ Version: '2012-10-17', Statement }, arn)).toBe(expected);
  });

  test.each([undefined, null, 'x', {}, []])('that is %j is malformed', (document) => {
    expect(evaluatePolicy(document, arn)).toBeUndefined();
  });
});
