// A container is killed at a request to the table while somebody signs in, allows or comes back: another container completes
// the same step, and what the first one left behind is of no use to anybody. docs/design.md promises 1, 2 and 8.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsentStore, createConsentStore } from '../../lib/store/consent.ts';
import { createGrantStore, type GrantStore } from '../../lib/store/grant.ts';
import { createUserStore } from '../../lib/store/user.ts';
import {
  type Browser,
  type BrowserResult,
  browserResult,
  CALLBACK,
  openBrowser,
  proper,
  queryOf,
  user,
  VERIFIER,
  webClient,
} from '../support/browser.ts';
import { callOf, onlyFor, type StoreRequest } from '../support/faulty-store.ts';
import { type AllHandles, createAllHandles, handlesOf, payloadOf, tokensOf } from '../support/grants.ts';
import { type KillTime, killTimes, openDoomed } from '../support/processes.ts';
import { isLongRun } from '../support/scale.ts';
import { type Handlers, httpEvent, ISSUER, post, startWorld, type World } from '../support/world.ts';

type Handler = Handlers['authorization'];

const COOKIE = '__Host-latchkey=';
const SCOPE = 'openid profile offline_access';
const asked = (more = {}) => proper({ scope: SCOPE, ...more });

let world: World;
let grants: GrantStore;
let consents: ConsentStore;
let handles: AllHandles;
/** The handles that an attacker with the table but without the handle keys could make. */
let guessed: AllHandles;
/** A container that keeps working. */
let well: Handlers;
let people = 0;

beforeAll(async () => {
  world = await startWorld();
  grants = createGrantStore(world.table);
  consents = createConsentStore(world.table);
  handles = handlesOf(world);
  guessed = createAllHandles(ISSUER, Buffer.alloc(32, 9));
  well = world.restart({ CLIENT_CACHE_SECONDS: '3600' });
  const backchannel_logout_uri = 'https://app.example/logout';
  await world.clients.create(webClient('web', { backchannel_logout_uri, end_grants_on_logout: true }));
});
afterAll(() => world.stop());

/** A browser that can be led to another container, and all that it was ever given. */
function openPortable() {
  let handle: Handler = well.authorization;
  const cookies: string[] = [];
  const grant_ids: string[] = [];
  const number = people++;
  const browser = openBrowser(
    async (event) => {
      const result = await handle(event);
      const [cookie] = (browserResult(result).headers['set-cookie'] ?? '').split(';');
      if (cookie) cookies.push(cookie);
      const code = handles.code.parse(browserResult(result).answer['code'] ?? '');
      if (code) grant_ids.push(code.id);
      return result;
    },
    { sourceIp: `203.0.113.${number % 250}` },
  );
  return {
    browser,
    cookies,
    /** Of those whose codes it was given. */
    grant_ids,
    name: `person${number}`,
    lead(to: Handler) {
      handle = to;
    },
  };
}

type Portable = ReturnType<typeof openPortable>;

interface Journey {
  /** Those that the step makes of the store. */
  readonly calls: readonly string[];
  /** Whether it is killed at those only that change something, because the others are as in another journey. */
  readonly onlyWrites?: true;
  /** How many sign-ins were answered before the step. */
  readonly signIns: number;
  /** What is true before; gives the step. */
  prepare(browser: Browser, name: string): Promise<() => Promise<BrowserResult>>;
  isDone(seen: BrowserResult): boolean;
}

const gaveCode = ({ answer }: BrowserResult) => answer['code'] !== undefined;

const TARGET = ['GetItem SCHEMA', 'GetItem CLIENT', 'GetItem RESOURCE', 'GetItem SESSION'];
const CONSENT = ['GetItem CONSENT', 'GetItem EPOCH consent'];
const PRESENT = ['GetItem EPOCH subject', 'GetItem EPOCH issuer', 'GetItem USER', ...CONSENT];
const PASSWORD = [
  'GetItem USERNAME',
  'GetItem USER',
  'GetItem ATTEMPTS',
  'GetItem ATTEMPTS',
  'PutItem ATTEMPTS',
  'PutItem ATTEMPTS',
  'DeleteItem ATTEMPTS',
  'PutItem ATTEMPTS',
];
/** In a browser that is known, which has a counter of its own. */
const PASSWORD_AGAIN = [
  'GetItem USERNAME',
  'GetItem USER',
  'GetItem ATTEMPTS',
  'PutItem ATTEMPTS',
  'DeleteItem ATTEMPTS',
];
/** The grant, and the client. */
const CODE = ['PutItem GRANT', 'PutItem SESSION'];

const journeys: Record<string, Journey> = {
  'signing in': {
    // Also of what is left of a session, because the cookie of the page leads to none.
    calls: [...TARGET, 'GetItem SESSION', ...PASSWORD, 'PutItem SESSION', 'GetItem USER', ...CONSENT],
    signIns: 0,
    async prepare(browser, name) {
      const page = await browser.get(asked());
      return () => browser.signIn(page, name);
    },
    isDone: ({ fields }) => fields['page'] === 'consent',
  },
  'signing in again': {
    calls: [
      ...TARGET,
      ...PASSWORD_AGAIN,
      // The new session, what would be left of it and of the old one, and the old one.
      ...['PutItem SESSION', 'PutItem SESSION', 'UpdateItem SESSION', 'DeleteItem SESSION'],
      ...['GetItem USER', ...CONSENT],
      ...CODE,
    ],
    onlyWrites: true,
    signIns: 1,
    async prepare(browser, name) {
      await browser.pass(asked(), name);
      const page = await browser.get(asked({ prompt: 'login' }));
      return () => browser.signIn(page, name);
    },
    isDone: gaveCode,
  },
  allowing: {
    // The session notes that there is a client, and until when there are grants, also in what is left of it.
    calls: [
      ...[...TARGET, ...PRESENT, ...CONSENT, 'PutItem CONSENT', ...CODE],
      ...['UpdateItem SESSION', 'UpdateItem SESSION', 'PutItem SESSION'],
    ],
    signIns: 1,
    async prepare(browser, name) {
      const page = await browser.signIn(await browser.get(asked()), name);
      return () => browser.press(page, 'allow');
    },
    isDone: gaveCode,
  },
  'coming back': {
    calls: [...TARGET, ...PRESENT, ...CODE],
    signIns: 1,
    async prepare(browser, name) {
      await browser.pass(asked(), name);
      return () => browser.get(asked());
    },
    isDone: gaveCode,
  },
};

async function begin({ prepare }: Journey) {
  const portable = openPortable();
  const person = user(portable.name);
  const users = createUserStore(world.table);
  await Promise.all([users.reserveName(person.username, person.sub), users.create(person)]);
  const step = await prepare(portable.browser, portable.name);
  return { portable, step, sub: person.sub };
}

const isWrite = (call: string) => /^(Put|Update|Delete)Item /.test(call);

/**
 * Reads, and what a password writes, have the same effect in every journey: the normal run takes them in one only, and of the
 * reads, which have no effect, every sixth.
 */
function isCovered(journey: Journey, call: string, index: number): boolean {
  if (isLongRun || (isWrite(call) && !PASSWORD.includes(call))) return false;
  if (!isWrite(call) && index % 6 !== 0) return true;
  const all = Object.values(journeys);
  return all.slice(0, all.indexOf(journey)).some(({ calls }) => calls.includes(call));
}

const DECISIVE = ['PutItem SESSION', 'PutItem CONSENT', 'PutItem GRANT'];

/** How often each call was chosen so far, over all journeys. */
const chosen = new Map<string, number>();

/**
 * In the normal run a call is killed before and after it where it occurs first, if it is decisive, and otherwise before and after
 * by turns.
 */
function timesOf(call: string): KillTime[] {
  const times = killTimes(call);
  const count = chosen.get(call) ?? 0;
  chosen.set(call, count + 1);
  if (isLongRun || (count === 0 && DECISIVE.includes(call))) return times;
  return times.filter((_, index) => index === count % times.length);
}

/** Each call, with its number among the same calls. */
const casesOf = (journey: Journey) =>
  journey.calls.flatMap((call, index) => {
    if ((journey.onlyWrites && !isWrite(call)) || isCovered(journey, call, index)) return [];
    const turn = journey.calls.slice(0, index + 1).filter((other) => other === call).length;
    return timesOf(call).map((time): [KillTime, string, number] => [time, call, turn]);
  });

const healthy = onlyFor([], () => {});

/** Takes the step in a container that is killed before or after this call takes effect, and never answers. */
async function diesAt(
  [time, call, turn]: [KillTime, string, number],
  { lead }: Portable,
  step: () => Promise<BrowserResult>,
) {
  const doomed = await openDoomed(world.env);
  const besides: unknown[] = [];
  let left = turn;
  doomed.store.behave(async (response, forward, request) => {
    if (callOf(request) !== call || --left !== 0) {
      const done = healthy(response, forward, request);
      besides.push(done);
      return done;
    }
    if (time === 'after') await forward();
    await doomed.kill();
    response.destroy();
  });
  lead(doomed.handlers.authorization);
  await expect(step()).rejects.toThrow('ended');
  // The requests that it sent in parallel are still executed.
  await Promise.allSettled(besides);
  lead(well.authorization);
  return tracesOf(doomed.store.take());
}

/** The ids of the grants and sessions that it tried to write. */
function tracesOf(requests: readonly StoreRequest[]) {
  const items = requests.flatMap(({ operation, input }) =>
    operation === 'PutItem' ? [input['Item'] as Readonly<Record<string, { S: string }>>] : [],
  );
  const valuesOf = (name: string, of: (sk: string) => boolean) =>
    new Set(items.filter(({ sk }) => of(sk?.S ?? '')).map((item) => item[name]?.S ?? ''));
  return {
    grants: valuesOf('grant_id', (sk) => /^GRANT(#|$)/.test(sk)),
    sids: valuesOf('sid', (sk) => sk === 'SESSION'),
  };
}

/** Whether the cookie belongs to a session: the user is then asked for consent, not for a password. */
async function isSignedIn(cookie: string): Promise<boolean> {
  const query = queryOf(asked({ prompt: 'none', scope: 'email' }));
  const event = httpEvent({ method: 'GET', path: '/authorize', query, cookies: [cookie] });
  const { error } = browserResult(await well.authorization(event)).answer;
  expect(error).toBeOneOf(['consent_required', 'login_required']);
  return error === 'consent_required';
}

const signedIn = async (cookies: readonly string[]) => {
  const verdicts = await Promise.all(cookies.map(isSignedIn));
  return cookies.filter((_, index) => verdicts[index]);
};

const refreshing = (refresh_token: string) => ({ grant_type: 'refresh_token', refresh_token });

const redeem = ({ token }: Pick<Handlers, 'token'>, id: string, code: string) =>
  post(token, id, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER });

/** The id of a grant whose code was not delivered yields no tokens, even to somebody with the handle keys. */
async function expectUseless(grant_id: string) {
  const attempts = [guessed, handles].flatMap((by) => [
    () => redeem(well, 'web', by.code.mint({ secret: grant_id }).text),
    () => post(well.token, 'web', refreshing(by.refresh_token.mint({ secret: grant_id }).text)),
  ]);
  for (const attempt of attempts)
    expect(await attempt()).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  expect((await grants.find(grant_id))?.state).not.toBe('active');
}

describe.each(Object.entries(journeys))('%s', (_, journey) => {
  it('makes exactly the expected requests to the table', async () => {
    const { portable, step } = await begin(journey);
    const { handlers, store, kill } = await openDoomed(world.env);
    portable.lead(handlers.authorization);
    expect(journey.isDone(await step())).toBe(true);
    expect(store.take().map(callOf).toSorted()).toEqual(journey.calls.toSorted());
    await kill();
  });

  it.each(casesOf(journey))(
    'can be completed in another container when its container is killed %s %s (%i)',
    async (...point) => {
      const { portable, step, sub } = await begin(journey);
      const { browser, cookies, grant_ids } = portable;
      const lost = await diesAt(point, portable, step);

      // There is no consent that the user did not give, and no use for a code or cookie that was not delivered.
      const mine = [...lost.grants].filter((grant_id) => !grant_ids.includes(grant_id));
      const consent = await consents.find(sub, 'web');
      for (const grant_id of mine) {
        const grant = await grants.find(grant_id);
        if (grant) {
          expect(grant.state).toBe('code');
          expect(consent?.scope).toEqual(expect.arrayContaining([...grant.scope]));
        }
        await expectUseless(grant_id);
      }
      // A session that began has a name that no browser knows, and whose cookie cannot be made of what the table says.
      const names = cookies.map((cookie) => handles.session.parse(cookie.slice(COOKIE.length))?.id);
      for (const sid of lost.sids) {
        expect(names).not.toContain(sid);
        for (const by of [guessed, handles])
          expect(await isSignedIn(COOKIE + by.session.mint({ secret: sid }).text)).toBe(false);
      }
      expect((await signedIn(cookies)).length).toBeLessThanOrEqual(journey.signIns);

      const seen = await step();
      expect(journey.isDone(seen)).toBe(true);
      const { answer } = gaveCode(seen) ? seen : await browser.press(seen, 'allow');
      const tokens = tokensOf(await redeem(well, 'web', answer['code'] ?? ''));
      expect(payloadOf(tokens.id_token)).toMatchObject({ sub, nonce: 'the-nonce' });
      // It differs from those that were tried above in what it carries only.
      const { id = '', secret = '' } = handles.code.parse(answer['code'] ?? '') ?? {};
      expect(handles.code.mint({ secret }).text).toBe(answer['code']);
      expect(mine).not.toContain(id);
      expect(await signedIn(cookies)).toEqual(browser.cookies);
      expect(await consents.find(sub, 'web')).toMatchObject({ scope: SCOPE.split(' '), resources: expect.any(Array) });
    },
  );
});
