// Secrets that people chose: guessing is slowed down, and disturbs nobody who knows the secret.
import { createHook } from 'node:async_hooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attemptLimits } from '../../lib/guessing/attempt-limits.ts';
import { importSecret } from '../../lib/secrets/secret.ts';
import { deriveKey, HASHES_AT_ONCE, WAITING_HASHES } from '../../lib/secrets/slow-hash.ts';
import { callOf, type FaultyStore, faults, startFaultyStore } from '../support/faulty-store.ts';
import { sampled, scaled } from '../support/scale.ts';
import {
  basic,
  client,
  createTestClock,
  type FormRequest,
  type Handlers,
  httpEvent,
  type JsonResult,
  readResult,
  resourceServer,
  SECRET,
  STORED_SECRET,
  startWorld,
  type World,
} from '../support/world.ts';

const { clock, advance } = createTestClock();
const RIGHT = 'correct horse battery staple';
const { freeAttempts: FREE, maxDelay: LONGEST } = attemptLimits.secret;
const DAY = 86_400;
/** More than may be made without a delay. */
const GUESSES = scaled(FREE + 4, 60);

/** Counts the slow hashes. */
let hashes = 0;
const hook = createHook({
  init(_id, type) {
    if (type === 'SCRYPTREQUEST') hashes++;
  },
});

let world: World;
let store: FaultyStore;
/** New for each test, with an API of the same secret. */
let id = '';
let api = '';
let count = 0;
/** Makes the ids of the tests differ. */
const fresh = async () => {
  const secrets = [await importSecret(RIGHT, clock())];
  [id, api] = [`chosen-${count}`, `chosen-api-${count++}`];
  await Promise.all([
    world.clients.create(client(id, { secrets })),
    world.resourceServers.create(resourceServer(api, { secrets })),
  ]);
};

beforeAll(async () => {
  world = await startWorld({}, clock);
  await Promise.all([
    ...['https://api-0.example:8443', 'urn:example:api:0', 'urn:example:api:0:1'].map((identifier) =>
      world.resourceServers.create(resourceServer(identifier)),
    ),
    world.resourceServers.create(
      resourceServer('https://api-0.example', {
        secrets: [STORED_SECRET, await importSecret('chosen by somebody', clock())],
      }),
    ),
    world.clients.create(client('https')),
    world.clients.create(client('urn:example:client:0')),
  ]);
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  hook.enable();
});
afterAll(async () => {
  hook.disable();
  await store.stop();
  await world.stop();
});
beforeEach(async () => {
  await fresh();
  advance(4_000);
  hashes = 0;
});
afterEach(() => store.behave());

/** A container that knows its clients already, of the function of the endpoint. */
const container = () => world.restart({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint, CLIENT_CACHE_SECONDS: '3600' });

type Door = (handlers: Handlers, secret: string, sourceIp?: string) => Promise<JsonResult>;

const door =
  (endpoint: 'token' | 'introspection' | 'revocation', caller: () => string, by: 'basic' | 'post'): Door =>
  async (handlers, secret, sourceIp = '198.51.100.1') => {
    const form = { grant_type: 'client_credentials', token: 'x' };
    const posted = { ...form, client_id: caller(), client_secret: secret };
    const event =
      by === 'post'
        ? httpEvent({ sourceIp, form: posted })
        : httpEvent({ sourceIp, form, headers: { authorization: basic(caller(), secret) } });
    return readResult(await handlers[endpoint](event));
  };

const doors: readonly [name: string, Door][] = [
  ['/token, in the header', door('token', () => id, 'basic')],
  ['/token, in the body', door('token', () => id, 'post')],
  ['/revoke', door('revocation', () => id, 'basic')],
  ['/introspect, by a client', door('introspection', () => id, 'basic')],
  ['/introspect, by an API', door('introspection', () => api, 'basic')],
];
const [[, token]] = doors as [[string, Door]];

const DELAYED = { status: 429, json: { error: 'temporarily_unavailable' } };
const REFUSED = { status: 401, json: { error: 'invalid_client' } };

async function guess(enter: Door, handlers: Handlers, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let time = 0; time < times; time++) statuses.push((await enter(handlers, `wrong-${time}`)).status);
  return statuses;
}

describe('Guessing the chosen secret', () => {
  // All doors have one way in: in the normal run every second is tried here, and all are below.
  it.each(sampled(doors, 2))('at %s is delayed before the guess is hashed', async (_name, enter) => {
    const handlers = container();
    const statuses = await guess(enter, handlers, GUESSES);
    expect(statuses).toEqual([...Array(FREE + 1).fill(401), ...Array(GUESSES - FREE - 1).fill(429)]);
    expect(hashes).toBe(FREE + 1);
    const delayed = await enter(handlers, RIGHT);
    expect(delayed).toMatchObject({ ...DELAYED, headers: { 'retry-after': '1', 'cache-control': 'no-store' } });
    expect(delayed.headers).not.toHaveProperty('www-authenticate');
    advance(1);
    expect(await enter(handlers, 'wrong')).toMatchObject(REFUSED);
    expect((await enter(handlers, RIGHT)).headers['retry-after']).toBe('2');
    advance(2);
    expect(await enter(handlers, RIGHT)).toMatchObject({ status: 200 });
  });

  it('is counted over all endpoints, containers and addresses, and delayed by at most some minutes', async () => {
    const ofClient = doors.slice(0, 4).map(([, enter]) => enter);
    for (let time = 0; time <= FREE; time++) {
      const enter = ofClient[time % ofClient.length] ?? token;
      expect(await enter(container(), 'wrong', `198.51.100.${time}`)).toMatchObject(REFUSED);
    }
    let longest = 0;
    for (let round = 0; round < 12; round++) {
      const delayed = await token(container(), 'wrong', `203.0.113.${round}`);
      expect(delayed).toMatchObject(DELAYED);
      longest = Number(delayed.headers['retry-after']);
      advance(longest);
      expect(await token(container(), 'wrong', `203.0.113.${round}`)).toMatchObject(REFUSED);
    }
    expect(longest).toBe(LONGEST);
  });

  it('in many containers at once gets no further than one guess after the other', async () => {
    const containers = Array.from({ length: 5 }, container);
    const answers = await Promise.all(
      Array.from({ length: scaled(15, 60) }, (_, time) =>
        token(containers[time % 5]!, `wrong-${time}`, `198.51.100.${time}`),
      ),
    );
    expect(hashes).toBeLessThanOrEqual(FREE + 1);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
  });

  it('from one address is delayed over all clients', async () => {
    const handlers = container();
    for (let time = 0; time <= attemptLimits.address.freeAttempts; time++) {
      if (time % FREE === 0) await fresh();
      expect(await token(handlers, 'wrong', '192.0.2.99')).toMatchObject(REFUSED);
    }
    await fresh();
    expect(await token(handlers, 'wrong', '192.0.2.99')).toMatchObject(DELAYED);
    expect(await token(handlers, 'wrong', '192.0.2.98')).toMatchObject(REFUSED);
  });

  it('says nothing about a secret in the log but that there were too many attempts', async () => {
    const handlers = container();
    await guess(token, handlers, FREE + 2);
    const kept = JSON.stringify(await world.table.scan('ATTEMPTS'));
    expect(kept).not.toContain('wrong');
    expect(kept).not.toContain('198.51.100.1');
  });
});

describe('A chosen secret that was right recently', () => {
  it.each(sampled(doors, 3))(
    'is right at %s while strangers guess, in the same container and in new ones',
    async (_n, enter) => {
      const handlers = container();
      expect(await enter(handlers, RIGHT)).toMatchObject({ status: 200 });
      await guess(enter, handlers, FREE + 5);
      hashes = 0;
      store.take();
      expect(await enter(handlers, RIGHT)).toMatchObject({ status: 200 });
      expect(store.take().filter(({ operation }) => operation === 'GetItem')).toEqual([]);
      expect(await enter(container(), RIGHT)).toMatchObject({ status: 200 });
      expect(hashes).toBe(0);
      expect(await enter(handlers, 'wrong')).toMatchObject(DELAYED);
    },
  );

  it('is known to the other endpoints, at any address', async () => {
    expect(await token(container(), RIGHT)).toMatchObject({ status: 200 });
    await guess(token, container(), FREE + 5);
    for (const [, enter] of doors.slice(0, 4)) {
      expect(await enter(container(), RIGHT, '203.0.113.200')).toMatchObject({ status: 200 });
    }
    expect(hashes).toBe(FREE + 2);
  });

  it('stays known as long as it is used, and is compared slowly again after a month without use', async () => {
    await token(container(), RIGHT);
    for (let use = 0; use < 4; use++) {
      advance(20 * DAY);
      await token(container(), RIGHT);
    }
    expect(hashes).toBe(1);
    advance(31 * DAY);
    expect(await token(container(), RIGHT)).toMatchObject({ status: 200 });
    expect(hashes).toBe(2);
  });

  it('is refused when it was retired or has expired, and known for the client only whose it is', async () => {
    const [one] = [id];
    await token(container(), RIGHT);
    const { value, version } = (await world.clients.findVersion(one))!;
    await world.clients.replace(
      { ...value, secrets: value.secrets.map((it) => ({ ...it, expires_at: clock() })) },
      version,
    );
    expect(await token(container(), RIGHT)).toMatchObject(REFUSED);
    await world.clients.replace({ ...value, secrets: [await importSecret('another one', clock())] }, version + 1);
    hashes = 0;
    expect(await token(container(), RIGHT)).toMatchObject(REFUSED);
    expect(hashes).toBe(1);
  });

  it('is not in the table in any form that is fast to guess, without the keys of the deployment', async () => {
    await token(container(), RIGHT);
    await token(world.restart({ HANDLE_KEYS: Buffer.alloc(32, 9).toString('base64url') }), RIGHT);
    expect(hashes).toBe(2);
  });

  it('counts no attempt, however often it is used', async () => {
    for (let use = 0; use < FREE + 5; use++) {
      expect(await token(container(), RIGHT)).toMatchObject({ status: 200 });
    }
    expect(await guess(token, container(), FREE + 1)).toEqual(Array(FREE + 1).fill(401));
  });
});

describe('The table', () => {
  it('is not asked for a client that has only generated secrets, whether the secret is right or wrong', async () => {
    const handlers = container();
    const generated = door('token', () => 'machine-jwt', 'basic');
    await generated(handlers, 'x');
    store.take();
    expect(await generated(handlers, 'wrong')).toMatchObject(REFUSED);
    expect(store.take()).toEqual([]);
  });

  it('that fails gets nobody in with a chosen secret', async () => {
    const handlers = container();
    await token(handlers, 'wrong');
    store.behave(faults['status 500']);
    expect(await token(handlers, RIGHT)).toMatchObject({ status: 503 });
    expect(hashes).toBe(1);
  });
});

it('A container computes few slow hashes at once, lets some wait, and refuses more', async () => {
  const hash = () => deriveKey('secret', Buffer.alloc(16), { N: 2 ** 7, r: 8, p: 1 });
  const results = await Promise.allSettled(Array.from({ length: HASHES_AT_ONCE + WAITING_HASHES + 5 }, hash));
  const refused = results.filter(({ status }) => status === 'rejected');
  expect(refused.map((result) => result.status === 'rejected' && result.reason.name)).toEqual(
    Array(5).fill('Unavailable'),
  );
  expect(await hash()).toHaveLength(32);
});

describe('A caller that sends its id or its secret as they are, without form-encoding them (curl -u),', () => {
  const raw = (text: string, form: Record<string, string> = {}): FormRequest => ({
    headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` },
    form: { grant_type: 'client_credentials', token: 'x', ...form },
  });
  /** As `encodeURIComponent`, and as forms are encoded. */
  const encoders = [encodeURIComponent, (text: string) => String(new URLSearchParams({ '': text })).slice(1)];

  const secrets = [
    'a+b+c+d+e+f+g',
    'plain-secret',
    'with a space',
    'a/b+c=',
    '100%:certain',
    'a%2Bb',
    'half:a+b c%d',
    '%41:+/',
  ];

  it.each(secrets)('is known by the secret %s as it is and encoded, by one slow hash each', async (secret) => {
    await world.clients.create(client(`${id}:raw`, { secrets: [await importSecret(secret, clock())] }));
    hashes = 0;
    const encoded = encoders.flatMap((encode) => [
      `${encode(`${id}:raw`)}:${encode(secret)}`,
      `${id}:raw:${encode(secret)}`,
    ]);
    // What means another secret when it is decoded has to be encoded.
    const asItIs = secret === 'a%2Bb' ? [] : [`${id}:raw:${secret}`, `${encodeURIComponent(`${id}:raw`)}:${secret}`];
    for (const text of [...asItIs, ...encoded]) {
      const before = hashes;
      expect(readResult(await world.restart().token(httpEvent(raw(text))))).toMatchObject({ status: 200 });
      expect(hashes - before).toBeLessThanOrEqual(1);
    }
    expect(hashes).toBe(1);
  });

  it('and was imported by version 0.1.0 is known by a secret with characters that are never left as they are', async () => {
    const { looks_encoded, ...old } = await importSecret('a/b+c=', clock());
    expect(looks_encoded).toBe(true);
    await world.clients.create(client(`${id}-old`, { secrets: [old] }));
    for (const text of [`${id}-old:a/b+c=`, `${id}-old:a%2Fb%2Bc%3D`]) {
      expect(readResult(await world.restart().token(httpEvent(raw(text))))).toMatchObject({ status: 200 });
    }
  });

  it('spends no second slow hash, and no second guess, on a wrong secret with several readings', async () => {
    const handlers = container();
    for (let time = 0; time < GUESSES; time++) {
      const wrong = raw(`${id}:wrong+${time}%20:/`);
      const { status } = readResult(await handlers.token(httpEvent(wrong)));
      expect(status).toBe(time <= FREE ? 401 : 429);
    }
    expect(hashes).toBe(FREE + 1);
  });

  it.each<[string, text: string, form: Record<string, string>, status: number]>([
    ['a URL', `https://api-0.example:${SECRET}`, {}, 200],
    ['a URL with a port', `https://api-0.example:8443:${SECRET}`, {}, 200],
    ['a URN', `urn:example:api:0:${SECRET}`, {}, 200],
    [
      'the id that is named in the form',
      `https://api-0.example:${SECRET}`,
      { client_id: 'https://api-0.example' },
      200,
    ],
    ['a shorter id that is named in the form', `https://api-0.example:${SECRET}`, { client_id: 'https' }, 401],
    ['an id that the form contradicts', `https://api-0.example:${SECRET}`, { client_id: 'other' }, 400],
    ['the shorter of two ids', `https://api-0.example:chosen by somebody`, {}, 200],
    ['more colons than are tried', `urn:example:api:0:1:${SECRET}`, {}, 401],
    ['a wrong secret', 'https://api-0.example:8443:wrong', {}, 401],
    ['no secret', 'https://api-0.example:', {}, 401],
  ])('with %s as its id: %#', async (_name, text, form, status) => {
    expect(readResult(await world.handlers.introspection(httpEvent(raw(text, form))))).toMatchObject({ status });
  });

  it('is read from the table once, where only its id has colons', async () => {
    const handlers = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint, CLIENT_CACHE_SECONDS: '0' });
    const readsOf = async (text: string, status: number) => {
      store.take();
      expect(readResult(await handlers.token(httpEvent(raw(text))))).toMatchObject({ status });
      return store.take().filter((call) => callOf(call) === 'GetItem CLIENT').length;
    };
    expect(await readsOf(`urn:example:client:0:${SECRET}`, 200)).toBe(1);
    expect(await readsOf(`urn:a:b:c:d:e:f:${SECRET}`, 401)).toBe(4);
  });
});
