// An API of somebody's own behind the authorizer, as the examples write it: on the code of the local gateway.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpApi } from '../../infra/local/gateway.ts';
import { httpRequest } from '../../infra/local/http-request.ts';
import { systemTimers } from '../../infra/local/timers.ts';
import { addUpstreamRoutes, parseUpstreamRoute } from '../../infra/local/upstream.ts';
import { stackOf } from '../infra/gateway-fixtures.ts';
import { client, getToken, post, resourceServer, startWorld, type World } from '../support/world.ts';

const ORIGIN = 'http://localhost:3001';

// In JavaScript, as users would copy them.
const examples = '../../examples/protect-an-api';
type Handler = (event: unknown) => Promise<unknown>;
interface FastifyApp {
  ready(): Promise<unknown>;
  routing: RequestListener;
  close(): Promise<void>;
}

let world: World;
const servers: Server[] = [];
let fastify: FastifyApp;

type Send = ReturnType<typeof createHttpApi>;
const gateways = new Map<string, Send>();
const origins = new Map<string, string>();

beforeAll(async () => {
  world = await startWorld({ AUDIENCE: 'things' });
  await Promise.all([
    world.resourceServers.create(resourceServer('things')),
    world.clients.create(client('caller', { resources: ['things', 'orders'] })),
  ]);
  const express = ((await import(`${examples}/express.mjs`)) as { app: RequestListener }).app;
  fastify = ((await import(`${examples}/fastify.mjs`)) as { app: FastifyApp }).app;
  await fastify.ready();
  const { handler } = (await import(`${examples}/lambda.mjs`)) as { handler: Handler };

  const listen = async (name: string, listener: RequestListener) => {
    const server = createServer(listener);
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    origins.set(name, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  };
  await listen('Express', express);
  await listen('Fastify', fastify.routing);

  const functions: Record<string, Handler> = { things: handler, authorizer: world.handlers.authorizer };
  const invoke = async (name: string, event: unknown) => ({ payload: await functions[name]?.(event) });
  const service = stackOf({
    functions: { things: {}, authorizer: {} },
    routes: { 'GET /whoami': ['things', 'Authorizer'] },
    authorizers: { Authorizer: { function: 'authorizer' } },
  });
  const start = (stack: typeof service) => createHttpApi(stack, invoke, systemTimers, () => {});
  for (const [name, origin] of origins) {
    gateways.set(name, start(addUpstreamRoutes(service, [parseUpstreamRoute(`GET /things=${origin}`)])));
  }
  const asFunction = stackOf({
    functions: { things: {}, authorizer: {} },
    routes: { 'GET /things': ['things', 'Authorizer'] },
    authorizers: { Authorizer: { function: 'authorizer' } },
  });
  gateways.set('a Lambda function', start(asFunction));
});
afterAll(async () => {
  for (const server of servers) server.close();
  await fastify?.close();
  await world?.stop();
});

async function send(name: string, headers: Record<string, string> = {}, method = 'GET') {
  const request = httpRequest('/things', { method, headers: { host: 'localhost:3000', ...headers } });
  const { status, headers: answered, body } = await gateways.get(name)!(request, { requestId: 'id', time: Date.now() });
  return { status, headers: answered, text: body.toString(), json: () => JSON.parse(body.toString()) as unknown };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe.each(['Express', 'Fastify', 'a Lambda function'])('The example API on %s, behind the authorizer,', (name) => {
  it('answers a caller whose token has the scope, and knows the caller', async () => {
    const answer = await send(name, bearer(await getToken(world.handlers, 'caller', { scope: 'read' })));
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({ things: ['a lamp', 'a chair'], sub: 'caller', client_id: 'caller' });
  });

  it('refuses a token without the scope with the error code of RFC 6750', async () => {
    const answer = await send(name, bearer(await getToken(world.handlers, 'caller', { scope: 'write' })));
    expect(answer.status).toBe(403);
    expect(answer.json()).toEqual({ error: 'insufficient_scope', scope: 'read' });
  });

  it('is not reached without a token, with one for another API, or with a revoked one', async () => {
    expect((await send(name)).status).toBe(401);
    const other = await getToken(world.handlers, 'caller', { resource: 'orders' });
    const refused = { status: 403, text: '{"message":"Forbidden"}' };
    expect(await send(name, bearer(other))).toMatchObject(refused);
    const token = await getToken(world.handlers, 'caller', { scope: 'read' });
    await post(world.handlers.revocation, 'caller', { token });
    expect(await send(name, bearer(token))).toMatchObject(refused);
  });

  it('ignores x-latchkey headers that a caller sends', async () => {
    const claimed = { 'x-latchkey-sub': 'somebody-else', 'X-Latchkey-Scope': 'read', 'x-latchkey-client-id': 'x' };
    const token = await getToken(world.handlers, 'caller', { scope: 'write' });
    expect((await send(name, { ...bearer(token), ...claimed })).status).toBe(403);
    expect((await send(name, claimed)).status).toBe(401);
  });
});

describe.each(['Express', 'Fastify'])('The example API on %s, for pages of other origins,', (name) => {
  const preflight = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' };

  it('answers a preflight without a token, and allows pages of the app', async () => {
    const { status, headers } = await send(name, { ...preflight, origin: ORIGIN }, 'OPTIONS');
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      vary: 'Origin',
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization, content-type',
    });
  });

  it('lets the pages of the app read its answers', async () => {
    const token = await getToken(world.handlers, 'caller', { scope: 'read' });
    const { status, headers } = await send(name, { ...bearer(token), origin: ORIGIN });
    expect([status, headers['access-control-allow-origin']]).toEqual([200, ORIGIN]);
  });

  it('lets pages of other origins read nothing', async () => {
    const foreign = { ...preflight, origin: 'https://elsewhere.example' };
    const { headers } = await send(name, foreign, 'OPTIONS');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('refuses a caller that bypasses the gateway', async () => {
    expect((await fetch(`${origins.get(name)}/things`)).status).toBe(401);
  });
});
