import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { inParallel } from '../../lib/in-parallel.ts';
import { CLIENT_SHARE, LEASE_SECONDS, WORKING_TIME } from '../../lib/jobs/backchannel.ts';
import { BREAKER_FAILURES, DELIVERY_PAGE } from '../../lib/jobs/receiver-line.ts';
import { isBackchannelUri } from '../../lib/oauth/backchannel-uri.ts';
import type { Client } from '../../lib/oauth/client.ts';
import { createLease } from '../../lib/store/lease.ts';
import { type FaultyStore, faults, onlyIf, startFaultyStore } from '../support/faulty-store.ts';
import { passTime } from '../support/pass-time.ts';
import { isLongRun, sampled, scaled } from '../support/scale.ts';
import { ALICE, app, createDeliverer, createSignIn } from '../support/sign-in.ts';
import { createTestClock, httpEvent, keyVariables, readResult, startWorld, type World } from '../support/world.ts';

// The servers of clients are real and on loopback, so the issuer has to be there too.

const ISSUER = 'http://localhost:3000';
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const { clock, advance, set } = createTestClock();
const NOW = clock();

type Respond = (response: ServerResponse, request: IncomingMessage) => void;

const status =
  (code: number, headers = {}): Respond =>
  (response) =>
    response.writeHead(code, headers).end();

/** A client's server: what it was sent, and how it answers. */
async function startReceiver() {
  const received: { path: string; type: string | undefined; form: Record<string, string> }[] = [];
  let respond: Respond = status(200);
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    received.push({ path: request.url ?? '', type: request.headers['content-type'], form });
    respond(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    behave(next: Respond) {
      respond = next;
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

const keys = ['ES256', 'PS256'].map((alg) => keyVariables(alg));
const both = (name: 'SIGNING_KEYS' | 'VERIFICATION_KEYS') =>
  JSON.stringify({ keys: keys.flatMap((set) => JSON.parse(set[name]).keys) });

let world: World;
let people: ReturnType<typeof createSignIn>;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let store: FaultyStore;
let deliver: () => Promise<void>;

beforeAll(async () => {
  const variables = { SIGNING_KEYS: both('SIGNING_KEYS'), VERIFICATION_KEYS: both('VERIFICATION_KEYS') };
  world = await startWorld({ ISSUER, ...variables }, clock);
  people = createSignIn(world, clock);
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  await people.users.create(ALICE);
});
afterAll(async () => {
  await store.stop();
  await world.stop();
});
beforeEach(async () => {
  receiver = await startReceiver();
  deliver = createDeliverer(world.env, clock);
});
afterEach(async () => {
  store.behave();
  set(NOW);
  for (const delivery of await people.deliveries.list()) await people.deliveries.remove(delivery);
  await receiver.stop();
});

let made = 0;

/** A client whose logout tokens go to the receiver. */
async function listener(more: Partial<Client> = {}): Promise<Client> {
  const client = app(`listener-${made++}`, { backchannel_logout_uri: `${receiver.origin}/logout?a=b`, ...more });
  await world.clients.create(client);
  return client;
}

/** Signs somebody in to clients, and out. */
async function signOut(...clients: Client[]) {
  const { sid, cookie } = await people.begin();
  const tokens = await Promise.all(clients.map((client) => people.give(world.handlers, client, { sid })));
  const id_token_hint = tokens[0]?.id_token ?? '';
  const event = httpEvent({ method: 'GET', path: '/logout', query: `id_token_hint=${id_token_hint}` });
  const { statusCode } = await world.handlers.logout({ ...event, cookies: [cookie] } as typeof event);
  expect(statusCode).toBe(200);
  return { sid, id_token: id_token_hint };
}

const pending = () => people.deliveries.list();
const sentTokens = () => receiver.received.map(({ form }) => form['logout_token'] ?? '');

async function verify(token: string, alg: string, audience: string) {
  const { body } = await world.handlers.jwks(httpEvent({ method: 'GET' }));
  const set = createLocalJWKSet(JSON.parse(body) as JSONWebKeySet);
  const options = { issuer: ISSUER, typ: 'logout+jwt', algorithms: [alg], currentDate: new Date(clock() * 1000) };
  return (await jwtVerify(token, set, { ...options, audience })).payload;
}

describe('A logout token', () => {
  it.each(['ES256', 'PS256'])(
    'signed with %s has exactly the claims of Back-Channel Logout section 2.4',
    async (alg) => {
      const client = await listener({ id_token_signed_response_alg: alg });
      const { sid } = await signOut(client);
      await deliver();
      expect(receiver.received).toEqual([
        {
          path: '/logout?a=b',
          type: expect.stringMatching(/^application\/x-www-form-urlencoded/),
          form: { logout_token: expect.any(String) },
        },
      ]);
      // Back-Channel Logout section 2.4: exactly these, and no nonce.
      expect(await verify(sentTokens()[0] ?? '', alg, client.client_id)).toEqual({
        iss: ISSUER,
        sub: ALICE.sub,
        aud: client.client_id,
        iat: NOW,
        exp: NOW + 120,
        jti: expect.stringMatching(/^[\w-]{22}$/),
        events: { [EVENT]: {} },
        sid,
      });
      expect(await pending()).toEqual([]);
    },
  );

  it('is not accepted as an access token or ID token, nor an ID token as a logout token', async () => {
    const client = await listener();
    const { id_token } = await signOut(client);
    await deliver();
    const [token = ''] = sentTokens();
    const headers = { authorization: `Bearer ${token}` };
    const shown = readResult(await world.handlers.userinfo(httpEvent({ method: 'GET', headers })));
    expect(shown).toMatchObject({ status: 401, json: { error: 'invalid_token' } });
    const { statusCode, body } = await world.handlers.logout(
      httpEvent({ method: 'GET', query: `id_token_hint=${token}` }),
    );
    expect([statusCode, body]).toEqual([400, expect.stringContaining('invalid_request')]);
    await expect(verify(id_token, 'ES256', client.client_id)).rejects.toThrow('typ');
  });

  it('is sent to every client of the session once, and to no other client', async () => {
    const [first, second, other] = [await listener(), await listener(), await listener()];
    await signOut(first, second, first);
    await deliver();
    await deliver();
    const audiences = sentTokens().map((token) => decodeJwt(token).aud);
    expect(audiences.toSorted()).toEqual([first.client_id, second.client_id].toSorted());
    expect(audiences).not.toContain(other.client_id);
  });

  it('is sent to clients of every id that can be registered', async () => {
    const ids = ['~web', '~', '!', '"', `~${'~'.repeat(100)}`].map((id) => ({ client_id: id }));
    await signOut(...(await Promise.all(ids.map(listener))));
    await deliver();
    const audiences = sentTokens().map((token) => decodeJwt(token).aud);
    expect(audiences.sort()).toEqual(ids.map(({ client_id }) => client_id).sort());
    expect(await pending()).toEqual([]);
  });

  it('is not sent by the logout endpoint: signing out waits for no client', async () => {
    await signOut(await listener(), await listener());
    expect(receiver.received).toEqual([]);
    expect(await pending()).toHaveLength(2);
  });

  it('appears in no log', async () => {
    const lines: unknown[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((line) => lines.push(line));
    await signOut(await listener());
    await createDeliverer({ ...world.env, LOG_LEVEL: 'debug' }, clock)();
    receiver.behave(status(500));
    await signOut(await listener());
    await createDeliverer({ ...world.env, LOG_LEVEL: 'debug' }, clock)();
    log.mockRestore();
    expect(lines).toEqual([
      expect.stringContaining('"event":"logout token delivered"'),
      expect.stringContaining('"event":"logout token not delivered"'),
    ]);
    for (const token of sentTokens()) expect(lines.join()).not.toContain(token.split('.')[2]);
    expect(lines.join()).not.toContain(ALICE.sub);
  });
});

describe('A client that does not accept its logout token', () => {
  const answers: [string, Respond][] = [
    ...[400, 401, 404, 500, 501, 503, 504].map((code): [string, Respond] => [`answers ${code}`, status(code)]),
    ['closes the connection', (response) => response.destroy()],
    ['does not speak HTTP', (response) => response.socket?.end('hello\r\n\r\n')],
  ];
  it.each(sampled(answers, 7))('because it %s gets a new one a minute later', async (_name, respond) => {
    await signOut(await listener());
    receiver.behave(respond);
    await deliver();
    await deliver();
    expect(receiver.received).toHaveLength(1);
    expect(await pending()).toMatchObject([{ attempts: 1, due_at: NOW + 60 }]);

    advance(60);
    receiver.behave(status(204));
    await deliver();
    expect(await pending()).toEqual([]);
    const [first, second] = sentTokens().map((token) => decodeJwt(token));
    expect(second?.iat).toBe(NOW + 60);
    expect(second?.jti).not.toBe(first?.jti);
  });

  it.each(sampled([301, 302, 303, 307, 308], 5, 1))(
    'is not followed when it redirects with status %i',
    async (code) => {
      const elsewhere = await startReceiver();
      await signOut(await listener());
      receiver.behave(status(code, { location: `${elsewhere.origin}/` }));
      await deliver();
      expect(receiver.received).toHaveLength(1);
      expect(elsewhere.received).toEqual([]);
      expect(await pending()).toMatchObject([{ attempts: 1 }]);
      await elsewhere.stop();
    },
  );

  it('by not answering is given up after five seconds, while another client gets its own', async () => {
    const slow = await listener();
    const quick = await startReceiver();
    await signOut(slow, await listener({ backchannel_logout_uri: quick.origin }));
    receiver.behave(() => undefined);
    const { waited } = await passTime(deliver);
    expect(waited).toBeLessThan(6_000);
    expect(quick.received).toHaveLength(1);
    expect(await pending()).toMatchObject([{ client_id: slow.client_id, attempts: 1 }]);
    await quick.stop();
  });

  it('but answers 200 with an endless body counts as notified, and the body is not read', async () => {
    await signOut(await listener());
    receiver.behave((response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write('x'.repeat(10_000)), 5);
      response.on('close', () => clearInterval(more));
    });
    await deliver();
    expect(await pending()).toEqual([]);
  });

  it('is retried at growing intervals, for a day', async () => {
    await signOut(await listener());
    receiver.behave(status(503));
    const attempts: number[] = [];
    for (let [next] = await pending(); next && attempts.length < 100; [next] = await pending()) {
      if (isLongRun || attempts.length < 4) {
        set(next.due_at - 1);
        await deliver();
        expect(receiver.received).toHaveLength(attempts.length);
      }
      // Every hour from then on, of which the normal run skips most.
      set(isLongRun || attempts.length !== 9 ? next.due_at : NOW + 22 * 3600);
      await deliver();
      if (receiver.received.length > attempts.length) attempts.push((clock() - NOW) / 60);
    }
    expect(attempts.slice(0, 9)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
    expect(attempts.at(-1)).toBeGreaterThan(22 * 60);
    expect(attempts.at(-1)).toBeLessThan(24 * 60);
    expect(await pending()).toEqual([]);
  });

  it('because it cannot be reached is notified later', async () => {
    const gone = await startReceiver();
    await gone.stop();
    const clients = [gone.origin, 'https://name.invalid/', receiver.origin.replace('http:', 'https:')];
    for (const backchannel_logout_uri of clients) await signOut(await listener({ backchannel_logout_uri }));
    await deliver();
    expect(await pending()).toMatchObject([{ attempts: 1 }, { attempts: 1 }, { attempts: 1 }]);
  });
});

describe('A client whose server never answers', () => {
  /** Queues deliveries of many sessions for one client. */
  async function queueMany(client_id: string, count: number) {
    const more = { sub: ALICE.sub, client_id, attempts: 0, due_at: NOW - 60, expires_at: NOW + 86_400 };
    await people.deliveries.add({ ...more, sid: 'first' });
    const put = async (number: number) => {
      const sid = `session-${number}`;
      await world.table.put({
        pk: `LOGOUT#${client_id}`,
        sk: `${String(more.due_at).padStart(10, '0')}#${sid}`,
        ...more,
        sid,
      });
    };
    await inParallel(
      Array.from({ length: count - 1 }, (_, number) => number),
      20,
      put,
    );
  }

  const silent: Respond = () => undefined;
  const queued = async (client_id: string) => (await world.table.query(`LOGOUT#${client_id}`, '0')).length;

  it('with thousands of deliveries queued delays nobody else, and a run reads one page of them', async () => {
    const count = scaled(DELIVERY_PAGE + 20, 10_000);
    const dead = await listener();
    await queueMany(dead.client_id, count);
    receiver.behave(silent);
    const quick = await startReceiver();
    const others = await Promise.all(
      Array.from({ length: 5 }, () => listener({ backchannel_logout_uri: quick.origin })),
    );
    for (const other of others) await signOut(other);

    const counted = createDeliverer({ ...world.env, AWS_ENDPOINT_URL_DYNAMODB: store.endpoint }, clock);
    store.take();
    const { waited } = await passTime(counted);
    expect(quick.received).toHaveLength(5);
    // Its share at once; until the breaker opens, one further attempt for each that has failed.
    expect(receiver.received).toHaveLength(CLIENT_SHARE + BREAKER_FAILURES - 1);
    expect(waited).toBeLessThan(11_000);
    expect(await queued(dead.client_id)).toBe(count);
    const queries = store.take().filter(({ operation }) => operation === 'Query');
    const ofDead = queries.filter(({ input }) => JSON.stringify(input).includes(`LOGOUT#${dead.client_id}`));
    // One page of deliveries, and the first delivery again when the run ends.
    expect(ofDead.map(({ input }) => input['Limit'])).toEqual([DELIVERY_PAGE, 1]);
    await quick.stop();
  });

  it('gets one attempt at a time, at growing intervals, and its queue once it answers again', async () => {
    const dead = await listener();
    await queueMany(dead.client_id, 30);
    receiver.behave(silent);
    const attempts: number[] = [];
    const minutes = scaled(8, 16);
    for (let minute = 0; minute < minutes; minute++, advance(60)) {
      const { length } = receiver.received;
      await passTime(deliver);
      if (receiver.received.length > length) attempts.push(minute);
    }
    expect(attempts).toEqual([0, 1, 3, 7, 15].filter((minute) => minute < minutes));
    const { length } = receiver.received;
    expect(length).toBe(CLIENT_SHARE + BREAKER_FAILURES - 1 + attempts.length - 1);
    expect(await queued(dead.client_id)).toBe(30);

    set(NOW + 3_600);
    receiver.behave(status(200));
    await deliver();
    expect(receiver.received).toHaveLength(length + 30);
    expect(await pending()).toEqual([]);
  });

  it('leaves the deliveries of a client that answers only some', async () => {
    const picky = await listener();
    await queueMany(picky.client_id, 20);
    const isRefused = (form: Record<string, string>) => decodeJwt(form['logout_token'] ?? '')['sid'] === 'session-3';
    receiver.behave((response) =>
      response.writeHead(isRefused(receiver.received.at(-1)?.form ?? {}) ? 400 : 200).end(),
    );
    await deliver();
    expect(await pending()).toMatchObject([{ sid: 'session-3', attempts: 1, due_at: NOW + 60 }]);
  });
});

describe('No logout token is sent', () => {
  const change = (client: Client, more: object) =>
    world.table.put({ pk: `CLIENT#${client.client_id}`, sk: 'CLIENT', version: 2, ...client, ...more });
  it.each<[string, (client: Client) => Promise<unknown>]>([
    ['to a client that was disabled', (client) => change(client, { enabled: false })],
    ['to a client that no longer wants it', (client) => change(client, { backchannel_logout_uri: undefined })],
    ['to a client that is gone', ({ client_id }) => world.table.remove({ pk: `CLIENT#${client_id}`, sk: 'CLIENT' })],
    [
      'over http to another host than loopback',
      (client) => change(client, { backchannel_logout_uri: 'http://client.example/' }),
    ],
    ['to a malformed URI', (client) => change(client, { backchannel_logout_uri: 'logout' })],
  ])('%s', async (_name, alter) => {
    const client = await listener();
    await signOut(client);
    await alter(client);
    await deliver();
    expect(receiver.received).toEqual([]);
    expect(await pending()).toEqual([]);
  });

  it('over http by a service that is not on loopback', async () => {
    await signOut(await listener());
    await createDeliverer({ ...world.env, ISSUER: 'https://issuer.example' }, clock)();
    expect(receiver.received).toEqual([]);
    expect(await pending()).toEqual([]);
  });
});

describe('The delivery of logout tokens', () => {
  it('happens once for each client when five jobs run at the same time', async () => {
    const clients = await Promise.all(Array.from({ length: 12 }, () => listener()));
    await signOut(...clients);
    await Promise.all(Array.from({ length: 5 }, () => createDeliverer(world.env, clock)()));
    expect(receiver.received).toHaveLength(12);
    expect(await pending()).toEqual([]);
  });

  it('that was interrupted is repeated by the next run, a minute later', async () => {
    await signOut(await listener());
    // The run before was killed, and has not given back its lease.
    expect(await createLease(world.table, 'backchannel').take(NOW, NOW + LEASE_SECONDS)).toBe(true);
    await deliver();
    expect(receiver.received).toEqual([]);
    advance(LEASE_SECONDS);
    await deliver();
    expect(receiver.received).toHaveLength(1);
    expect(await pending()).toEqual([]);
  });

  it('begins no more after its time, although the clock is set back meanwhile', async () => {
    const client = await listener();
    for (let count = 0; count < 2 * CLIENT_SHARE; count++) await signOut(client);
    let elapsed = 0;
    receiver.behave((response, request) => {
      elapsed = WORKING_TIME;
      advance(-1);
      status(200)(response, request);
    });
    advance(60);
    await createDeliverer(
      world.env,
      Object.assign(() => clock(), { elapsedMs: () => elapsed * 1000 }),
    )();
    expect(receiver.received).toHaveLength(CLIENT_SHARE);
    advance(60);
    await deliver();
    expect(receiver.received).toHaveLength(2 * CLIENT_SHARE);
  });

  it.each([
    [1, LEASE_SECONDS + 1],
    [LEASE_SECONDS, 2 * LEASE_SECONDS],
    [LEASE_SECONDS + 1, 0],
    [1_000_000, 0],
  ])(
    'by a run that was killed with its clock %i seconds ahead stops the others for %i at most',
    async (ahead, most) => {
      await signOut(await listener());
      const lease = createLease(world.table, 'backchannel');
      expect(await lease.take(NOW + ahead, NOW + ahead + LEASE_SECONDS)).toBe(true);
      advance(most);
      await deliver();
      expect(receiver.received).toHaveLength(1);
    },
  );

  it.each(sampled(Object.keys(faults) as (keyof typeof faults)[], 9))(
    'loses no token when the table fails by "%s"',
    async (fault) => {
      await signOut(await listener());
      const faulty = createDeliverer({ ...world.env, AWS_ENDPOINT_URL_DYNAMODB: store.endpoint }, clock);
      store.behave(faults[fault]);
      await passTime(() => faulty().catch((error: Error) => expect(error.name).toBe('JobFault')));
      store.behave();
      advance(60);
      await faulty();
      expect(receiver.received.length).toBeGreaterThanOrEqual(1);
      expect(await pending()).toEqual([]);
    },
  );

  it('that is killed at any request to the table loses no token', async () => {
    const clients = [await listener(), await listener()];
    // In the normal run at every eleventh one.
    for (let calls = 0; ; calls += scaled(11, 1)) {
      receiver.received.length = 0;
      await signOut(...clients);
      let left = calls;
      store.behave(onlyIf(() => left-- <= 0, faults['connection reset']));
      const doomed = createDeliverer({ ...world.env, AWS_ENDPOINT_URL_DYNAMODB: store.endpoint }, clock);
      const { result: isComplete } = await passTime(() =>
        doomed().then(
          () => left >= 0,
          () => false,
        ),
      );
      store.behave();
      // The next runs, after the lease, and after the pause of a delivery that the first one could not record.
      for (let minute = 0; minute < 3; minute++) {
        advance(60);
        await deliver();
      }
      const notified = new Set(sentTokens().map((token) => decodeJwt(token).aud));
      expect([calls, ...notified].toSorted()).toEqual([calls, ...clients.map(({ client_id }) => client_id)].toSorted());
      expect([calls, await pending()]).toEqual([calls, []]);
      if (isComplete) break;
    }
  });

  type Spoil = (client_id: string, sid: string) => readonly [pk: string, sk: string];
  it.each<[string, Spoil, isQueued?: boolean]>([
    ['client', (id) => [`CLIENT#${id}`, 'CLIENT']],
    ['client of a session', (id, sid) => [`SESSION#${sid}`, `CLIENT#${id}#${sid}`]],
    ['sign-out', (_, sid) => ['SIGNED_OUT', `${String(NOW).padStart(10, '0')}#${sid}`]],
    ['receiver', (id) => ['RECEIVERS', id], true],
    ['delivery', (id, sid) => [`LOGOUT#${id}`, `${String(NOW).padStart(10, '0')}#${sid}`], true],
    ['delivery of 0.1.0', (id, sid) => ['LOGOUT', `${sid}#${id}`]],
  ])(
    'goes on beside a malformed %s, whose own is delivered once it is mended',
    async (_kind, spoil, isQueued = false) => {
      const [first, ...others] = [await listener(), await listener(), await listener()];
      const { sid } = await signOut(first!, ...others);
      if (isQueued) await pending();
      const [pk, sk] = spoil(first!.client_id, sid);
      const before = await world.table.get({ pk, sk });
      await world.table.put({ pk, sk, malformed: true });
      // Sorts behind the malformed item.
      advance(1);
      await signOut(...others);
      await expect(deliver()).rejects.toThrow('the logout tokens could not be delivered');
      const toOthers = sentTokens().filter((token) => decodeJwt(token).aud !== first!.client_id);
      const isHeldUp = pk === 'SIGNED_OUT';
      expect(toOthers).toHaveLength(isHeldUp ? 2 : 4);

      if (before) await world.table.put({ pk, sk, ...before });
      else await world.table.remove({ pk, sk });
      advance(60);
      await createDeliverer(world.env, clock)();
      const count = ({ client_id }: Client) =>
        sentTokens().filter((token) => decodeJwt(token).aud === client_id).length;
      expect([first!, ...others].map(count)).toEqual([1, 2, 2]);
      expect(await pending()).toEqual([]);
    },
  );

  it('without a variable fails without details, and the log names the variable', async () => {
    const log = vi.spyOn(console, 'log').mockReturnValue();
    const failing = createDeliverer({ ...world.env, SIGNING_KEYS: '' }, clock)();
    await expect(failing).rejects.toThrow(/^the logout tokens could not be delivered$/);
    expect(log.mock.calls.map(([line]) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        event: 'fault',
        fault: 'ConfigError',
        message: 'SIGNING_KEYS or SIGNING_KMS_KEYS is not set',
      }),
    ]);
    log.mockRestore();
  });

  it('is kept for later when there is no key for the algorithm of the client', async () => {
    await signOut(await listener());
    const other = await listener({ id_token_signed_response_alg: 'EdDSA' });
    await people.deliveries.add({
      sid: 's',
      sub: ALICE.sub,
      client_id: other.client_id,
      attempts: 0,
      due_at: NOW,
      expires_at: NOW + 99,
    });
    await deliver();
    expect(receiver.received).toHaveLength(1);
    expect(await pending()).toMatchObject([{ client_id: other.client_id, attempts: 1 }]);
  });

  it('uses the URI that the client has at that time', async () => {
    const client = await listener({ backchannel_logout_uri: 'http://127.0.0.1:1/' });
    await signOut(client);
    await world.clients.replace({ ...client, backchannel_logout_uri: receiver.origin }, 1);
    await deliver();
    expect(receiver.received).toHaveLength(1);
  });
});

it.each<[string, string, boolean]>([
  ['https://client.example/logout', 'https://issuer.example', true],
  ['https://client.example:8443/logout?a=b', 'https://issuer.example', true],
  ['http://localhost:4000/logout', 'http://localhost:3000', true],
  ['http://127.0.0.1:4000/logout', 'http://localhost:3000', true],
  ['http://[::1]:4000/logout', 'http://127.0.0.1:3000', true],
  ['http://localhost:4000/logout', 'https://issuer.example', false],
  ['http://169.254.169.254/', 'http://localhost:3000', false],
  ['http://client.example/logout', 'http://localhost:3000', false],
  ['https://user:secret@client.example/', 'https://issuer.example', false],
  ['https://client.example/#fragment', 'https://issuer.example', false],
  ['ftp://client.example/', 'https://issuer.example', false],
  ['javascript:alert(1)', 'https://issuer.example', false],
  ['logout', 'https://issuer.example', false],
])('A logout token may be sent to %s by the issuer %s: %s', (uri, issuer, expected) => {
  expect(isBackchannelUri(uri, issuer)).toBe(expected);
});
