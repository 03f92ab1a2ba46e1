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

it('answers 503 before there is anything to serve', async () => {
  expect(await send({})).toMatchObject({ status: 503, body: '{"message":"Service Unavailable"}' });
  gateway.serve(stack);
  expect(await send({})).toMatchObject({ status: 200 });
});

describe('over the wire', () => {
  beforeAll(() => gateway.serve(stack));

  test('nothing is added but what API Gateway adds', async () => {
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

  test('the event is of the request as it was sent', async () => {
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

  test.each<[string, Parameters<typeof send>[0], number, string]>([
    ['a head of 10,240 bytes', { headers: { a: 'x'.repeat(10_100) } }, 200, '{}'],
    ['a larger head', { headers: { a: 'x'.repeat(10_240) } }, 431, '{"message":"Request Header Fields Too Large"}'],
    ['a longer path', { path: `/${'x'.repeat(10_240)}` }, 431, '{"message":"Request Header Fields Too Large"}'],
    ['a body of 10 MB', { method: 'POST', body: Buffer.alloc(10_485_760) }, 200, '{}'],
    [
      'a larger body',
      { method: 'POST', body: Buffer.alloc(10_485_761) },
      413,
      '{"message":"Request Entity Too Large"}',
    ],
  ])('%s', async (_, options, status, body) => {
    outcome = { payload: {} };
    expect(await send(options)).toMatchObject({ status, body });
    if (status === 200)
      expect(Buffer.from(String(sent['body'] ?? ''), 'base64')).toHaveLength(options.body?.length ?? 0);
  });

  test.each(['GET http://example.com/ HTTP/1.1', 'OPTIONS * HTTP/1.1', 'NONSENSE'])('%s is 400', async (line) => {
    const socket = connect(gateway.port, '127.0.0.1');
    socket.end(`${line}\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  test('a connection that breaks off in the body disturbs nobody', async () => {
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc');
    await once(socket, 'connect');
    socket.destroy();
    expect(await send({})).toMatchObject({ status: 200 });
  });
});

describe('a function that does not answer', () => {
  const description = { functions: { f: {} }, routes: { $default: 'f' } };
  const error = (errorType: string, errorMessage: string): Outcome => ({ error: { errorType, errorMessage } });
  test.each<[string, Outcome, number, string]>([
    ['threw', error('Error', 'secret detail'), 500, 'Internal Server Error'],
    ['crashed', error('Runtime.ExitError', 'exited'), 500, 'Internal Server Error'],
    ['ran out of its own time', error('Sandbox.Timedout', 'Task timed out'), 500, 'Internal Server Error'],
    ['had no container left', error('TooManyRequestsException', 'Rate Exceeded.'), 503, 'Service Unavailable'],
  ])('because it %s', async (_, given, status, message) => {
    outcome = given;
    gateway.serve(stack);
    complaints.length = 0;
    expect(await send({})).toMatchObject({ status, body: JSON.stringify({ message }) });
    expect(complaints.join()).toMatch(/^test-f: \w/);
  });

  test('within 30 seconds is 503', async () => {
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

it('says in one line that a port is taken', async () => {
  const message = `port ${gateway.port} is taken: choose another one with --port or PORT`;
  const again = startGateway({ port: gateway.port, invoke: async () => outcome });
  await expect(again).rejects.toMatchObject({ name: 'Problem', message });
});
