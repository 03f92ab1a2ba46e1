// People sign in, and their tokens are signed with keys of the registry: with an embedded table, the stand-in for KMS and a
// clock that the test sets.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FaultName } from '../../infra/local/kms/faults.ts';
import type { KeyRegistry, NewKey } from '../../lib/key-registry/registry.ts';
import { KEY_REGISTRY } from '../../lib/key-registry/store.ts';
import { activateKey, addKey, compromiseKey, retireKey } from '../../lib/key-registry/transitions.ts';
import type { AlgorithmName } from '../../lib/keys/algorithm.ts';
import { createRevocation } from '../../lib/oauth/revocation.ts';
import {
  type Browser,
  type BrowserResult,
  browserResult,
  CALLBACK,
  CHALLENGE,
  openBrowser,
  proper,
  type Query,
  user,
  VERIFIER,
  webClient,
} from '../support/browser.ts';
import { faults as storeFaults } from '../support/faulty-store.ts';
import { createHandleKey, createKey, verificationKeys } from '../support/kms-world.ts';
import { passTime } from '../support/pass-time.ts';
import {
  fetchJwks,
  onlyForRegistry,
  type RegistryWorld,
  registryReads,
  startRegistryWorld,
} from '../support/registry-world.ts';
import { openList } from '../support/revocation-list.ts';
import { sampled } from '../support/scale.ts';
import { createDeliverer, createSignIn } from '../support/sign-in.ts';
import {
  createTestClock,
  type Handlers,
  httpEvent,
  ISSUER,
  type JsonResult,
  PATIENCE,
  post,
  readResult,
  type Variables,
} from '../support/world.ts';

const { clock, advance } = createTestClock();
const ALGORITHMS = ['ES256', 'RS256', 'PS256', 'EdDSA'] as const;
const AFTER_LOGOUT = 'https://app.example/bye';
const HYBRID = 'code id_token token';

let world: RegistryWorld;
let people: ReturnType<typeof createSignIn>;

beforeAll(async () => {
  world = await startRegistryWorld({}, clock);
  people = createSignIn(world, clock);
  const alice = user('alice');
  await people.users.reserveName(alice.username, alice.sub);
  await people.users.create(alice);
  const app = (id: string, more = {}) =>
    world.clients.create(
      webClient(id, {
        require_consent: false,
        post_logout_redirect_uris: [AFTER_LOGOUT],
        resources: ['orders'],
        ...more,
      }),
    );
  await Promise.all([
    app('web'),
    app('front', { response_types: ['code', HYBRID, 'id_token'] }),
    app('opaque', { access_token_format: 'reference' }),
    ...ALGORITHMS.map((alg) => app(`web-${alg}`, { id_token_signed_response_alg: alg })),
  ]);
});
beforeEach(async () => {
  await world.forget();
  world.kms.takeCalls();
  world.store.take();
});
afterEach(() => {
  world.kms.recover();
  world.store.behave();
  advance(3600);
});
afterAll(() => world.stop());

const policy = { jwksCache: 7200, maxLifetime: 86_400 };
const force = () => ({ now: clock(), force: true });
const edit = (change: (registry: KeyRegistry) => KeyRegistry, issuer?: string) =>
  world.change((registry) => change(registry ?? { keys: [] }), issuer);
const activate = (kid: string, issuer?: string) =>
  edit((registry) => activateKey(registry, kid, policy, force()), issuer);
const retire = (kid: string) => edit((registry) => retireKey(registry, kid, policy, force()));
const origins = {
  kms: (alg: AlgorithmName) => world.createInKms(alg),
  wrapped: (alg: AlgorithmName) => world.createWrapped(alg),
};

async function add(making: Promise<NewKey>, issuer?: string): Promise<string> {
  const key = await making;
  await world.change((registry) => addKey(registry, key, clock()), issuer);
  return key.kid;
}

/** What `latchkey keys compromise` does. */
async function compromise(kid: string): Promise<void> {
  const entry = createRevocation('key', kid, { now: clock(), lifetime: policy.maxLifetime, delay: 90 });
  await openList(world.table, clock).put(entry);
  await edit((registry) => compromiseKey(registry, kid, { now: clock() }).registry);
}

const SCOPE = 'openid profile offline_access read';
const asking = (more: Query = {}): Query => proper({ scope: SCOPE, ...more });

/** Passes the pages of a browser. @returns the code that the client gets */
async function passPages(browser: Browser, client_id = 'web'): Promise<string> {
  const { answer, status, heading } = await browser.pass(asking({ client_id }));
  if (answer['code'] === undefined) throw new Error(`no code: ${status} ${heading} ${JSON.stringify(answer)}`);
  return answer['code'];
}

/** @returns a code as if alice had passed the pages */
async function createCode(client_id = 'web'): Promise<string> {
  const client = await world.clients.find(client_id);
  if (!client) throw new Error(`no client ${client_id}`);
  const binding = { redirect_uri: CALLBACK, code_challenge: CHALLENGE };
  const { code } = await people.giveCode(client, { sub: 'sub-of-alice', scope: SCOPE, binding });
  return code;
}

const redeem = ({ token }: Pick<Handlers, 'token'>, code: string, client_id = 'web'): Promise<JsonResult> =>
  post(token, client_id, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: CALLBACK,
    code_verifier: VERIFIER,
  });
const refresh = ({ token }: Pick<Handlers, 'token'>, refresh_token: string, client_id = 'web'): Promise<JsonResult> =>
  post(token, client_id, { grant_type: 'refresh_token', refresh_token });

type Tokens = Readonly<Record<'access_token' | 'id_token' | 'refresh_token', string>>;

async function given(answer: Promise<JsonResult>): Promise<Tokens> {
  const { status, json } = await answer;
  if (status !== 200) throw new Error(`no token: ${status} ${JSON.stringify(json)}`);
  return json as unknown as Tokens;
}

/** Signs alice in to a client. */
const signIn = async (handlers: Handlers, client_id = 'web') =>
  given(redeem(handlers, await createCode(client_id), client_id));

const kidOf = (token: string) => decodeProtectedHeader(token).kid ?? '';
const kidsOf = ({ access_token, id_token }: Tokens) => [kidOf(access_token), kidOf(id_token)];

/** As a client does that has read the JWK Set now. */
async function verify(
  token: string,
  typ: string,
  audience: string,
  handlers: Handlers = world.restart(),
  issuer = ISSUER,
) {
  const set = createLocalJWKSet((await fetchJwks(handlers)).json as unknown as JSONWebKeySet);
  const { protectedHeader } = await jwtVerify(token, set, {
    issuer,
    audience,
    typ,
    currentDate: new Date(clock() * 1000),
  });
  return protectedHeader;
}

async function userinfo(handlers: Handlers, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await handlers.userinfo(httpEvent({ method: 'GET', path: '/userinfo', headers }))).statusCode;
}

async function signOut(
  { logout }: Handlers,
  id_token_hint: string,
  cookies: readonly string[] = [],
): Promise<BrowserResult> {
  const query = new URLSearchParams({ id_token_hint, post_logout_redirect_uri: AFTER_LOGOUT }).toString();
  return browserResult(await logout(httpEvent({ method: 'GET', path: '/logout', query, cookies })));
}

/** What becomes of a hint at both doors. Nobody is signed in, so that one is 303 to where it says, the other a page. */
async function showHint(handlers: Handlers, id_token_hint: string, client_id = 'web') {
  const [asked, ended] = await Promise.all([
    openBrowser(handlers.authorization).get(asking({ client_id, id_token_hint })),
    signOut(handlers, id_token_hint),
  ]);
  const authorize = asked.status === 200 && asked.fields['page'] === 'sign_in' ? 'accepted' : asked.answer['error'];
  const logout = ended.location?.href === AFTER_LOGOUT ? 'accepted' : ended.status;
  return [authorize ?? asked.status, logout];
}
const ACCEPTED = ['accepted', 'accepted'];
const REFUSED = ['invalid_request', 400];
const UNAVAILABLE = [503, 503];

/** Makes a call that meets a fault, and expects its answer within two seconds. */
async function promptly<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  const { result, waited } = await passTime(call);
  expect(waited).toBeLessThan(2_000 * PATIENCE);
  return result;
}

const discover = async ({ discovery }: Handlers) =>
  readResult(await discovery(httpEvent({ method: 'GET', path: '/.well-known/openid-configuration' })));

describe.each(['wrapped', 'kms'] as const)('Registered keys of the origin "%s"', (origin) => {
  it('sign the tokens of a redemption and a refresh, and the ID token with the algorithm of the client', async () => {
    const kids: Record<string, string> = {};
    const algorithms = sampled(ALGORITHMS, origin === 'wrapped' ? 2 : 4);
    for (const alg of algorithms) kids[alg] = await add(origins[origin](alg));
    for (const { kid, status } of (await world.find()).keys) if (status === 'next') await activate(kid);
    const handlers = world.restart();
    const verifier = world.restart();
    const expected = kids['RS256'] === undefined ? 'ES256' : 'RS256';
    const { id_token: unasked } = await signIn(handlers);
    expect(await verify(unasked, 'JWT', 'web', verifier)).toEqual({ alg: expected, typ: 'JWT', kid: kids[expected] });
    for (const alg of algorithms) {
      const client_id = `web-${alg}`;
      const first = await signIn(handlers, client_id);
      advance(1);
      const second = await given(refresh(handlers, first.refresh_token, client_id));
      for (const { access_token, id_token } of [first, second]) {
        expect(await verify(id_token, 'JWT', client_id, verifier)).toEqual({ alg, typ: 'JWT', kid: kids[alg] });
        const ofApi = { alg: 'ES256', typ: 'at+jwt', kid: kids['ES256'] };
        expect(await verify(access_token, 'at+jwt', 'orders', verifier)).toEqual(ofApi);
      }
    }
  });

  it('sign the tokens that the authorization endpoint issues', async () => {
    const kid = await add(origins[origin]('ES256'));
    const { answer } = await openBrowser(world.restart().authorization).pass(
      asking({ client_id: 'front', response_type: HYBRID }),
    );
    expect((await verify(answer['id_token'] ?? '', 'JWT', 'front')).kid).toBe(kid);
    expect((await verify(answer['access_token'] ?? '', 'at+jwt', 'orders')).kid).toBe(kid);
  });

  it('are replaced by their successors within a minute, also for older grants', async () => {
    const old = await add(origins[origin]('ES256'));
    const handlers = world.restart();
    const first = await signIn(handlers);
    const code = await createCode();
    const next = await add(origins[origin]('ES256'));
    await activate(next);
    advance(60);
    const [second, third] = [await given(refresh(handlers, first.refresh_token)), await signIn(handlers)];
    expect([kidsOf(first), kidsOf(second), kidsOf(third)]).toEqual([
      [old, old],
      [next, next],
      [next, next],
    ]);
    // The code has expired; nothing of that is a fault.
    expect((await redeem(handlers, code)).json['error']).toBe('invalid_grant');
    for (const { id_token } of [first, second, third]) await verify(id_token, 'JWT', 'web', handlers);
  });
});

it('A client whose algorithm no active key has gets 503, and can redeem its code once there is such a key', async () => {
  await add(world.createWrapped());
  const handlers = world.restart();
  const code = await createCode('web-RS256');
  expect(await redeem(handlers, code, 'web-RS256')).toMatchObject({ status: 503, json: { error: 'server_error' } });
  const rsa = await add(world.createWrapped('RS256'));
  // A key in state `next` does not sign, even if no other key can.
  expect((await redeem(world.restart(), code, 'web-RS256')).status).toBe(503);
  await activate(rsa);
  expect(kidOf((await given(redeem(world.restart(), code, 'web-RS256'))).id_token)).toBe(rsa);
});

describe('An id_token_hint', () => {
  /** The token of a key, and what ends that key. */
  async function prepare() {
    await add(world.createWrapped());
    const successor = await add(world.createWrapped());
    const handlers = world.restart();
    const { id_token } = await signIn(handlers);
    return { handlers, id_token, kid: kidOf(id_token), successor };
  }

  it('is accepted, even when it has expired, until its key has retired', async () => {
    const { handlers, id_token, kid, successor } = await prepare();
    expect(await showHint(handlers, id_token)).toEqual(ACCEPTED);
    await activate(successor);
    advance(4000);
    expect(await showHint(handlers, id_token)).toEqual(ACCEPTED);
    await retire(kid);
    advance(59);
    expect(await showHint(handlers, id_token)).toEqual(ACCEPTED);
    advance(1);
    expect(await showHint(handlers, id_token)).toEqual(REFUSED);
    expect(await showHint(world.restart(), id_token)).toEqual(REFUSED);
  });

  it('is refused within a minute after its key was compromised', async () => {
    const { handlers, id_token, kid } = await prepare();
    expect(await showHint(handlers, id_token)).toEqual(ACCEPTED);
    await compromise(kid);
    expect(await showHint(world.restart(), id_token)).toEqual(REFUSED);
    advance(60);
    expect(await showHint(handlers, id_token)).toEqual(REFUSED);
  });

  it('is accepted at once when it was signed with a key that the container does not know yet', async () => {
    const { handlers, id_token, successor } = await prepare();
    expect(await showHint(handlers, id_token)).toEqual(ACCEPTED);
    const next = await add(world.createWrapped());
    await activate(next);
    const { id_token: fresh } = await signIn(world.restart());
    expect(kidOf(fresh)).toBe(next);
    expect(next).not.toBe(successor);
    expect(await showHint(handlers, fresh)).toEqual(ACCEPTED);
  });

  it('with an unknown kid costs at most one read of the registry in ten seconds', async () => {
    const { handlers, id_token } = await prepare();
    expect(await showHint(handlers, id_token)).toEqual(ACCEPTED);
    advance(11);
    world.store.take();
    const [, payload, signature] = id_token.split('.');
    const invented = (kid: string) => {
      const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid })).toString('base64url');
      return [header, payload, signature].join('.');
    };
    for (let index = 0; index < 5; index++) expect(await showHint(handlers, invented(`k${index}`))).toEqual(REFUSED);
    expect(registryReads(world.store)).toBe(2); // both functions
    advance(9);
    await showHint(handlers, invented('another'));
    expect(registryReads(world.store)).toBe(0);
    advance(1);
    await showHint(handlers, invented('another'));
    expect(registryReads(world.store)).toBe(2);
  });

  // Which faults there are, store/faults.test.ts says.
  it.each(sampled(['status 500', 'access denied', 'throttled by the table', 'no answer ever'] as const, 4, 3))(
    'is answered with 503, and signs nobody out, while the registry cannot be read: %s',
    async (fault) => {
      await add(world.createWrapped());
      const handlers = world.restart();
      const browser = openBrowser(handlers.authorization);
      const { id_token } = await given(redeem(handlers, await passPages(browser)));
      expect(await showHint(handlers, id_token)).toEqual(ACCEPTED);
      advance(60);
      world.store.behave(onlyForRegistry(storeFaults[fault]));
      expect(await promptly(() => showHint(handlers, id_token))).toEqual(UNAVAILABLE);
      const ended = await promptly(() => signOut(handlers, id_token, browser.cookies));
      expect([ended.status, ended.headers['retry-after'], ended.heading]).toEqual([
        503,
        '1',
        'Please try again in a moment',
      ]);
      const silent = asking({ id_token_hint: id_token, prompt: 'none' });
      expect((await promptly(() => browser.get(silent))).answer['error']).toBe('temporarily_unavailable');
      // The session and the hint are still valid.
      world.store.behave();
      expect((await browser.get(silent)).answer['code']).toBeDefined();
      expect((await signOut(handlers, id_token, browser.cookies)).location?.href).toBe(AFTER_LOGOUT);
      expect((await browser.get(silent)).answer['error']).toBe('login_required');
    },
  );

  it('is answered with 503 if the registry is missing', async () => {
    const { handlers, id_token } = await prepare();
    await world.forget();
    advance(60);
    expect(await showHint(world.restart(), id_token)).toEqual(UNAVAILABLE);
    expect(await showHint(handlers, id_token)).toEqual(UNAVAILABLE);
    expect(await world.registry.find(KEY_REGISTRY)).toBeUndefined();
  });
});

it('Userinfo accepts tokens signed with a new key at once', async () => {
  await add(world.createWrapped());
  const handlers = world.restart();
  const { access_token } = await signIn(handlers);
  expect(await userinfo(handlers, access_token)).toBe(200);
  const next = await add(world.createInKms('ES256'));
  await activate(next);
  const fresh = await signIn(world.restart());
  expect(kidOf(fresh.access_token)).toBe(next);
  expect(await userinfo(handlers, fresh.access_token)).toBe(200);
  expect(await userinfo(handlers, access_token)).toBe(200);
});

describe('The discovery document', () => {
  const algorithms = async (handlers: Handlers) => {
    const { status, json } = await discover(handlers);
    expect(status).toBe(200);
    return json['id_token_signing_alg_values_supported'];
  };

  // Whoever asked for the algorithm of a key in preparation would get nothing, and tokens of a retiring key are still about.
  it('lists an algorithm from when a key of it signs until its last token has expired', async () => {
    await add(world.createWrapped('ES256'));
    const handlers = world.restart();
    expect(await algorithms(handlers)).toEqual(['ES256']);
    const rsa = await add(world.createWrapped('RS256'));
    await add(world.createWrapped('ES256'));
    expect(await algorithms(handlers)).toEqual(['ES256']);
    advance(60);
    expect(await algorithms(handlers)).toEqual(['ES256']);
    await activate(rsa);
    expect(await algorithms(world.restart())).toEqual(['ES256', 'RS256']);
    await retire(rsa); // to retiring
    expect(await algorithms(world.restart())).toEqual(['ES256', 'RS256']);
    await retire(rsa); // to retired
    advance(60);
    expect(await algorithms(handlers)).toEqual(['ES256']);
  });

  it('may be cached for an hour, or as long as the JWK Set if that is shorter', async () => {
    await add(world.createWrapped());
    const age = async (variables: Variables) => (await discover(world.restart(variables))).headers['cache-control'];
    expect(await age({})).toBe('public, max-age=3600');
    expect(await age({ JWKS_CACHE_SECONDS: '300' })).toBe('public, max-age=300');
  });

  it('is answered with 503 while no key is known, and lists algorithms again with the next request', async () => {
    const handlers = world.restart();
    const unavailable = { status: 503, headers: { 'retry-after': '1', 'cache-control': 'no-store' } };
    expect(await discover(handlers)).toMatchObject(unavailable);
    const kid = await add(world.createWrapped());
    expect(await algorithms(handlers)).toEqual(['ES256']);
    world.store.behave(storeFaults['status 500']);
    advance(60);
    expect(await discover(handlers)).toMatchObject(unavailable);
    world.store.behave();
    expect(await algorithms(handlers)).toEqual(['ES256']);
    // An empty list would say that there are no ID tokens here.
    await compromise(kid);
    advance(60);
    expect(await discover(handlers)).toMatchObject(unavailable);
  });
});

describe('A compromised key', () => {
  it('makes its tokens refused, but revokes no grant', async () => {
    await add(world.createWrapped());
    const successor = await add(world.createWrapped());
    const running = world.restart();
    const browser = openBrowser(running.authorization);
    const tokens = await given(redeem(running, await passPages(browser)));
    const other = await signIn(running);
    const code = await createCode();
    expect(await userinfo(running, tokens.access_token)).toBe(200);

    await compromise(kidOf(tokens.access_token));
    expect(await userinfo(running, tokens.access_token)).toBe(401);
    expect(await showHint(world.restart(), tokens.id_token)).toEqual(REFUSED);
    // A container that has not heard of it gives tokens of the old key, which are worth nothing, and a good refresh token.
    const late = await given(refresh(running, tokens.refresh_token));
    expect([kidOf(late.access_token), await userinfo(running, late.access_token)]).toEqual([
      kidOf(tokens.access_token),
      401,
    ]);
    // The next containers know.
    const started = world.restart();
    for (const answer of [redeem(started, code), refresh(started, other.refresh_token)]) {
      const { access_token, id_token } = await given(answer);
      expect([kidOf(access_token), kidOf(id_token)]).toEqual([successor, successor]);
      expect(await userinfo(started, access_token)).toBe(200);
    }
    advance(60);
    const fresh = await given(refresh(running, late.refresh_token));
    expect(kidsOf(fresh)).toEqual([successor, successor]);
    expect(await userinfo(running, fresh.access_token)).toBe(200);
    expect(await showHint(running, late.id_token)).toEqual(REFUSED);
    expect(await showHint(running, fresh.id_token)).toEqual(ACCEPTED);
    // The browser is signed in as before.
    expect((await browser.get(asking({ prompt: 'none' }))).answer['code']).toBeDefined();
    expect((await signOut(running, fresh.id_token, browser.cookies)).location?.href).toBe(AFTER_LOGOUT);
  });

  it('consumes no code and no refresh token while no other key can sign', async () => {
    const kid = await add(world.createWrapped());
    const running = world.restart();
    const tokens = await signIn(running);
    const code = await createCode();
    await compromise(kid);
    const started = world.restart();
    const unavailable = { status: 503, headers: { 'retry-after': '1' }, json: { error: 'temporarily_unavailable' } };
    expect(await refresh(started, tokens.refresh_token)).toMatchObject(unavailable);
    expect(await redeem(started, code)).toMatchObject(unavailable);
    const next = await add(world.createWrapped());
    await activate(next);
    const later = world.restart();
    expect(kidsOf(await given(refresh(later, tokens.refresh_token)))).toEqual([next, next]);
    expect(kidsOf(await given(redeem(later, code)))).toEqual([next, next]);
  });
});

describe('Logout tokens', () => {
  // A logout URI may be http on loopback only if the issuer is on loopback, too.
  const LOOPBACK = 'http://localhost:3000';
  const received: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push(new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token') ?? '');
    response.end();
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const backchannel_logout_uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await world.clients.create(webClient('notified', { backchannel_logout_uri }));
  });
  beforeEach(async () => {
    received.length = 0;
    const kept = { sid: 'a-session', sub: 'sub-of-alice', client_id: 'notified', attempts: 0 };
    await people.deliveries.add({ ...kept, due_at: clock(), expires_at: clock() + 7200 });
  });
  afterEach(async () => {
    for (const delivery of await people.deliveries.list()) await people.deliveries.remove(delivery);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const variables = { ISSUER: LOOPBACK };
  const deliverer = () => createDeliverer({ ...world.env, ...variables }, clock);
  const again = async (deliver: () => Promise<void>) => {
    await people.deliveries.add({
      ...{ sid: 'another', sub: 'sub-of-alice', client_id: 'notified', attempts: 0 },
      ...{ due_at: clock(), expires_at: clock() + 7200 },
    });
    await deliver();
  };

  it('are signed with the active key, of any origin', async () => {
    await world.rotation(variables)(); // makes a wrapped key, for this issuer
    const first = (await world.find()).keys[0]?.kid;
    const deliver = deliverer();
    await deliver();
    const verifyLast = () =>
      verify(received.at(-1) ?? '', 'logout+jwt', 'notified', world.restart(variables), LOOPBACK);
    expect(await verifyLast()).toEqual({ alg: 'ES256', typ: 'logout+jwt', kid: first });

    const next = await add(world.createInKms('ES256'), LOOPBACK);
    await activate(next, LOOPBACK);
    advance(60);
    await again(deliver);
    expect((await verifyLast()).kid).toBe(next);
    expect(received).toHaveLength(2);
    expect(await people.deliveries.list()).toEqual([]);
  });

  it('are kept for later while there is no key', async () => {
    const deliver = deliverer();
    await deliver();
    expect(received).toEqual([]);
    expect(await people.deliveries.list()).toMatchObject([{ attempts: 1 }]);
    expect(await world.registry.find(KEY_REGISTRY)).toBeUndefined();
    await add(world.createInKms('ES256'), LOOPBACK);
    advance(60);
    await deliver();
    expect(received).toHaveLength(1);
    expect(await people.deliveries.list()).toEqual([]);
  });

  it.each(sampled(['throttled', 'outage', 'no answer ever', 'disabled', 'denied'] as const, 5, 1))(
    'are kept for later while KMS fails by "%s"',
    async (fault) => {
      await add(world.createInKms('ES256'), LOOPBACK);
      const deliver = deliverer();
      world.kms.fail(fault, ['Sign']);
      await passTime(deliver);
      expect(received).toEqual([]);
      expect(await people.deliveries.list()).toMatchObject([{ attempts: 1 }]);
      world.kms.recover();
      advance(60);
      await deliver();
      expect(received).toHaveLength(1);
    },
  );
});

it('/authorize answers 503 when it must sign, until key management has made the first key', async () => {
  const handlers = world.restart();
  const browser = openBrowser(handlers.authorization);
  const query = asking({ client_id: 'front', response_type: HYBRID });
  await passPages(browser);
  const { status, headers, heading } = await browser.get(query);
  expect([status, headers['retry-after'], heading]).toEqual([503, '1', 'Please try again in a moment']);
  expect((await browser.get({ ...query, prompt: 'none' })).answer['error']).toBe('temporarily_unavailable');
  expect(await world.registry.find(KEY_REGISTRY)).toBeUndefined();
  expect(world.kms.takeCalls()).toEqual({});
  // A code needs no key.
  const code = await passPages(browser);
  await world.rotation()();
  const first = await given(redeem(world.restart(), code));
  const { answer } = await browser.get(query);
  expect(kidOf(answer['id_token'] ?? '')).toBe(kidOf(first.id_token));
});

describe('While KMS fails,', () => {
  const FAULTS: readonly FaultName[] = ['throttled', 'outage', 'no answer ever', 'disabled', 'denied'];
  let ofKms: Variables;

  beforeAll(async () => {
    const signing = createKey(world.kms, 'ECC_NIST_P256');
    ofKms = {
      KEY_REGISTRY: 'off',
      SIGNING_KMS_KEYS: signing,
      VERIFICATION_KEYS: verificationKeys(world.kms, { [signing]: undefined }),
    };
  });

  /** Where the keys are and whether the container has used them: this decides which operation a request waits for. */
  const places = {
    'registered, in KMS, warm': { prepare: () => add(world.createInKms('ES256')), isWarm: true, operation: 'Sign' },
    'registered, in KMS, cold': {
      prepare: () => add(world.createInKms('ES256')),
      isWarm: false,
      operation: 'GetPublicKey',
    },
    'registered, wrapped, cold': { prepare: () => add(world.createWrapped()), isWarm: false, operation: 'Decrypt' },
    'not registered, in KMS, warm': { prepare: async () => '', isWarm: true, operation: 'Sign' },
  } as const;
  const variablesOf = (place: string) => (place.startsWith('not') ? ofKms : {});

  /** Requests that need a signature. What comes before them is served by another container. */
  const requests = {
    async 'to redeem a code'(ours: Handlers) {
      const code = await createCode();
      return () => asked(redeem(ours, code));
    },
    async 'to redeem a code for an ID token alone'(ours: Handlers) {
      const code = await createCode('opaque');
      return () => asked(redeem(ours, code, 'opaque'));
    },
    async 'to refresh'(ours: Handlers, others: Handlers) {
      const { refresh_token } = await signIn(others);
      return () => asked(refresh(ours, refresh_token));
    },
    async 'to refresh for an ID token alone'(ours: Handlers, others: Handlers) {
      const { refresh_token } = await signIn(others, 'opaque');
      return () => asked(refresh(ours, refresh_token, 'opaque'));
    },
    async 'for tokens in front'(ours: Handlers, others: Handlers) {
      const before = openBrowser(others.authorization);
      await passPages(before, 'front');
      const browser = openBrowser(ours.authorization);
      browser.setCookies([...before.cookies]);
      return async () => {
        const { status, headers, answer } = await browser.get(asking({ client_id: 'front', response_type: HYBRID }));
        return { status, retryAfter: headers['retry-after'], id_token: answer['id_token'] };
      };
    },
  };
  const asked = async (answer: Promise<JsonResult>) => {
    const { status, headers, json } = await answer;
    return { status, retryAfter: headers['retry-after'], id_token: json['id_token'] };
  };

  describe.each(Object.keys(places) as (keyof typeof places)[])('with a key that is %s,', (place) => {
    const { prepare, isWarm, operation } = places[place];
    const names = (Object.keys(requests) as (keyof typeof requests)[]).filter(
      (name) => isWarm || !name.endsWith('alone'),
    );
    // In the normal run one or two faults meet one request each, and the next place has other faults and requests.
    const number = Object.keys(places).indexOf(place);
    const cases = sampled(FAULTS, 4, number).flatMap((fault, turn) =>
      sampled(names, names.length, number + turn).map((name) => [fault, name] as const),
    );

    it.each(cases)('by "%s", a request %s gets 503 within two seconds, and loses nothing', async (fault, name) => {
      await prepare();
      const [ours, others] = [world.restart(variablesOf(place)), world.restart(variablesOf(place))];
      if (isWarm && name === 'for tokens in front') {
        await openBrowser(ours.authorization).pass(asking({ client_id: 'front', response_type: HYBRID }));
      } else if (isWarm) await signIn(ours);
      const ask = await requests[name](ours, others);
      world.kms.fail(fault, [operation]);
      expect(await promptly(ask)).toEqual({ status: 503, retryAfter: '1', id_token: undefined });
      world.kms.recover();
      expect(await ask()).toMatchObject({ id_token: expect.any(String) });
    });
  });

  /** A KMS that does not answer every other call, and takes so long for the rest. */
  async function startLossyKms(milliseconds: number) {
    let count = 0;
    const server = createServer(async (request, response) => {
      const body: Buffer[] = [];
      for await (const chunk of request) body.push(chunk as Buffer);
      if (count++ % 2 === 0) return;
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
      const answer = await fetch(world.kms.endpoint, {
        method: 'POST',
        headers: headers as Record<string, string>,
        body: Buffer.concat(body),
      });
      response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' }).end(await answer.text());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      stop() {
        server.closeAllConnections();
        server.close();
      },
    };
  }

  // A new container derives the handle keys, gets the public key and signs twice, one after the other.
  it.each(sampled([0, 40, 200], 3))(
    'four calls, each lost once and then %i ms late, take no more than two seconds',
    async (late) => {
      await add(world.createInKms('ES256'));
      const variables = { HANDLE_KEYS: '', HANDLE_KMS_KEYS: createHandleKey(world.kms) };
      const code = await passPages(openBrowser(world.restart(variables).authorization));
      const lossy = await startLossyKms(late);
      const hasty = { LOCAL_PATIENCE: '1', AWS_ENDPOINT_URL_KMS: lossy.endpoint };
      const container = world.restart({ ...variables, ...hasty });
      const { result, waited } = await passTime(() => redeem(container, code));
      const { status } = result;
      expect(waited).toBeLessThan(2_000);
      expect([200, 503]).toContain(status);
      lossy.stop();
      if (status === 503) await given(redeem(world.restart(variables), code));
    },
  );
});

it('The scheduled rotation withdraws a key only when the ID tokens and access tokens that it signed have expired', async () => {
  const lifetimes = { ACCESS_TOKEN_MAX_LIFETIME_SECONDS: '300', ID_TOKEN_LIFETIME_SECONDS: '7200' };
  await add(world.createWrapped());
  const handlers = world.restart(lifetimes);
  const { id_token } = await signIn(handlers);
  await activate(await add(world.createWrapped()));
  const rotate = world.rotation(lifetimes);
  advance(7199);
  await rotate();
  await verify(id_token, 'JWT', 'web', handlers);
  expect(await showHint(handlers, id_token)).toEqual(ACCEPTED);
  advance(600);
  await rotate();
  advance(60);
  expect(await showHint(handlers, id_token)).toEqual(REFUSED);
});
