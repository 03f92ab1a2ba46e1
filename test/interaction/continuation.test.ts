// Sign-in for a purpose that has nothing to do with a client: what follows is a parameter of lib/interaction.
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { compose } from '../../functions/authorization.ts';
import type { AuthorizationContext } from '../../lib/endpoints/authorization.ts';
import { parseForm } from '../../lib/http/form.ts';
import { json } from '../../lib/http/message.ts';
import { type Endpoint, serve } from '../../lib/http/serve.ts';
import { askThenContinue } from '../../lib/interaction/ask-then-continue.ts';
import type { Continuation } from '../../lib/interaction/continuation.ts';
import { createErrorPages } from '../../lib/interaction/error-pages.ts';
import { parseSubmission } from '../../lib/interaction/submission.ts';
import { openVisit } from '../../lib/interaction/visit.ts';
import { parsePrompt } from '../../lib/oauth/prompt.ts';
import { createConsentStore } from '../../lib/store/consent.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { type Browser, openBrowser, user } from '../support/browser.ts';
import { startWorld, type World } from '../support/world.ts';

let world: World;
let change: Partial<Continuation>;
const lines: string[] = [];

/** Greets the person who signs in. */
const greeting: Endpoint<AuthorizationContext> = {
  methods: ['GET', 'POST'],
  async handle(request, context, _identify, renderErrorsWith) {
    renderErrorsWith(createErrorPages(request, context));
    const continuation: Continuation = {
      endpoint: 'greeting',
      query: request.query,
      requirements: { prompt: parsePrompt(undefined), max_age: undefined, subjects: undefined },
      login_hint: undefined,
      complete: async ({ sub }) => json(200, { hello: sub }),
      refuse: ({ code }) => json(400, { refused: code }),
      ...change,
    };
    const submission = request.method === 'POST' ? parseSubmission(parseForm(request)) : undefined;
    return askThenContinue(await openVisit(request, context), continuation, submission);
  },
};

beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  world = await startWorld({ LOG_LEVEL: 'error' });
  const users = createUserStore(world.table);
  for (const person of [user('alice'), user('bob')]) {
    await users.reserveName(person.username, person.sub);
    await users.create(person);
  }
});
afterAll(async () => {
  vi.restoreAllMocks();
  await world.stop();
});

let browser: Browser;
beforeEach(() => {
  change = {};
  lines.length = 0;
  browser = openBrowser(serve(greeting, () => compose(createFoundationWithTable(world.env))));
});

const ALICE = JSON.stringify({ hello: 'sub-of-alice' });

describe('A user who signs in for a purpose without a client', () => {
  it('sees the next page after signing in, and at once the next time', async () => {
    const page = await browser.get('a=b');
    expect([page.status, page.fields['page']]).toEqual([200, 'sign_in']);
    expect(page.headers['content-security-policy']).toContain("form-action 'self';");
    const greeted = await browser.signIn(page);
    expect(greeted).toMatchObject({ status: 200, body: ALICE });
    expect(greeted.headers).toHaveProperty('set-cookie');
    const again = await browser.get('');
    expect(again.body).toBe(ALICE);
    expect(again.headers).not.toHaveProperty('set-cookie');
  });

  it('is not asked for consent, and none is stored', async () => {
    change = {
      requirements: { prompt: parsePrompt('consent select_account'), max_age: undefined, subjects: undefined },
    };
    expect((await browser.signIn(await browser.get(''))).body).toBe(ALICE);
    const page = await browser.get('');
    expect(page.fields['page']).toBe('select_account');
    expect((await browser.press(page, 'continue')).body).toBe(ALICE);
    expect(await createConsentStore(world.table).list('sub-of-alice')).toEqual([]);
  });

  it('stays signed in, but is refused, when another user is meant', async () => {
    change = { requirements: { prompt: parsePrompt(undefined), max_age: undefined, subjects: ['sub-of-bob'] } };
    const refused = await browser.signIn(await browser.get(''));
    expect(refused.body).toBe(JSON.stringify({ refused: 'login_required' }));
    change = {};
    expect((await browser.get('')).body).toBe(ALICE);
  });

  it('sees a page after cancelling', async () => {
    const { status, heading, body } = await browser.press(await browser.get(''), 'cancel');
    expect([status, heading]).toEqual([400, 'Something went wrong']);
    expect(body).toContain('access_denied');
  });

  it.each<[what: string, Partial<Continuation>]>([
    ['another endpoint', { endpoint: 'farewell' }],
    ['another request', { query: 'c=d' }],
  ])('cannot submit the form of %s', async (_, other) => {
    const page = await browser.get('a=b');
    change = other;
    expect(await browser.signIn(page)).toMatchObject({ status: 403, heading: 'This page is out of date' });
  });

  it('sees a page after a fault, which is logged once', async () => {
    change = { complete: () => Promise.reject(new TypeError('hush')) };
    const { status, heading, headers } = await browser.signIn(await browser.get(''));
    expect([status, heading]).toEqual([503, 'Please try again in a moment']);
    expect(headers).not.toHaveProperty('set-cookie');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { level: 'error', event: 'fault', fault: 'TypeError', at: expect.any(String) },
    ]);
  });
});
