import { afterAll, beforeAll, expect, it } from 'vitest';
import { createUserStore } from '../../lib/store/user.ts';
import { bombard, REQUESTS, SEED, startWatchedDeployment, type WatchedDeployment } from '../support/bombard.ts';
import {
  browserResult,
  CALLBACK,
  openBrowser,
  PASSWORD,
  proper,
  refreshTarget,
  user,
  webClient,
} from '../support/browser.ts';
import { brokenEvent, type Draft, type Hostile, some, toEvent } from '../support/hostile.ts';
import { ISSUER } from '../support/world.ts';

let target: WatchedDeployment;
let cookie = '';
let fields: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  target = await startWatchedDeployment();
  const { clients, table } = target.world;
  const users = createUserStore(table);
  const alice = user('alice');
  await users.reserveName('alice', alice.sub);
  await Promise.all([users.create(alice), clients.create(webClient('web'))]);
  const browser = openBrowser(target.handlers.authorization);
  await browser.pass(proper());
  cookie = browser.cookies[0] ?? '';
  fields = (await browser.get(proper({ prompt: 'consent' }))).fields;
});
afterAll(() => target.stop());

type Pair = [name: string, value: string];

const OTHERS = [
  'max_age',
  'login_hint',
  'id_token_hint',
  'claims',
  'ui_locales',
  'acr_values',
  'resource',
  'request',
  'response_mode',
  'prompt',
  'display',
  'registration',
  '__proto__',
  'constructor',
] as const;

/** Some parameters of a good request spoilt, and some more. */
function parametersFor({ random, text, spoil }: Hostile): Pair[] {
  const pairs = Object.entries(proper()).map(([name, value]): Pair => [name, String(value)]);
  const isNear = random.chance(0.7);
  for (const pair of some(random, pairs, isNear ? 1 : 5)) {
    pair[1] = random.pick([text, () => spoil(String(proper()[pair[0]] ?? 'x')), () => ''])();
    if (random.chance(0.1)) pair[0] = spoil(pair[0]);
  }
  for (const name of random.chance(0.2) ? [] : some(random, OTHERS, 3)) {
    const value = random.pick([
      'none',
      'login',
      'consent',
      'query',
      'form_post',
      'fragment',
      '0',
      '-1',
      '{}',
      '{"id_token":[]}',
      '{"id_token":{"sub":{"value":"x"}}}',
      'en de',
      'orders',
      text(),
      text(),
    ]);
    pairs.push([name, value]);
  }
  if (random.chance(0.05)) pairs.push(random.pick(pairs));
  return random.chance(0.1) ? pairs.filter(() => random.chance(0.8)) : pairs;
}

function draftFor(hostile: Hostile): Draft {
  const { random, text, spoil, form } = hostile;
  const pairs = parametersFor(hostile);
  const encoded = form(pairs).toString();
  const headers: Draft['headers'] = random.chance(0.5)
    ? []
    : [['cookie', random.pick([cookie, spoil(cookie), text()])]];
  if (random.chance(0.5)) return { method: 'GET', path: '/authorize', query: encoded, headers, body: Buffer.alloc(0) };
  headers.push(['content-type', 'application/x-www-form-urlencoded']);
  if (random.chance(0.2)) return { method: 'POST', path: '/authorize', query: '', headers, body: form(pairs) };
  const step: Pair[] = Object.entries({
    ...fields,
    page: random.pick(['sign_in', 'consent', 'select_account', text()]),
    action: random.pick(['sign_in', 'allow', 'continue', 'switch', 'cancel', text()]),
    username: random.pick(['alice', text()]),
    password: random.pick([text(), spoil(PASSWORD)]),
  });
  for (const pair of some(random, step, 1)) pair[1] = text();
  return { method: 'POST', path: '/authorize', query: encoded, headers, body: form(step) };
}

function hostileEvent(hostile: Hostile): unknown {
  const event = toEvent(hostile, draftFor(hostile));
  return hostile.random.chance(0.05) ? brokenEvent(hostile, event) : event;
}

const STATUSES = new Set([200, 303, 400, 403, 405, 429]);

it(`gives ${REQUESTS} hostile requests a page or an answer, and never a fault (seed ${SEED})`, async () => {
  const seen = new Map<string, number>();
  const complaints = await bombard(REQUESTS, hostileEvent, async (event) => {
    const result = await target.handlers.authorization(event as never);
    const { statusCode, headers, body } = result;
    const outcome = browserResult(result);
    const kind = `${statusCode} ${outcome.heading ?? Object.keys(outcome.answer)[0] ?? ''}`;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    if (!STATUSES.has(statusCode)) return `status ${statusCode} ${body}`;
    for (const [name, value] of Object.entries(headers)) {
      if (!/^[a-z-]+$/.test(name) || !/^[\x20-\x7e]*$/.test(value)) return `header ${name}`;
      if (name !== 'location' && target.isReflection(value)) return `reflected in header ${name}`;
    }
    const location = headers['location'] ?? refreshTarget(body);
    if (
      location !== undefined &&
      !location.startsWith(`${CALLBACK}?`) &&
      !location.startsWith(`${CALLBACK}#`) &&
      !location.startsWith(`${ISSUER}/authorize?`)
    )
      return `sent to ${location}`;
    const markup = body.replace('<script>document.forms[0].submit()</script>', '');
    if (/<script|<html>|"\s*on\w+=/.test(markup)) return `markup ${body}`;
    return undefined;
  });
  expect(complaints).toEqual([]);
  expect(target.leaks).toEqual([]);
  // The aim is good: every kind of answer was met.
  for (const kind of [
    '200 Sign in',
    '303 error',
    '200 Almost there',
    '400 Something went wrong',
    '403 Your browser did not send its cookie',
  ]) {
    expect(seen.get(kind) ?? 0, `${kind} of ${JSON.stringify([...seen])}`).toBeGreaterThan(REQUESTS / 200);
  }
});
