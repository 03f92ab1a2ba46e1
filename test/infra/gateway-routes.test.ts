import { describe, expect, test } from 'vitest';
import { matchRoute } from '../../infra/local/routes.ts';
import type { Route } from '../../infra/local/stack.ts';
import { apiOf } from './gateway-fixtures.ts';

const routes = [
  'ANY /{proxy+}',
  '$default',
  'GET /pets/{id}',
  'ANY /pets/dog',
  'GET /pets/{proxy+}',
  'POST /pets/dog',
  'GET /pets/{id}/toys/{toy}',
  'GET /',
].map((key): Route => ({ key, function: 'f', timeout: 30_000 }));

describe('The most specific route wins:', () => {
  test.each<[string, string, string, Record<string, string>?]>([
    ['GET', '/', 'GET /'],
    ['POST', '/', '$default'],
    ['GET', '/pets/dog', 'ANY /pets/dog'],
    ['POST', '/pets/dog', 'POST /pets/dog'],
    ['DELETE', '/pets/dog', 'ANY /pets/dog'],
    ['GET', '/pets/dog?name=Rex', 'ANY /pets/dog'],
    ['GET', '/pets/%64og', 'ANY /pets/dog'],
    ['GET', '/pets/cat', 'GET /pets/{id}', { id: 'cat' }],
    ['GET', '/pets/a%20cat', 'GET /pets/{id}', { id: 'a cat' }],
    ['GET', '/pets/a%2Fb', 'GET /pets/{id}', { id: 'a/b' }],
    ['GET', '/pets/%zz', 'GET /pets/{id}', { id: '%zz' }],
    ['POST', '/pets/cat', 'ANY /{proxy+}', { proxy: 'pets/cat' }],
    ['GET', '/pets/cat/toys/ball', 'GET /pets/{id}/toys/{toy}', { id: 'cat', toy: 'ball' }],
    ['GET', '/pets/cat/toys', 'GET /pets/{proxy+}', { proxy: 'cat/toys' }],
    ['GET', '/pets/cat/', 'GET /pets/{proxy+}', { proxy: 'cat/' }],
    ['GET', '/pets/', 'ANY /{proxy+}', { proxy: 'pets/' }],
    ['GET', '/PETS/dog', 'ANY /{proxy+}', { proxy: 'PETS/dog' }],
    ['GET', '/anything', 'ANY /{proxy+}', { proxy: 'anything' }],
  ])('%s %s goes to %s', (method, target, key, pathParameters) => {
    const match = matchRoute(routes, method, target);
    expect(match?.route.key).toBe(key);
    expect(match?.pathParameters).toEqual(pathParameters);
  });

  test('the order of the routes makes no difference', () => {
    expect(matchRoute(routes.toReversed(), 'GET', '/pets/dog')?.route.key).toBe('ANY /pets/dog');
  });
});

describe('The gateway answers 404 to a request without a route:', () => {
  const api = apiOf({ functions: { f: {} }, routes: { 'GET /whoami': 'f' } }, () => 'yes');
  test.each([
    ['GET', '/'],
    ['GET', '/whoami/'],
    ['GET', '//whoami'],
    ['GET', '/whoami/more'],
    ['POST', '/whoami'],
    ['HEAD', '/whoami'],
  ])('%s %s', async (method, target) => {
    expect(await api.get(target, { method })).toEqual({
      status: 404,
      headers: { 'content-type': 'application/json' },
      cookies: [],
      body: '{"message":"Not Found"}',
    });
  });
});
