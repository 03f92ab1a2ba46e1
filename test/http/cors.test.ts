import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ProxyEvent, ProxyResult } from '../../lib/http/proxy-event.ts';
import { app, createSignIn, REDIRECT_URI } from '../support/sign-in.ts';
import {
  basic,
  client,
  createTestClock,
  type FormRequest,
  type Handlers,
  httpEvent,
  startWorld,
  type World,
} from '../support/world.ts';

const { clock } = createTestClock();
const ORIGIN = 'https://spa.example';
const OTHER = 'https://other.example';

const APP = 'capacitor://localhost';

const spa = app('spa', { token_endpoint_auth_method: 'none', secrets: [], allowed_origins: [ORIGIN, APP, 'null'] });
const machine = client('machine', { allowed_origins: [OTHER] });

let world: World;
let people: ReturnType<typeof createSignIn>;

beforeAll(async () => {
  world = await startWorld({}, clock);
  people = createSignIn(world, clock);
  await Promise.all([spa, machine, client('plain')].map((record) => world.clients.create(record)));
});
afterAll(() => world.stop());

type Name = Exclude<keyof Handlers, 'authorizer'>;
const BY_CLIENT: [Name, string][] = [
  ['token', 'POST'],
  ['revocation', 'POST'],
  ['userinfo', 'GET, POST'],
];
const FOR_ALL: [Name, string][] = [
  ['discovery', 'GET'],
  ['jwks', 'GET'],
];
const FOR_NOBODY: Name[] = ['authorization', 'logout', 'introspection', 'whoami'];

const send = (name: Name, request: FormRequest): Promise<ProxyResult> => world.handlers[name](httpEvent(request));
const corsNames = ({ headers }: ProxyResult) => Object.keys(headers).filter((key) => key.startsWith('access-control'));
const preflight = (origin = ORIGIN) => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
});

describe('A CORS preflight', () => {
  it.each([...BY_CLIENT, ...FOR_ALL])('for %s is answered by the function itself', async (name, methods) => {
    expect(await send(name, preflight())).toMatchObject({
      statusCode: 204,
      headers: {
        'access-control-allow-origin': '*',
        'access-control-allow-methods': methods,
        'access-control-allow-headers': '*, authorization, content-type',
        'access-control-max-age': '7200',
      },
      body: '',
    });
  });

  it('never allows cookies, and its answer repeats nothing of the request', async () => {
    const result = await send('token', preflight('https://mark.example'));
    expect(result.headers).not.toHaveProperty('access-control-allow-credentials');
    expect(JSON.stringify(result)).not.toContain('mark');
  });

  it('is answered without the table, and without configuration', async () => {
    const handlers = world.restart({ TABLE_NAME: '', ISSUER: '', VERIFICATION_KEYS: '' });
    for (const [name] of [...BY_CLIENT, ...FOR_ALL]) {
      expect(await handlers[name](httpEvent(preflight()))).toMatchObject({ statusCode: 204 });
    }
  });

  it.each(FOR_NOBODY)('for %s gets no CORS headers', async (name) => {
    const result = await send(name, preflight());
    expect(result.statusCode).toBe(405);
    expect(corsNames(result)).toEqual([]);
  });

  it.each([{ origin: ORIGIN }, { 'access-control-request-method': 'POST' }, {}])(
    'needs more than the headers %j',
    async (headers) => {
      expect(await send('token', { method: 'OPTIONS', headers })).toMatchObject({ statusCode: 405 });
    },
  );

  it('is also answered in an event of a REST API', async () => {
    const { method, headers } = preflight();
    const multiValueHeaders = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
    const event = { httpMethod: method, path: '/token', headers, multiValueHeaders, requestContext: {} };
    expect(await world.handlers.token(event as unknown as ProxyEvent)).toMatchObject({ statusCode: 204 });
  });
});

describe.each(['token', 'revocation'] as const)('%s', (name) => {
  const ask = (client_id: string, origin: string | undefined, form = {}) =>
    send(name, {
      headers: {
        ...(origin !== undefined && { origin }),
        ...(client_id !== 'spa' && { authorization: basic(client_id) }),
      },
      form: {
        ...(name === 'token' ? { grant_type: 'client_credentials' } : { token: 'hello' }),
        ...(client_id === 'spa' && { client_id }),
        ...form,
      },
    });

  it('may be read by pages of the client that sent the request, including refusals', async () => {
    const [answer, refusal] = [await ask('machine', OTHER), await ask('spa', ORIGIN, { token: '', grant_type: 'x' })];
    expect(answer).toMatchObject({
      statusCode: 200,
      headers: { 'access-control-allow-origin': OTHER, vary: 'Origin' },
    });
    expect(refusal).toMatchObject({ statusCode: 400, headers: { 'access-control-allow-origin': ORIGIN } });
    const native = await ask('spa', APP, { token: '', grant_type: 'x' });
    expect(native).toMatchObject({ statusCode: 400, headers: { 'access-control-allow-origin': APP } });
    expect(refusal.headers['access-control-expose-headers']).toBe('www-authenticate, retry-after');
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  it.each<[string, string, string | undefined]>([
    ['of another client', 'machine', ORIGIN],
    ['of nobody', 'machine', 'https://evil.example'],
    ['where the client has none', 'plain', OTHER],
    ['without an origin', 'machine', undefined],
    ['of a longer name', 'machine', `${OTHER}.evil.example`],
    ['in another case', 'machine', 'https://OTHER.example'],
    ['with a path', 'machine', `${OTHER}/`],
    ['of every name', 'machine', '*'],
    ['of none', 'machine', 'null'],
  ])('may not be read by pages %s', async (_name, client_id, origin) => {
    const result = await ask(client_id, origin);
    expect(result).toMatchObject({ statusCode: 200, headers: { vary: 'Origin' } });
    expect(corsNames(result)).toEqual([]);
  });

  it('may not be read when the client is not known', async () => {
    const wrong = await send(name, {
      headers: { origin: OTHER, authorization: basic('machine', 'wrong') },
      form: { grant_type: 'client_credentials', token: 'x' },
    });
    expect(wrong).toMatchObject({ statusCode: 401 });
    expect(corsNames(wrong)).toEqual([]);
  });

  it('may not be read when the request has two origins', async () => {
    const event = {
      httpMethod: 'POST',
      headers: {},
      multiValueHeaders: {
        origin: [OTHER, 'https://evil.example'],
        authorization: [basic('machine')],
        'content-type': ['application/x-www-form-urlencoded'],
      },
      body: 'grant_type=client_credentials&token=x',
      requestContext: {},
    } as unknown as ProxyEvent;
    const result = await world.handlers[name](event);
    expect(result.statusCode).toBe(200);
    expect(corsNames(result)).toEqual([]);
  });
});

it('A page of a client can redeem its code', async () => {
  const { access_token } = await people.give(
    {
      ...world.handlers,
      token: (event) => {
        const body = `${Buffer.from(event.body ?? '', 'base64')}&client_id=spa`;
        const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN };
        return world.handlers.token({ ...event, headers, body, isBase64Encoded: false } as ProxyEvent);
      },
    },
    spa,
  );
  expect(access_token).toEqual(expect.any(String));
  expect(spa.redirect_uris).toEqual([REDIRECT_URI]);
});

describe.each(FOR_ALL)('%s', (name) => {
  it('may be read by every origin, including faults and 304 answers', async () => {
    const { headers } = await send(name, { method: 'GET' });
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const known = { 'if-none-match': headers['etag'] ?? '' };
    const broken = world.restart({ VERIFICATION_KEYS: 'hello' })[name](httpEvent({ method: 'GET' }));
    for (const [status, result] of [
      [200, await send(name, { method: 'GET', headers: { origin: 'https://anyone.example' } })],
      [304, await send(name, { method: 'GET', headers: known })],
      [503, await broken],
    ] as const) {
      expect(result).toMatchObject({ statusCode: status, headers: { 'access-control-allow-origin': '*' } });
    }
    log.mockRestore();
  });
});

describe.each(FOR_NOBODY)('%s', (name) => {
  it.each(['GET', 'POST'])('may be read by no other origin, with %s', async (method) => {
    const headers = { origin: ORIGIN, authorization: basic('spa') };
    const result = await send(name, {
      method,
      headers,
      form: { client_id: 'spa', token: 'x' },
      query: 'client_id=spa',
    });
    expect(corsNames(result)).toEqual([]);
  });
});
