import { describe, expect, it, test } from 'vitest';
import { toHttpResponse } from '../../infra/local/http-response.ts';
import { apiOf } from './gateway-fixtures.ts';

const description = {
  functions: { f: {}, a: {} },
  routes: { 'ANY /pets/{id}': 'f', $default: 'f', 'GET /guarded': ['f', 'Auth'] as [string, string] },
  authorizers: { Auth: { function: 'a' } },
};

/** The event that the function gets for a request. */
async function event(target: string, described: Parameters<ReturnType<typeof apiOf>['get']>[1] = {}) {
  const api = apiOf(description, (name) => (name === 'a' ? { isAuthorized: true, context: { sub: 'me', n: 1 } } : {}));
  await api.get(target, described);
  return { event: api.calls.at(-1)?.event ?? {}, calls: api.calls };
}

it('The event of an HTTP API has the documented form of payload format 2.0', async () => {
  const sent = {
    method: 'POST',
    headers: {
      'User-Agent': 'agent',
      Cookie: 'a=1; b=2',
      'Content-Type': 'application/json',
      'x-amzn-trace-id': 'Root=1',
    },
    body: '{"a":1}',
    sourceIp: '192.0.2.1',
  };
  expect((await event('/pets/a%20cat?x=1&y=%20&x=2', sent)).event).toEqual({
    version: '2.0',
    routeKey: 'ANY /pets/{id}',
    rawPath: '/pets/a cat',
    rawQueryString: 'x=1&y=%20&x=2',
    cookies: ['a=1', 'b=2'],
    headers: {
      'content-length': '7',
      'content-type': 'application/json',
      'user-agent': 'agent',
      'x-amzn-trace-id': 'Root=1',
      'x-forwarded-for': '192.0.2.1',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
    },
    queryStringParameters: { x: '1,2', y: ' ' },
    requestContext: {
      accountId: '123456789012',
      apiId: 'local',
      domainName: 'localhost',
      domainPrefix: 'localhost',
      http: { method: 'POST', path: '/pets/a cat', protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'agent' },
      requestId: 'id',
      routeKey: 'ANY /pets/{id}',
      stage: '$default',
      time: '12/Mar/2020:19:03:58 +0000',
      timeEpoch: 1_584_039_838_000,
    },
    pathParameters: { id: 'a cat' },
    body: '{"a":1}',
    isBase64Encoded: false,
  });
});

it('The event of an HTTP API leaves out absent members', async () => {
  const { event: empty } = await event('/other');
  expect(Object.keys(empty).sort()).toEqual(
    ['headers', 'isBase64Encoded', 'rawPath', 'rawQueryString', 'requestContext', 'routeKey', 'version'].sort(),
  );
  expect(empty['routeKey']).toBe('$default');
});

it('The event of an HTTP API contains the context of the authorizer, unchanged', async () => {
  const { event: guarded } = await event('/guarded', { headers: { Authorization: 'x' } });
  expect(guarded['requestContext']).toMatchObject({ authorizer: { lambda: { sub: 'me', n: 1 } } });
});

describe('In the headers of an event,', () => {
  test.each<[string, Record<string, string | string[]>, Record<string, string>]>([
    ['names are in lower case', { 'X-UPPER': 'Value' }, { 'x-upper': 'Value' }],
    ['duplicates are joined by commas', { a: ['1', '2'], A: '3' }, { a: '1,2,3' }],
    [
      'x-forwarded-for is extended by the address of the client',
      { 'X-Forwarded-For': '198.51.100.7' },
      { 'x-forwarded-for': '198.51.100.7, 127.0.0.1' },
    ],
    ['x-forwarded-proto is replaced', { 'X-Forwarded-Proto': 'ftp' }, { 'x-forwarded-proto': 'https' }],
  ])('%s', async (_, headers, expected) => {
    expect((await event('/', { headers })).event['headers']).toMatchObject(expected);
  });

  test.each(['connection', 'cookie', 'transfer-encoding', 'te'])('%s is left out', async (name) => {
    expect((await event('/', { headers: { [name]: 'x' } })).event['headers']).not.toHaveProperty(name);
  });
});

describe('In an event, a body', () => {
  const form = 'grant_type=client_credentials';
  test.each<[string | undefined, 'text' | 'base64']>([
    ['application/x-www-form-urlencoded', 'base64'],
    ['application/x-www-form-urlencoded;charset=UTF-8', 'base64'],
    ['multipart/form-data; boundary=x', 'base64'],
    ['application/octet-stream', 'base64'],
    ['application/vnd.api+json', 'base64'],
    ['application/problem+json', 'base64'],
    ['image/svg+xml', 'base64'],
    ['', 'base64'],
    [undefined, 'base64'],
    ['text/plain', 'text'],
    ['text/anything; charset=x', 'text'],
    ['application/json', 'text'],
    ['Application/JSON; charset=utf-8', 'text'],
    ['application/javascript', 'text'],
    ['application/xml', 'text'],
  ])('of type %s arrives as %s', async (type, encoding) => {
    const headers = type === undefined ? {} : { 'content-type': type };
    const { event: sent } = await event('/', { method: 'POST', headers, body: form });
    const expected = encoding === 'base64' ? Buffer.from(form).toString('base64') : form;
    expect(sent).toMatchObject({ body: expected, isBase64Encoded: encoding === 'base64' });
  });

  test('is absent when it is empty', async () => {
    const { event: sent } = await event('/', { method: 'POST', headers: { 'content-type': 'image/png' } });
    expect(sent).toMatchObject({ isBase64Encoded: false });
    expect(sent).not.toHaveProperty('body');
  });
});

describe('rawPath is percent-decoded, and ends before a decoded question mark:', () => {
  test.each([
    ['/a%20b', '/a b'],
    ['/%40id%2Fx%23y', '/@id/x#y'],
    ['/users/me%3Fadmin=true', '/users/me'],
    ['/100%', '/100%'],
    ['/a+b', '/a+b'],
  ])('%s becomes %s', async (target, rawPath) => {
    const { event: sent } = await event(target);
    expect(sent['rawPath']).toBe(rawPath);
  });
});

describe('The gateway turns the answer of a function into a response:', () => {
  const json = { 'content-type': 'application/json' };
  const plain = { 'content-type': 'text/plain;charset=UTF-8' };
  test.each<[string, unknown, { status: number; headers?: object; cookies?: string[]; body?: string }]>([
    ['an object without a status code becomes JSON', { a: 1 }, { status: 200, headers: json, body: '{"a":1}' }],
    ['a string becomes the body as it is', 'hello', { status: 200, headers: json, body: 'hello' }],
    ['null becomes JSON', null, { status: 200, headers: json, body: 'null' }],
    ['a list becomes JSON', [1], { status: 200, headers: json, body: '[1]' }],
    ['a status code alone gives an empty body', { statusCode: 204 }, { status: 204, headers: {}, body: '' }],
    ['a status code may be a string', { statusCode: '201' }, { status: 201 }],
    [
      'a body without a content type is plain text',
      { statusCode: 200, body: 'x' },
      { status: 200, headers: plain, body: 'x' },
    ],
    [
      'header names become lower case, and values become strings',
      { statusCode: 200, headers: { 'X-A': 1, 'X-B': true } },
      { status: 200, headers: { 'x-a': '1', 'x-b': 'true' } },
    ],
    [
      'headers that the gateway sets itself are dropped',
      { statusCode: 200, headers: { Date: 'x', 'Content-Length': '9', Connection: 'close' } },
      { status: 200, headers: {} },
    ],
    ['cookies are kept', { statusCode: 200, cookies: ['a=1', 'b=2'] }, { status: 200, cookies: ['a=1', 'b=2'] }],
    [
      'a base64 body is decoded',
      { statusCode: 200, headers: json, body: 'aGk=', isBase64Encoded: true },
      { status: 200, body: 'hi' },
    ],
    [
      'null members count as absent',
      { statusCode: 200, headers: null, cookies: null, body: null },
      { status: 200, headers: {}, body: '' },
    ],
  ])('%s', (_, answer, expected) => {
    const { body, ...rest } = toHttpResponse(answer);
    expect({ ...rest, body: body.toString() }).toMatchObject(expected);
    expect(rest.headers).toEqual(expected.headers ?? rest.headers);
  });

  test.each<[string, unknown]>([
    ['a status code that is not a number', { statusCode: 'ok' }],
    ['a status code out of range', { statusCode: 42 }],
    ['a body that is an object', { statusCode: 200, body: {} }],
    ['a body that is a number', { statusCode: 200, body: 1 }],
    ['headers that are a string', { statusCode: 200, headers: 'a: b' }],
    ['headers that are a list', { statusCode: 200, headers: [] }],
    ['a header that is a list', { statusCode: 200, headers: { a: ['b'] } }],
    ['a header with a line break', { statusCode: 200, headers: { a: 'b\r\nc: d' } }],
    ['a header with an invalid name', { statusCode: 200, headers: { 'a b': 'c' } }],
    ['cookies that are a string', { statusCode: 200, cookies: 'a=1' }],
    ['a cookie with a line break', { statusCode: 200, cookies: ['a\nb'] }],
  ])('%s gives 500', (_, answer) => {
    const { status, body } = toHttpResponse(answer);
    expect([status, body.toString()]).toEqual([500, '{"message":"Internal Server Error"}']);
  });
});
