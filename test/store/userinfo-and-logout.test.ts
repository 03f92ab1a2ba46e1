// The userinfo and logout endpoints and the delivery of logout tokens: the requests that they send to the table, and what they
// answer when it fails. docs/design.md promises 1 and 2, section 5.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { inParallel } from '../../lib/in-parallel.ts';
import {
  type Behaviour,
  callOf,
  type FaultyStore,
  faults,
  once,
  onlyFor,
  startFaultyStore,
} from '../support/faulty-store.ts';
import { passTime } from '../support/pass-time.ts';
import { isLongRun, sampled, scaled } from '../support/scale.ts';
import { AFTER_LOGOUT, ALICE, app, createDeliverer, createSignIn } from '../support/sign-in.ts';
import {
  createTestClock,
  type Handlers,
  httpEvent,
  PATIENCE,
  post,
  readResult,
  startWorld,
  type World,
} from '../support/world.ts';

const { clock } = createTestClock();

const records = {
  jwt: app('app-jwt'),
  reference: app('app-reference', { access_token_format: 'reference' }),
  listener: app('listener', { backchannel_logout_uri: 'https://name.invalid/' }),
  ender: app('ender', { backchannel_logout_uri: 'https://name.invalid/', end_grants_on_logout: true }),
};
type Name = keyof typeof records;

let world: World;
let store: FaultyStore;
let people: ReturnType<typeof createSignIn>;
let warm: Handlers;

beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  world = await startWorld({}, clock);
  people = createSignIn(world, clock);
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  await people.users.create(ALICE);
  await Promise.all(Object.values(records).map((record) => world.clients.create(record)));
  warm = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint, CLIENT_CACHE_SECONDS: '3600' });
  for (const name of Object.keys(records) as Name[]) {
    await show((await people.give(world.handlers, records[name])).access_token);
    await signOut(await signedIn(name));
  }
});
afterAll(async () => {
  vi.restoreAllMocks();
  await store.stop();
  await world.stop();
});
afterEach(async () => {
  store.behave();
  for (const delivery of await people.deliveries.list()) await people.deliveries.remove(delivery);
});

const show = async (token: string) =>
  readResult(await warm.userinfo(httpEvent({ method: 'GET', headers: { authorization: `Bearer ${token}` } })));

async function signedIn(name: Name) {
  const { sid, cookie } = await people.begin();
  const tokens = await people.give(world.handlers, records[name], { sid, scope: 'openid offline_access' });
  return { name, sid, cookie, ...tokens };
}

type SignedIn = Awaited<ReturnType<typeof signedIn>>;

const logoutEvent = (parameters: Record<string, string>, cookie: string) => {
  const event = httpEvent({ method: 'GET', query: new URLSearchParams(parameters).toString() });
  return { ...event, cookies: [cookie] } as typeof event;
};

const refresh = ({ name, refresh_token }: SignedIn) =>
  post(world.handlers.token, records[name].client_id, { grant_type: 'refresh_token', refresh_token });

async function signOut({ id_token, cookie }: Pick<SignedIn, 'id_token' | 'cookie'>) {
  const parameters = { id_token_hint: id_token, post_logout_redirect_uri: AFTER_LOGOUT };
  return warm.logout(logoutEvent(parameters, cookie));
}

/** The operations that a call needed, in order. */
async function requestsOf(call: () => Promise<unknown>): Promise<string[]> {
  store.take();
  await call();
  return store.take().map(({ operation }) => operation);
}

describe('With cached clients,', () => {
  const expectStatus = (status: number) => async (result: Promise<{ status?: number; statusCode?: number }>) => {
    const answered = await result;
    expect(answered.status ?? answered.statusCode).toBe(status);
  };

  it.each<[Name, string[]]>([
    ['jwt', ['Query', 'GetItem', 'GetItem']],
    ['reference', ['GetItem', 'Query', 'GetItem', 'GetItem']],
  ])('userinfo with a token of %s reads token, revocation list, user and grant once each', async (name, operations) => {
    const { access_token } = await people.give(world.handlers, records[name]);
    const requests = await requestsOf(() => expectStatus(200)(show(access_token)));
    expect(requests.toSorted()).toEqual(operations.toSorted());
    expect(requests.slice(-2)).toEqual(['GetItem', 'GetItem']);
  });

  it('userinfo sends no request to the table for a missing or forged token', async () => {
    const { access_token } = await people.give(world.handlers, records.jwt);
    expect(await requestsOf(() => expectStatus(401)(show(`${access_token.slice(0, -8)}AAAAAAAA`)))).toEqual([]);
    expect(await requestsOf(() => expectStatus(401)(warm.userinfo(httpEvent({ method: 'GET' }))))).toEqual([]);
  });

  it('userinfo reads no user where the scope is insufficient', async () => {
    const { access_token } = await people.give(world.handlers, records.jwt, { scope: 'email' });
    expect(await requestsOf(() => expectStatus(403)(show(access_token)))).toEqual(['Query']);
  });

  it.each<[Name, string[]]>([
    ['jwt', ['GetItem SESSION', 'DeleteItem SESSION']],
    ['listener', ['GetItem SESSION', 'PutItem SIGNED_OUT', 'DeleteItem SESSION']],
    [
      'ender',
      [
        ...['GetItem SESSION', 'PutItem EPOCH session', 'UpdateItem REVOKED', 'PutItem SIGNED_OUT'],
        // Session, and what would be left of it once it has expired.
        ...['DeleteItem SESSION', 'DeleteItem SESSION'],
      ],
    ],
  ])('signing out with client %s removes the session last, whatever was given in it', async (name, calls) => {
    const person = await signedIn(name);
    const more = Array.from({ length: scaled(12, 300) }, () => ({ sid: person.sid, scope: 'openid offline_access' }));
    await inParallel(more, 20, (options) => people.giveCode(records[name], options));
    store.take();
    await expectStatus(303)(signOut(person));
    const requests = store.take().map(callOf);
    expect([requests.at(0), requests.at(-1)]).toEqual([calls.at(0), calls.at(-1)]);
    expect(requests.toSorted()).toEqual(calls.toSorted());
  });

  it('the page that confirms a sign-out costs one read, or none with a forged cookie', async () => {
    const { cookie } = await signedIn('jwt');
    expect(await requestsOf(() => expectStatus(200)(warm.logout(logoutEvent({}, cookie))))).toEqual(['GetItem']);
    const forged = `${cookie.slice(0, -8)}AAAAAAAA`;
    expect(await requestsOf(() => expectStatus(200)(warm.logout(logoutEvent({}, forged))))).toEqual([]);
  });

  it('a run with nothing due costs three queries, and a failed delivery of a logout token eight writes', async () => {
    const deliver = createDeliverer({ ...world.env, AWS_ENDPOINT_URL_DYNAMODB: store.endpoint }, clock);
    await createDeliverer(world.env, clock)(); // drops the receivers whose deliveries are gone
    // The first call also reads the schema of the table.
    expect((await requestsOf(deliver)).toSorted()).toEqual(['GetItem', 'Query', 'Query', 'Query']);
    expect(await requestsOf(deliver)).toEqual(['Query', 'Query', 'Query']);
    await signOut(await signedIn('listener'));
    store.take();
    await deliver();
    expect(store.take().map(callOf)).toEqual([
      ...['Query RECEIVERS', 'Query SIGNED_OUT', 'Query LOGOUT', 'UpdateItem LEASE', 'Query LOGOUT'],
      // Who has to be notified.
      ...['Query SIGNED_OUT', 'Query SESSION', 'GetItem CLIENT', 'PutItem LOGOUT', 'UpdateItem RECEIVERS'],
      ...['DeleteItem SESSION', 'DeleteItem SIGNED_OUT'],
      // The client is read once in a run; it cannot be reached, and its delivery is moved to a later time.
      ...['Query RECEIVERS', 'Query LOGOUT', 'PutItem LOGOUT', 'DeleteItem LOGOUT'],
      ...['Query LOGOUT', 'UpdateItem RECEIVERS', 'UpdateItem LEASE'],
    ]);
    expect(await requestsOf(deliver)).toEqual(['Query', 'Query', 'Query']);
  });
});

/** Makes a call that meets a fault, and expects its answer within six seconds. */
async function promptly<Result>(call: () => Promise<Result>): Promise<Result> {
  const { result, waited } = await passTime(call);
  expect(waited).toBeLessThan(6_000 * PATIENCE);
  return result;
}

const FAULT = { status: 503, json: { error: expect.stringMatching(/^(temporarily_unavailable|server_error)$/) } };
const FAULT_PAGE = { statusCode: 503, headers: { 'content-type': 'text/html; charset=utf-8', 'retry-after': '1' } };

const FORMATS = ['jwt', 'reference'] as const;
const numberedFaults = Object.entries<Behaviour>(faults).map(([name, fault], number) => [name, fault, number] as const);

describe.each(numberedFaults)('When the table fails by "%s",', (_name, fault, number) => {
  // In the normal run userinfo, with a token of each format, and signing out take turns at the faults.
  const [isOfUserinfo, isOfSignOut] = [isLongRun || number % 2 === 0, isLongRun || number % 2 === 1];

  it.each(isOfUserinfo ? sampled(FORMATS, 2, Math.floor(number / 2)) : [])(
    'userinfo with a token of the format %s answers 503, and works after the repair',
    async (name) => {
      const { access_token } = await people.give(world.handlers, records[name]);
      store.behave(fault);
      const { headers, ...result } = await promptly(() => show(access_token));
      expect(result).toMatchObject(FAULT);
      expect(headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' });
      expect(headers).not.toHaveProperty('www-authenticate');
      store.behave();
      expect(await show(access_token)).toMatchObject({ status: 200, json: { sub: ALICE.sub } });
    },
  );

  it.each(isOfSignOut ? ['503'] : [])(
    'signing out answers %s without clearing the cookie, and works after the repair',
    async () => {
      const person = await signedIn('jwt');
      store.behave(fault);
      const result = await promptly(() => signOut(person));
      expect(result).toMatchObject(FAULT_PAGE);
      expect(result).not.toHaveProperty('cookies');
      store.behave();
      expect(await signOut(person)).toMatchObject({ statusCode: 303, headers: { location: AFTER_LOGOUT } });
      expect(await people.sessions.find(person.sid)).toBeUndefined();
    },
  );
});

describe('A user who signs out again after a failure is signed out completely, if the failure was of', () => {
  const lost = faults['an answer lost after the fact'];
  // In the normal run each operation fails in two of the four ways, in turn.
  const cases = ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'].flatMap((operation, turn) => {
    const ways = Object.entries({
      'with status 500': faults['status 500'],
      'by a lost answer': lost,
      'by one lost answer': once(lost),
      'by one reset connection': once(faults['connection reset']),
    });
    return sampled(ways, 2, turn).map(([how, behaviour]) => [operation, how, onlyFor([operation], behaviour)] as const);
  });
  it.each(cases)('%s %s', async (_operation, _how, behaviour) => {
    const person = await signedIn('ender');
    store.behave(behaviour);
    const { statusCode } = await promptly(() => signOut(person));
    expect([303, 503]).toContain(statusCode);
    store.behave();
    // A redirect is sent only after the session has ended.
    const isSignedIn = (await people.sessions.find(person.sid)) !== undefined;
    expect(statusCode === 303 && isSignedIn).toBe(false);
    expect(await signOut(person)).toMatchObject({ statusCode: 303 });

    expect(await people.sessions.find(person.sid)).toBeUndefined();
    expect(await refresh(person)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect(await show(person.access_token)).toMatchObject({ status: 401 });
    expect((await people.deliveries.list()).filter(({ sid }) => sid === person.sid)).toHaveLength(1);
  });
});
