import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Outcome } from '../../infra/local/container.ts';
import { type Gateway, startGateway } from '../../infra/local/gateway.ts';
import { apiOf, manualTimers, stackOf } from './gateway-fixtures.ts';

let outcome: Outcome = { payload: { statusCode: 200 } };
let sent: Record<string, unknown> = {};
const complaints: string[] = [];
let gateway: Gateway;

beforeAll(async () => {
  const invoke = async (_name: string, event: unknown) => {
    sent = event as Record<string, unknown>;
    return outcome;
  };
  gateway = await startGateway({ invoke, log: (line) => complaints.push(line) });
});
afterAll(() => gateway.stop());

const stack = stackOf({ functions: { f: {} }, routes: { $default: 'f' } });

/** The raw exchange, because `fetch` hides what is sent and adds to it. */
async function send(options: {
  path?: string;
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: Buffer;
}) {
  const { body, ...rest } = options;
  const outgoing = httpRequest({ host: '127.0.0.1', port: gateway.port, ...rest });
  outgoing.end(body);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: incoming.statusCode, headers: incoming.headers, body: await text(incoming) };
}

it('The gateway answers 503 until it has a stack to serve', async () => {
  expect(await send({})).toMatchObject({ status: 503, body: '{"message":"Service Unavailable"}' });
  gateway.serve(stack);
  expect(await send({})).toMatchObject({ status: 200 });
});

describe('On the wire, the gateway', () => {
  beforeAll(() => gateway.serve(stack));

  test('adds only the headers that API Gateway adds', async () => {
    outcome = { payload: { statusCode: 201, headers: { 'X-A': 'b' }, cookies: ['a=1', 'b=2'], body: 'ä' } };
    const { status, headers, body } = await send({});
    expect([status, body]).toEqual([201, 'ä']);
    expect(headers).toEqual({
      'apigw-requestid': expect.stringMatching(/^[\w-]{15}=$/),
      connection: 'keep-alive',
      'content-length': '2',
      'content-type': 'text/plain;charset=UTF-8',
      date: expect.any(String),
      'set-cookie': ['a=1', 'b=2'],
      'x-a': 'b',
    });
  });

  test('passes method, path, query, headers, cookies and body of a request to the function', async () => {
    outcome = { payload: {} };
    const body = Buffer.from([0, 255, 10]);
    await send({ path: '/a%2Fb?c=%20', method: 'PUT', headers: { 'X-Two': ['1', '2'], Cookie: 'a=1' }, body });
    expect(sent).toMatchObject({
      rawPath: '/a/b',
      rawQueryString: 'c=%20',
      cookies: ['a=1'],
      headers: { 'x-two': '1,2', host: `127.0.0.1:${gateway.port}`, 'content-length': '3' },
      requestContext: { http: { method: 'PUT', sourceIp: '127.0.0.1' } },
      body: 'AP8K',
      isBase64Encoded: true,
    });
  });

  const tooLarge = '{"message":"Request Header Fields Too Large"}';
  test.each<[string, number, Parameters<typeof send>[0], string]>([
    ['headers of up to 10,240 bytes', 200, { headers: { a: 'x'.repeat(10_100) } }, '{}'],
    ['larger headers', 431, { headers: { a: 'x'.repeat(10_240) } }, tooLarge],
    ['a longer path', 431, { path: `/${'x'.repeat(10_240)}` }, tooLarge],
    ['a body of 10 MB', 200, { method: 'POST', body: Buffer.alloc(10_485_760) }, '{}'],
    [
      'a larger body',
      413,
      { method: 'POST', body: Buffer.alloc(10_485_761) },
      '{"message":"Request Entity Too Large"}',
    ],
  ])('answers a request with %s with %i', async (_, status, options, body) => {
    outcome = { payload: {} };
    expect(await send(options)).toMatchObject({ status, body });
    if (status === 200)
      expect(Buffer.from(String(sent['body'] ?? ''), 'base64')).toHaveLength(options.body?.length ?? 0);
  });

  test.each(['GET http://example.com/ HTTP/1.1', 'OPTIONS * HTTP/1.1', 'NONSENSE'])(
    'answers the request line %s with 400',
    async (line) => {
      const socket = connect(gateway.port, '127.0.0.1');
      socket.end(`${line}\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    },
  );

  test('serves other requests after a connection has broken off', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc');
    await once(socket, 'connect');
    socket.destroy();
    expect(await send({})).toMatchObject({ status: 200 });
  });
});

describe('The gateway answers', () => {
  const description = { functions: { f: {} }, routes: { $default: 'f' } };
  const error = (errorType: string, errorMessage: string): Outcome => ({ error: { errorType, errorMessage } });
  test.each<[string, number, Outcome, string]>([
    ['throws', 500, error('Error', 'secret detail'), 'Internal Server Error'],
    ['crashes', 500, error('Runtime.ExitError', 'exited'), 'Internal Server Error'],
    ['exceeds its timeout', 500, error('Sandbox.Timedout', 'Task timed out'), 'Internal Server Error'],
    ['has no free container', 503, error('TooManyRequestsException', 'Rate Exceeded.'), 'Service Unavailable'],
  ])('when a function %s: %i', async (_, status, given, message) => {
    outcome = given;
    gateway.serve(stack);
    complaints.length = 0;
    expect(await send({})).toMatchObject({ status, body: JSON.stringify({ message }) });
    expect(complaints.join()).toMatch(/^test-f: \w/);
  });

  test('when a function has not answered within 30 seconds: 503', async () => {
    const timers = manualTimers();
    const api = apiOf(description, () => new Promise(() => {}), timers);
    const response = api.get('/');
    await timers.waitedFor(30_000);
    timers.advance(29_999);
    expect(await Promise.race([response, 'waiting'])).toBe('waiting');
    timers.advance(1);
    expect(await response).toMatchObject({ status: 503, body: '{"message":"Service Unavailable"}' });
  });
});

it('The gateway reports in one line that its port is taken', async () => {
  const message = `port ${gateway.port} is taken: choose another one with --port or PORT`;
  const again = startGateway({ port: gateway.port, invoke: async () => outcome });
  await expect(again).rejects.toMatchObject({ name: 'Problem', message });
});
