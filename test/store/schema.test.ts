// The form of the table: a version refuses what a newer one has written, once per container and at no cost in time.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { NewerSchema, withSchemaCheck } from '../../lib/store/schema.ts';
import {
  callOf,
  type FaultyStore,
  faults,
  inFlightTogether,
  onlyAt,
  startFaultyStore,
} from '../support/faulty-store.ts';
import { fetchJwks, type RegistryWorld, startRegistryWorld } from '../support/registry-world.ts';
import { createDeliverer } from '../support/sign-in.ts';
import {
  authorizerEvents,
  basic,
  getToken,
  type Handlers,
  httpEvent,
  post,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts';

const READ_SCHEMA = 'GetItem SCHEMA';
const key = { pk: 'SCHEMA', sk: 'SCHEMA' };

let world: World;
let store: FaultyStore;

beforeAll(async () => {
  world = await startWorld({ CLIENT_CACHE_SECONDS: '3600' });
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
});
afterAll(async () => {
  await store.stop();
  await world.stop();
});
beforeEach(() => {
  store.take();
});
afterEach(async () => {
  store.behave();
  await world.table.remove(key);
});

const start = (variables = {}) => world.restart({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint, ...variables });
const calls = () => store.take().map(callOf).sort();
const allow = async ({ authorizer }: Handlers, token: string) =>
  expect(await verdict(authorizer(authorizerEvents['HTTP API 2.0'](token)))).toBe('allow');

/** Runs it with the log on, and gives what was logged. */
async function logged(run: (variables: { LOG_LEVEL: string }) => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => void lines.push(line);
  try {
    await run({ LOG_LEVEL: 'error' });
  } finally {
    console.log = log;
  }
  return lines;
}

describe('A container whose table has no schema item, like that of 0.1.0,', () => {
  it('reads the schema concurrently with its first read, and never again', async () => {
    const handlers = start();
    store.behave(inFlightTogether(2));
    await getToken(handlers, 'machine-jwt');
    expect(calls()).toEqual(['GetItem CLIENT', 'GetItem RESOURCE', READ_SCHEMA]);
    await getToken(handlers, 'machine-jwt');
    await getToken(handlers, 'machine-reference');
    expect(calls()).toEqual(['GetItem CLIENT', 'PutItem TOKEN']);
  });

  it('reads the schema once for concurrent requests', async () => {
    const handlers = start({ CLIENT_CACHE_SECONDS: '0' });
    await Promise.all(Array.from({ length: 10 }, () => getToken(handlers, 'machine-jwt')));
    expect(calls().filter((call) => call === READ_SCHEMA)).toEqual([READ_SCHEMA]);
  });

  it('reads the schema concurrently with the revocation list in the authorizer, and never again', async () => {
    const handlers = start();
    const token = await getToken(world.handlers, 'machine-jwt');
    store.behave(inFlightTogether(2));
    await allow(handlers, token);
    expect(calls()).toEqual([READ_SCHEMA, 'Query REVOKED']);
    await allow(handlers, token);
    expect(calls()).toEqual(['Query REVOKED']);
  });
});

it.each([1, 0])('A table with the schema version %i is used', async (version) => {
  await world.table.put({ ...key, version });
  await getToken(start(), 'machine-jwt');
});

describe('A table that a newer version has written', () => {
  const newer: [string, Record<string, unknown>, string][] = [
    ['a higher number', { version: 2 }, 'the table has schema 2, '],
    ['the version that it needs', { version: 2, needs: '99.1.0' }, ': use version 99.1.0 or newer'],
    ['a version that is none', { version: 2, needs: 'x\ny' }, ': use the newer version'],
    ['no number', {}, 'the table has a schema without a number, '],
    ['nothing for a number', { version: null }, 'the table has a schema without a number, '],
    ['a number that is none', { version: 'two' }, 'the table has a schema without a number, '],
  ];
  it.each(newer)(
    'is refused with 503 and a reason in the log if its schema item has %s',
    async (_name, item, reason) => {
      await world.table.put({ ...key, ...item });
      const lines = await logged(async (variables) => {
        const { statusCode, headers, body } = await start(variables).token(
          httpEvent({ headers: { authorization: basic('machine-jwt') }, form: { grant_type: 'client_credentials' } }),
        );
        expect({ statusCode, body }).toEqual({ statusCode: 503, body: '{"error":"temporarily_unavailable"}' });
        expect(headers['retry-after']).toBe('1');
      });
      expect(lines).toHaveLength(1);
      const { fault, message } = JSON.parse(lines[0] ?? '') as Record<string, string>;
      expect(fault).toBe('NewerSchema');
      expect(message).toContain(reason);
      expect(message).toMatch(/this version of Latchkey \(\d+\.\d+\.\d+\) understands up to 1: use /);
    },
  );

  const authorization = { authorization: basic('machine-jwt') };
  const doors: [string, (handlers: Handlers) => Promise<{ statusCode: number }>][] = [
    ['/token', ({ token }) => token(httpEvent({ headers: authorization, form: { grant_type: 'client_credentials' } }))],
    ['/introspect', ({ introspection }) => introspection(httpEvent({ headers: authorization, form: { token: 'x' } }))],
    ['/revoke', ({ revocation }) => revocation(httpEvent({ headers: authorization, form: { token: 'x' } }))],
    ['/authorize', ({ authorization: handle }) => handle(httpEvent({ method: 'GET', query: 'client_id=machine-jwt' }))],
    ['/logout', ({ logout }) => logout(httpEvent({ method: 'GET', query: 'client_id=machine-jwt' }))],
  ];
  it.each(doors)('is refused at %s', async (_name, ask) => {
    await world.table.put({ ...key, version: 2 });
    expect((await ask(start())).statusCode).toBe(503);
  });

  it('is refused at /userinfo and by the authorizer, with a fault and not a denial', async () => {
    const token = await getToken(world.handlers, 'machine-jwt');
    await world.table.put({ ...key, version: 2 });
    const { userinfo, authorizer } = start();
    const headers = { authorization: `Bearer ${token}` };
    expect((await userinfo(httpEvent({ method: 'GET', headers }))).statusCode).toBe(503);
    expect(await verdict(authorizer(authorizerEvents['HTTP API 2.0'](token)))).toBe('fault');
  });

  it('is refused by the function that delivers logout tokens', async () => {
    await world.table.put({ ...key, version: 2 });
    const lines = await logged(async (variables) => {
      const deliver = createDeliverer({ ...world.env, ...variables }, systemClock);
      await expect(deliver()).rejects.toThrow('the logout tokens could not be delivered');
    });
    expect(lines.join()).toContain('the table has schema 2');
  });

  it('is not written to', async () => {
    await world.table.put({ ...key, version: 2 });
    await post(start().token, 'machine-reference', { grant_type: 'client_credentials' });
    expect(calls().filter((call) => !call.startsWith('GetItem'))).toEqual([]);
  });

  it('is not written to by a container that has not read anything yet', async () => {
    await world.table.put({ ...key, version: 2 });
    const item = { pk: 'TOKEN#x', sk: 'TOKEN' };
    const table = withSchemaCheck(world.table);
    await expect(table.put({ ...item, by: 'an older version' })).rejects.toThrow(NewerSchema);
    expect(await world.table.get(item)).toBeUndefined();
    await world.table.put({ ...item, by: 'a newer version' });
    await expect(table.set(item, { by: 'an older version' }, [{ attribute: 'by', test: 'present' }])).rejects.toThrow(
      NewerSchema,
    );
    await expect(table.remove(item)).rejects.toThrow(NewerSchema);
    expect(await world.table.get(item)).toMatchObject({ by: 'a newer version' });
  });

  it('is used again as soon as its schema version is a known one', async () => {
    await world.table.put({ ...key, version: 2 });
    const handlers = start();
    const ask = () => post(handlers.token, 'machine-jwt', { grant_type: 'client_credentials' });
    expect((await ask()).status).toBe(503);
    await world.table.remove(key);
    expect((await ask()).status).toBe(200);
  });
});

describe('A schema that cannot be read', () => {
  it('makes the request fail, and is read again with the next one', async () => {
    const handlers = start();
    store.behave(onlyAt(READ_SCHEMA, faults['access denied']));
    expect((await post(handlers.token, 'machine-jwt', { grant_type: 'client_credentials' })).status).toBe(503);
    store.behave();
    store.take();
    await getToken(handlers, 'machine-jwt');
    expect(calls()).toContain(READ_SCHEMA);
  });

  it('does not affect the next request, however late its answer comes', async () => {
    const handlers = start();
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    store.behave(async (response, forward, request) => {
      const refuse = () => faults['access denied'](response, forward, request);
      if (callOf(request) === READ_SCHEMA) {
        arrive();
        setTimeout(refuse, 300);
      } else {
        await arrived;
        refuse();
      }
    });
    const ask = () => post(handlers.token, 'machine-jwt', { grant_type: 'client_credentials' });
    expect((await ask()).status).toBe(503);
    store.behave();
    expect((await ask()).status).toBe(200);
  });
});

describe('In functions that read the key registry without the table,', () => {
  let registryWorld: RegistryWorld;
  beforeAll(async () => {
    registryWorld = await startRegistryWorld();
    await registryWorld.rotation()();
  });
  afterAll(() => registryWorld.stop());
  afterEach(() => registryWorld.table.remove(key));

  it('the key set reads the schema concurrently with the registry, once', async () => {
    const handlers = registryWorld.restart();
    registryWorld.store.take();
    registryWorld.store.behave(inFlightTogether(2));
    expect((await fetchJwks(handlers)).status).toBe(200);
    expect(registryWorld.store.take().map(callOf).sort()).toEqual(['GetItem KEYS', READ_SCHEMA]);
    registryWorld.store.behave();
  });

  it.each(['jwks', 'discovery'] as const)('%s refuses a table that a newer version has written', async (name) => {
    await registryWorld.table.put({ ...key, version: 2 });
    const path = '/.well-known/openid-configuration';
    const { statusCode } = await registryWorld.restart()[name](httpEvent({ method: 'GET', path }));
    expect(statusCode).toBe(503);
  });

  it('the scheduled rotation refuses a table that a newer version has written', async () => {
    await registryWorld.table.put({ ...key, version: 2 });
    const before = await registryWorld.find();
    await expect(registryWorld.rotation()()).rejects.toThrow('the keys could not be managed');
    expect(await registryWorld.find()).toEqual(before);
  });
});
