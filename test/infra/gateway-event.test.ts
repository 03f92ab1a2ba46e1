import { describe, expect, it, test } from 'vitest';
import { httpResponse } from '../../infra/local/http-response.ts';
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

it('is what AWS documents for payload format 2.0', async () => {
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

it('leaves out what there is none of', async () => {
  const { event: empty } = await event('/other');
  expect(Object.keys(empty).sort()).toEqual(
    ['headers', 'isBase64Encoded', 'rawPath', 'rawQueryString', 'requestContext', 'routeKey', 'version'].sort(),
  );
  expect(empty['routeKey']).toBe('$default');
});

it('hands on what the authorizer said, as it said it', async () => {
  const { event: guarded } = await event('/guarded', { headers: { Authorization: 'x' } });
  expect(guarded['requestContext']).toMatchObject({ authorizer: { lambda: { sub: 'me', n: 1 } } });
});

describe('headers', () => {
  test.each<[string, Record<string, string | string[]>, Record<string, string>]>([
    ['names in lower case', { 'X-UPPER': 'Value' }, { 'x-upper': 'Value' }],
    ['duplicates joined by commas', { a: ['1', '2'], A: '3' }, { a: '1,2,3' }],
    [
      'a forwarding chain is continued',
      { 'X-Forwarded-For': '198.51.100.7' },
      { 'x-forwarded-for': '198.51.100.7, 127.0.0.1' },
    ],
    ['the protocol cannot be forged', { 'X-Forwarded-Proto': 'ftp' }, { 'x-forwarded-proto': 'https' }],
  ])('%s', async (_, headers, expected) => {
    expect((await event('/', { headers })).event['headers']).toMatchObject(expected);
  });

  test.each(['connection', 'cookie', 'transfer-encoding', 'te'])('%s is not passed on', async (name) => {
    expect((await event('/', { headers: { [name]: 'x' } })).event['headers']).not.toHaveProperty(name);
  });
});

describe('a body', () => {
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

  test('that is empty is absent', async () => {
    const { event: sent } = await event('/', { method: 'POST', headers: { 'content-type': 'image/png' } });
    expect(sent).toMatchObject({ isBase64Encoded: false });
    expect(sent).not.toHaveProperty('body');
  });
});

describe('rawPath is decoded, and ends at what decodes to a question mark', () => {
  test.each([
    ['/a%20b', '/a b'],
    ['/%40id%2Fx%23y', '/@id/x#y'],
    ['/users/me%3Fadmin=true', '/users/me'],
    ['/100%', '/100%'],
    ['/a+b', '/a+b'],
  ])('%s', async (target, rawPath) => {
    const { event: sent } = await event(target);
    expect(sent['rawPath']).toBe(rawPath);
  });
});

describe('what a function answers becomes', () => {
  const json = { 'content-type': 'application/json' };
  const plain = { 'content-type': 'text/plain;charset=UTF-8' };
  test.each<[string, unknown, { status: number; headers?: object; cookies?: string[]; body?: string }]>([
    ['a success of type JSON without a status', { a: 1 }, { status: 200, headers: json, body: '{"a":1}' }],
    ['that text without a status', 'hello', { status: 200, headers: json, body: 'hello' }],
    ['null', null, { status: 200, headers: json, body: 'null' }],
    ['a list', [1], { status: 200, headers: json, body: '[1]' }],
    ['an empty answer', { statusCode: 204 }, { status: 204, headers: {}, body: '' }],
    ['a status given as text', { statusCode: '201' }, { status: 201 }],
    ['plain text by default', { statusCode: 200, body: 'x' }, { status: 200, headers: plain, body: 'x' }],
    [
      'headers in lower case',
      { statusCode: 200, headers: { 'X-A': 1, 'X-B': true } },
      { status: 200, headers: { 'x-a': '1', 'x-b': 'true' } },
    ],
    [
      'no headers that are the gateway’s',
      { statusCode: 200, headers: { Date: 'x', 'Content-Length': '9', Connection: 'close' } },
      { status: 200, headers: {} },
    ],
    ['cookies', { statusCode: 200, cookies: ['a=1', 'b=2'] }, { status: 200, cookies: ['a=1', 'b=2'] }],
    [
      'decoded base64',
      { statusCode: 200, headers: json, body: 'aGk=', isBase64Encoded: true },
      { status: 200, body: 'hi' },
    ],
    [
      'null fields',
      { statusCode: 200, headers: null, cookies: null, body: null },
      { status: 200, headers: {}, body: '' },
    ],
  ])('%s', (_, answer, expected) => {
    const { body, ...rest } = httpResponse(answer);
    expect({ ...rest, body: body.toString() }).toMatchObject(expected);
    expect(rest.headers).toEqual(expected.headers ?? rest.headers);
  });

  test.each<[string, unknown]>([
    ['a status that is no number', { statusCode: 'ok' }],
    ['a status out of range', { statusCode: 42 }],
    ['a body that is an object', { statusCode: 200, body: {} }],
    ['a body that is a number', { statusCode: 200, body: 1 }],
    ['headers that are text', { statusCode: 200, headers: 'a: b' }],
    ['headers that are a list', { statusCode: 200, headers: [] }],
    ['a header that is a list', { statusCode: 200, headers: { a: ['b'] } }],
    ['a header with a line break', { statusCode: 200, headers: { a: 'b\r\nc: d' } }],
    ['a header with a bad name', { statusCode: 200, headers: { 'a b': 'c' } }],
    ['cookies that are text', { statusCode: 200, cookies: 'a=1' }],
    ['a cookie with a line break', { statusCode: 200, cookies: ['a\nb'] }],
  ])('500 for %s', (_, answer) => {
    const { status, body } = httpResponse(answer);
    expect([status, body.toString()]).toEqual([500, '{"message":"Internal Server Error"}']);
  });
});
