import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { createHttpApi } from '../../infra/local/gateway.ts';
import { httpRequest } from '../../infra/local/http-request.ts';
import { addUpstreamRoutes, parseUpstreamRoute } from '../../infra/local/upstream.ts';
import { reusablePort } from '../support/port.ts';
import { manualTimers, stackOf } from './gateway-fixtures.ts';

interface Received {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A developer's own server, which records its requests. */
let received: Received[] = [];
let respond: (response: ServerResponse) => void = (response) => response.end();
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method = '', url = '', headers } = request;
  received.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
  respond(response);
});
let origin = '';
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  received = [];
  respond = (response) => response.end();
});
afterAll(() => server.close());

const base = stackOf({
  functions: { f: {}, a: {} },
  routes: { 'GET /whoami': ['f', 'Auth'], 'ANY /token': 'f' },
  authorizers: { Auth: { function: 'a' } },
});

const caller = { client_id: 'machine', sub: 'Zoë', scope: 'read write', exp: 1700000000, plan: 'gold' };

/** The service with these routes; `tokens` that are not `good` are refused. */
function api(...routes: string[]) {
  const refused: string[] = [];
  const invoke = async (name: string, event: unknown) => {
    if (name !== 'a') return { payload: { statusCode: 200, body: 'the service' } };
    const { headers } = event as { headers: Record<string, string> };
    if (headers['authorization'] === 'Bearer good') return { payload: { isAuthorized: true, context: caller } };
    const log = '{"level":"info","event":"refused","reason":"was revoked"}\n';
    return { payload: { isAuthorized: false }, log };
  };
  const stack = addUpstreamRoutes(base, routes.map(parseUpstreamRoute));
  const handle = createHttpApi(
    stack,
    invoke,
    manualTimers(),
    () => {},
    (line) => void refused.push(line),
  );
  const send = async (target: string, described: Parameters<typeof httpRequest>[1] = {}) => {
    const { headers = {}, ...rest } = described;
    const request = httpRequest(target, { ...rest, headers: { host: 'localhost:3000', ...headers } });
    const { body, ...answer } = await handle(request, { requestId: 'id', time: 0 });
    return { ...answer, body: body.toString() };
  };
  return { send, refused };
}

const good = { Authorization: 'Bearer good' };

describe('The local gateway forwards a request to the server of a --route', () => {
  test.each<[string, string, string, string, string]>([
    ['with its own path if the URL has none', 'GET /things=ORIGIN', 'GET', '/things', '/things'],
    ['with its query unchanged', 'GET /things=ORIGIN', 'GET', '/things?b=%20x&a=1&a=2', '/things?b=%20x&a=1&a=2'],
    ['with the path of the URL', 'GET /things=ORIGIN/v2/all', 'GET', '/things?a=1', '/v2/all?a=1'],
    [
      'with a path variable inserted into the URL',
      'GET /things/{id}=ORIGIN/v2/{id}',
      'GET',
      '/things/a%20b',
      '/v2/a%20b',
    ],
    [
      'without decoding a slash in a path variable',
      'GET /things/{id}=ORIGIN/v2/{id}/x',
      'GET',
      '/things/a%2Fb',
      '/v2/a%2Fb/x',
    ],
    ['with dots that are no segment', 'GET /things/{id}=ORIGIN/v2/{id}', 'GET', '/things/..a..', '/v2/..a..'],
    [
      'without decoding a variable twice',
      'GET /things/{id}=ORIGIN/v2/{id}',
      'GET',
      '/things/%252e%252e',
      '/v2/%252e%252e',
    ],
    ['for any method and path', 'ANY /{proxy+}=ORIGIN', 'DELETE', '/a/b%2Fc/', '/a/b%2Fc/'],
    ['with a greedy path variable inserted into the URL', 'ANY /api/{rest+}=ORIGIN/{rest}', 'PUT', '/api/a/b', '/a/b'],
  ])('%s', async (_, route, method, target, url) => {
    const { send } = api(route.replace('ORIGIN', origin));
    expect((await send(target, { method, headers: good })).status).toBe(200);
    expect(received).toMatchObject([{ method, url }]);
  });

  it('with its headers and body, and with headers for the context of the authorizer', async () => {
    const { send } = api(`POST /things=${origin}`);
    const headers = { ...good, 'Content-Type': 'application/json', 'X-Own': ['1', '2'], Cookie: 'a=b' };
    await send('/things', { method: 'POST', headers, body: '{"a":"ä"}' });
    expect(received[0]?.body).toBe('{"a":"ä"}');
    expect(received[0]?.headers).toMatchObject({
      authorization: 'Bearer good',
      'content-type': 'application/json',
      'content-length': '10',
      'x-own': '1, 2',
      cookie: 'a=b',
      host: origin.slice('http://'.length),
      forwarded: 'for=127.0.0.1;host="localhost:3000";proto=http',
      'x-latchkey-client-id': 'machine',
      'x-latchkey-sub': Buffer.from('Zoë').toString('latin1'),
      'x-latchkey-scope': 'read write',
      'x-latchkey-exp': '1700000000',
      'x-latchkey-plan': 'gold',
    });
  });

  it('without x-latchkey headers of the caller, in any case', async () => {
    const { send } = api(`GET /things=${origin}`);
    const forged = { 'X-Latchkey-Sub': 'root', 'x-latchkey-client-id': 'root', 'X-LATCHKEY-ROLE': 'admin' };
    await send('/things', { headers: { ...good, ...forged } });
    await send('/things', { method: 'OPTIONS', headers: forged });
    const [authorized, preflight] = received.map(({ headers }) =>
      Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-latchkey-'))),
    );
    expect(authorized).toMatchObject({
      'x-latchkey-sub': expect.stringMatching(/^Zo/),
      'x-latchkey-client-id': 'machine',
    });
    expect(authorized).not.toHaveProperty('x-latchkey-role');
    expect(preflight).toEqual({});
  });

  it.each(['X_Latchkey_Sub', 'x-latchkey_sub', 'X_LATCHKEY-SUB', 'X.Latchkey.Sub'])(
    'without the header %s of the caller, which some servers cannot tell from x-latchkey-sub',
    async (name) => {
      const { send } = api(`GET /things=${origin}`);
      await send('/things', { headers: { ...good, [name]: 'evil', X_Own: 'kept' } });
      expect(received[0]?.headers).toMatchObject({ x_own: 'kept', 'x-latchkey-sub': expect.stringMatching(/^Zo/) });
      expect(Object.values(received[0]?.headers ?? {})).not.toContain('evil');
    },
  );

  it.each([
    ['POST', '0'],
    ['PUT', '0'],
    ['PATCH', '0'],
    ['GET', undefined],
    ['DELETE', undefined],
  ])('by %s without a body with the length %s and no transfer encoding', async (method, length) => {
    await api(`ANY /things=${origin}`).send('/things', { method, headers: good });
    expect(received).toHaveLength(1);
    expect(received[0]?.headers['content-length']).toBe(length);
    expect(received[0]?.headers).not.toHaveProperty('transfer-encoding');
  });

  it('and returns status, headers, cookies and body of the answer', async () => {
    respond = (response) => {
      response.setHeader('Set-Cookie', ['a=1', 'b=2']);
      response.writeHead(418, 'Teapot', { 'X-Own': 'yes', 'Content-Type': 'text/plain' }).end('short and stout');
    };
    const answer = await api(`GET /things=${origin}`).send('/things', { headers: good });
    expect(answer).toMatchObject({ status: 418, cookies: ['a=1', 'b=2'], body: 'short and stout' });
    expect(answer.headers).toMatchObject({ 'x-own': 'yes', 'content-type': 'text/plain' });
    expect(answer.headers).not.toHaveProperty('transfer-encoding');
  });

  it('unless the authorizer refuses its token, and prints the reason', async () => {
    const { send, refused } = api(`GET /things=${origin}`);
    expect((await send('/things?secret=1', { headers: { Authorization: 'Bearer bad' } })).status).toBe(403);
    expect((await send('/things')).status).toBe(401);
    expect(received).toEqual([]);
    expect(refused).toEqual([
      'GET /things 403: the token was revoked; for details run npx latchkey token explain',
      'GET /things 401: no Authorization header was sent',
    ]);
  });

  it('unless the path belongs to the service itself', async () => {
    const { send } = api(`ANY /{proxy+}=${origin}`);
    expect(await send('/token', { method: 'POST' })).toMatchObject({ status: 200, body: 'the service' });
    expect(received).toEqual([]);
  });
});

describe('The local gateway answers 400 and forwards nothing when a path has a dot segment:', () => {
  const [variable, greedy] = ['GET /v/{id}=ORIGIN/pre/{id}/x', 'ANY /up/{proxy+}=ORIGIN'];
  test.each<[string, string]>([
    [variable, '/v/..'],
    [variable, '/v/.'],
    [variable, '/v/%2e%2E'],
    [variable, '/v/.%2e'],
    [variable, '/v/..%2fa'],
    [variable, '/v/a%5c..'],
    [variable, '/v/..;a'],
    [variable, '/v/..%2f%zz'],
    [greedy, '/up/../token'],
    [greedy, '/up/a/%2e%2e/%2e%2e/token?b=c'],
    [greedy, '/up/a/..'],
    ['GET /up/{rest+}=ORIGIN/in/{rest}', '/up/%2e%2e/token'],
  ])('%s: %s', async (route, target) => {
    const { send, refused } = api(route.replace('ORIGIN', origin));
    expect(await send(target, { headers: good })).toMatchObject({ status: 400, body: '{"message":"Bad Request"}' });
    expect(received).toEqual([]);
    const [path] = target.split('?');
    expect(refused).toEqual([`GET ${path} 400: the path has a segment . or .., which could lead out of the route`]);
  });
});

describe('A CORS preflight for a protected route', () => {
  const preflight = { Origin: 'http://localhost:5173', 'Access-Control-Request-Method': 'GET' };

  test.each(['GET /things=ORIGIN', 'ANY /{proxy+}=ORIGIN'])(
    'reaches the server of %s without a token',
    async (route) => {
      respond = (response) =>
        response.writeHead(204, { 'access-control-allow-origin': 'http://localhost:5173', vary: 'Origin' }).end();
      const { send } = api(route.replace('ORIGIN', origin));
      const answer = await send('/things', { method: 'OPTIONS', headers: preflight });
      expect(answer).toMatchObject({
        status: 204,
        headers: { 'access-control-allow-origin': 'http://localhost:5173' },
      });
      expect((await send('/things', { headers: preflight })).status).toBe(401);
      expect(received).toMatchObject([{ method: 'OPTIONS', url: '/things' }]);
    },
  );
});

describe('The gateway answers 503 and prints one line', () => {
  it('when nothing listens at the URL', async () => {
    const url = `http://127.0.0.1:${await reusablePort()}`;
    const { send, refused } = api(`GET /things=${url}`);
    expect(await send('/things', { headers: good })).toMatchObject({
      status: 503,
      body: '{"message":"Service Unavailable"}',
    });
    expect(refused).toEqual([`GET /things 503: ${url} cannot be reached (ECONNREFUSED): is that server running?`]);
  });

  test.each<[string, (response: ServerResponse) => void, string]>([
    [
      'closes the connection at once',
      (response) => response.socket?.destroy(),
      'closed the connection without an answer (ECONNRESET)',
    ],
    [
      'breaks off its answer',
      (response) => {
        response.writeHead(200, { 'content-length': '10' });
        response.write('12345', () => response.socket?.end());
      },
      'broke off its answer after 5 bytes of the body',
    ],
    [
      'does not speak HTTP',
      (response) => response.socket?.end('hello\r\n\r\n'),
      'sent an answer that is not HTTP (HPE_INVALID_CONSTANT)',
    ],
  ])('when the server %s', async (_, answer, reason) => {
    respond = answer;
    const { send, refused } = api(`GET /things=${origin}`);
    expect((await send('/things', { headers: good })).status).toBe(503);
    expect(refused).toEqual([`GET /things 503: ${origin} ${reason}`]);
  });
});

describe('npm start refuses in one sentence --route', () => {
  const form = "write 'METHOD /path=URL', as in 'GET /things=http://127.0.0.1:4000'";
  test.each<[string, string]>([
    ['GET /things', form],
    ['/things=http://a', form],
    ['', form],
    ['get /things=http://a', 'get is not a method; write GET, POST ... or ANY'],
    ['GET things=http://a', 'the path must begin with /'],
    ['GET /a{id}=http://a', 'a variable must be a whole segment of the path, as in /things/{id}'],
    ['GET /{a+}/b=http://a', 'only the last segment can be {name+}'],
    ['GET /things=4000', '4000 is not an http or https URL'],
    ['GET /things=ftp://a', 'ftp://a is not an http or https URL'],
    ['GET /things=http://me:x@a', 'the URL must not have a user, a query or a fragment'],
    ['GET /things=http://a/?b', 'the URL must not have a user, a query or a fragment'],
    ['GET /{id}=http://a/{name}', '{name} of the URL is not a variable of the path'],
  ])('%j', (text, reason) => {
    const expected = { name: 'Problem', message: `--route '${text}': ${reason}` };
    expect(() => parseUpstreamRoute(text)).toThrow(expect.objectContaining(expected));
  });

  test.each<[string[], string]>([
    [['POST /token=http://a'], "--route 'POST /token': this path belongs to the service itself; choose another one"],
    [['GET /a=http://a', 'GET /a=http://b'], "--route 'GET /a' is given twice"],
  ])('%j', (routes, message) => {
    expect(() => api(...routes)).toThrow(expect.objectContaining({ name: 'Problem', message }));
  });
});
