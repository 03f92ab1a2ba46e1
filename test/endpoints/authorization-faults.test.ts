// The table fails at each single call of /authorize. The browser shows an error page; with prompt=none the client gets the
// error. Nothing is lost: the same step works as soon as the table does. docs/design.md promises 1 and 2.
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createConsentStore } from '../../lib/store/consent.ts';
import { createUserStore } from '../../lib/store/user.ts';
import {
  type BrowserResult,
  CALLBACK,
  openBrowser,
  proper,
  type Query,
  user,
  VERIFIER,
  webClient,
} from '../support/browser.ts';
import {
  type Behaviour,
  callOf,
  type FaultyStore,
  faults,
  inFlightTogether,
  onlyFor,
  startFaultyStore,
} from '../support/faulty-store.ts';
import { passTime } from '../support/pass-time.ts';
import { isLongRun } from '../support/scale.ts';
import { type Handlers, ISSUER, PATIENCE, post, startWorld, type World } from '../support/world.ts';

let world: World;
let store: FaultyStore;
let handlers: Handlers;
let address = 0;

beforeAll(async () => {
  world = await startWorld();
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  handlers = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
  const users = createUserStore(world.table);
  await Promise.all([
    ...[user('alice'), user('bob')].flatMap((one) => [users.reserveName(one.username, one.sub), users.create(one)]),
    world.clients.create(webClient('web')),
    world.clients.create(
      webClient('told', {
        require_consent: false,
        backchannel_logout_uri: 'https://told.example/logout',
        end_grants_on_logout: true,
      }),
    ),
    world.clients.create(
      webClient('front', { response_types: ['code id_token token'], access_token_format: 'reference' }),
    ),
  ]);
  // The first request to a container also reads the schema of the table: see schema.test.ts.
  await openBrowser(handlers.authorization).get(proper());
});
afterAll(async () => {
  await store.stop();
  await world.stop();
});
beforeEach(() => Promise.all(['web', 'front'].map((id) => createConsentStore(world.table).remove('sub-of-alice', id))));

const lost: Behaviour = faults['an answer lost after the fact'];
const healthy: Behaviour = onlyFor([], faults['access denied']);

/** Only the n-th request meets the fault, with all attempts at it. */
function breakAt(number: number, fault: Behaviour): Behaviour {
  let count = 0;
  let broken: string | undefined;
  return (response, forward, request) => {
    const text = JSON.stringify(request);
    if (++count === number) broken = text;
    return (text === broken ? fault : healthy)(response, forward, request);
  };
}

type Browser = ReturnType<typeof openBrowser>;

interface Journey {
  /** What is true before, with a store that works; gives the step. */
  prepare(browser: Browser): Promise<() => Promise<BrowserResult>>;
  isDone(seen: BrowserResult): boolean;
}

const gaveCode = ({ answer }: BrowserResult) => answer['code'] !== undefined;
const isPage = (name: string) => (seen: BrowserResult) => seen.fields['page'] === name;

const journeys: Record<string, Journey> = {
  'the first page': {
    prepare: async (browser) => () => browser.get(proper()),
    isDone: isPage('sign_in'),
  },
  'signing in': {
    async prepare(browser) {
      const page = await browser.get(proper());
      return () => browser.signIn(page);
    },
    isDone: isPage('consent'),
  },
  allowing: {
    async prepare(browser) {
      const page = await browser.signIn(await browser.get(proper()));
      return () => browser.press(page, 'allow');
    },
    isDone: gaveCode,
  },
  'allowing more': {
    async prepare(browser) {
      await browser.pass(proper({ scope: 'openid' }));
      const page = await browser.get(proper());
      return () => browser.press(page, 'allow');
    },
    isDone: gaveCode,
  },
  'coming back': {
    async prepare(browser) {
      await browser.pass(proper());
      return () => browser.get(proper());
    },
    isDone: gaveCode,
  },
  'coming back for tokens in front': {
    async prepare(browser) {
      const query: Query = proper({ client_id: 'front', response_type: 'code id_token token' });
      await browser.pass(query);
      return () => browser.get(query);
    },
    isDone: ({ answer }) => answer['access_token'] !== undefined && answer['id_token'] !== undefined,
  },
  'signing in again': {
    async prepare(browser) {
      await browser.pass(proper());
      const page = await browser.get(proper({ prompt: 'login' }));
      return () => browser.signIn(page);
    },
    isDone: gaveCode,
  },
  'signing in as somebody else': {
    async prepare(browser) {
      await browser.pass(proper());
      const page = await browser.press(await browser.get(proper({ prompt: 'select_account' })), 'switch');
      return () => browser.signIn(page, 'bob');
    },
    isDone: (seen) => gaveCode(seen) || isPage('consent')(seen),
  },
};

async function begin({ prepare }: Journey) {
  store.behave();
  const browser = openBrowser(handlers.authorization, { sourceIp: `203.0.113.${address++ % 250}` });
  const step = await prepare(browser);
  store.take();
  return { browser, step };
}

/** The calls to the table that a step makes while the table works. */
async function callsOf(journey: Journey): Promise<string[]> {
  const { step } = await begin(journey);
  expect(journey.isDone(await step())).toBe(true);
  return store.take().map(callOf);
}

/**
 * Chooses the calls to break, by number: in the long run all of them; in the normal run each kind of call in the first journey
 * that makes it.
 */
function createChoice(kindOf = (call: string) => call) {
  const chosen = new Set<string>();
  return (calls: readonly string[]): number[] =>
    calls.flatMap((call, index) => {
      const kind = kindOf(call);
      if (!isLongRun && chosen.has(kind)) return [];
      chosen.add(kind);
      return [index + 1];
    });
}

const chooseFailing = createChoice();
/** To read again has no effect, whatever is read. */
const chooseLost = createChoice((call) => (/^(GetItem|Query) /.test(call) ? 'a read' : call));

const codeWorks = async ({ answer }: BrowserResult) => {
  if (answer['code'] === undefined) return true;
  const form = {
    grant_type: 'authorization_code',
    code: answer['code'],
    redirect_uri: CALLBACK,
    code_verifier: VERIFIER,
  };
  const { status } = await post(world.handlers.token, answer['id_token'] ? 'front' : 'web', form);
  return status === 200;
};

describe.each(Object.entries(journeys))('%s', (_, journey) => {
  it('shows an error page when a single call to the table fails, and works when it is repeated after the repair', async () => {
    for (const number of chooseFailing(await callsOf(journey))) {
      await createConsentStore(world.table).remove('sub-of-alice', 'web');
      const { step } = await begin(journey);
      store.behave(breakAt(number, faults['access denied']));
      const { result: seen } = await passTime(step);
      const operations = store
        .take()
        .map(({ operation }) => operation)
        .join();
      expect([number, operations, seen.status, seen.heading]).toEqual([
        number,
        operations,
        503,
        'Please try again in a moment',
      ]);
      expect([seen.headers['retry-after'], seen.headers['set-cookie'], seen.location]).toEqual([
        '1',
        undefined,
        undefined,
      ]);
      store.behave();
      const next = await step();
      expect([number, operations, journey.isDone(next)]).toEqual([number, operations, true]);
      expect(await codeWorks(next)).toBe(true);
    }
  });

  it('works although the first answer to a single call to the table is lost', async () => {
    for (const number of chooseLost(await callsOf(journey))) {
      await createConsentStore(world.table).remove('sub-of-alice', 'web');
      const { step } = await begin(journey);
      let isLost = false;
      store.behave(
        breakAt(number, (response, forward, request) => {
          if (isLost) return healthy(response, forward, request);
          isLost = true;
          return lost(response, forward, request);
        }),
      );
      const seen = await step();
      expect([number, isLost, journey.isDone(seen)]).toEqual([number, true, true]);
      expect(await codeWorks(seen)).toBe(true);
    }
  });
});

describe('with prompt=none', () => {
  it.each(['access denied', 'no answer ever'] as const)(
    'the client gets an error within three seconds when the table fails by "%s", and the fault is logged once',
    async (fault) => {
      const { browser } = await begin(journeys['coming back']!);
      store.behave(faults[fault]);
      const lines: string[] = [];
      const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
      const cached = world.restart({
        AWS_ENDPOINT_URL_DYNAMODB: store.endpoint,
        CLIENT_CACHE_SECONDS: '60',
        LOG_LEVEL: 'error',
      });
      const other = openBrowser(cached.authorization);
      other.setCookies([...browser.cookies]);
      store.behave();
      expect(gaveCode(await other.get(proper({ prompt: 'none' })))).toBe(true);
      store.behave(faults[fault]);
      const { result, waited } = await passTime(() => other.get(proper({ prompt: 'none' })));
      const { status, answer } = result;
      expect([status, answer]).toEqual([
        303,
        { error: 'temporarily_unavailable', error_description: expect.any(String), state: 'the-state', iss: ISSUER },
      ]);
      expect(waited).toBeLessThan(3_000 * PATIENCE);
      log.mockRestore();
      expect(lines.map((line) => JSON.parse(line))).toEqual([expect.objectContaining({ event: 'fault' })]);
    },
  );
});

it('/authorize stays within its budget of reads and writes, and makes independent requests concurrently', async () => {
  const warm = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint, CLIENT_CACHE_SECONDS: '3600' });
  const browser = openBrowser(warm.authorization);
  const asked = async (step: () => Promise<BrowserResult>) => {
    store.take();
    const seen = await step();
    const operations = store.take().map(({ operation }) => operation);
    return [seen, operations.toSorted().join(' ')] as const;
  };
  store.behave();
  const first = await browser.get(proper());
  // A cookie without a session takes two reads; a missing cookie takes none.
  expect((await asked(() => openBrowser(warm.authorization).get(proper())))[1]).toBe('');

  // The session, what is left of one, two counters, name and user are read, then the user's claims, and consent and its epoch. Both counters are written twice:
  // to count the attempt, and to take it back.
  const [consent, signingIn] = await asked(() => browser.signIn(first));
  expect(signingIn).toBe(`DeleteItem ${'GetItem '.repeat(9)}${'PutItem '.repeat(4)}`.trim());

  // Session, three epochs, user and consent, the consent and its epoch as it is changed; consent and grant.
  const [, allowing] = await asked(() => browser.press(consent, 'allow'));
  expect(allowing).toBe(`${'GetItem '.repeat(8)}${'PutItem '.repeat(2)}`.trim());

  const [, comingBack] = await asked(() => browser.get(proper()));
  expect(comingBack).toBe(`${'GetItem '.repeat(6)}PutItem`);

  // The session notes a client that is notified of its end, and until when there are grants that end with it, also in
  // the item that outlives it. The client is read once.
  const [, noted] = await asked(() => browser.get(proper({ client_id: 'told' })));
  expect(noted).toBe(`${'GetItem '.repeat(7)}PutItem PutItem PutItem UpdateItem UpdateItem`);
  const [, notedAgain] = await asked(() => browser.get(proper({ client_id: 'told' })));
  expect(notedAgain).toBe(`${'GetItem '.repeat(6)}PutItem PutItem`);

  // Session; then epochs, user and consent side by side; then grant and client.
  for (const [operation, together] of [
    ['GetItem', 5],
    ['PutItem', 2],
  ] as const) {
    let answered = 0;
    const wait = inFlightTogether(together);
    store.behave((response, forward, request) => {
      const isIt = request.operation === operation && (operation === 'PutItem' || answered++ > 0);
      return (isIt ? wait : healthy)(response, forward, request);
    });
    expect(gaveCode(await browser.get(proper({ client_id: 'told' })))).toBe(true);
  }
});
