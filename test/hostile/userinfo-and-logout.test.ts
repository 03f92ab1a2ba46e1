import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import type { ProxyEvent, ProxyResult } from '../../lib/http/proxy-event.ts';
import { bombard, REQUESTS, SEED, startWatchedDeployment, type WatchedDeployment } from '../support/bombard.ts';
import { refreshTarget } from '../support/browser.ts';
import { brokenEvent, type Draft, type Hostile, some, toEvent } from '../support/hostile.ts';
import { AFTER_LOGOUT, ALICE, app, createSignIn, type SignedIn } from '../support/sign-in.ts';
import { ISSUER } from '../support/world.ts';

let target: WatchedDeployment;
let people: ReturnType<typeof createSignIn>;
let tokens: SignedIn;
let session: { sid: string; cookie: string };

const web = app('web', { allowed_origins: ['https://spa.example'], end_grants_on_logout: true });

beforeAll(async () => {
  target = await startWatchedDeployment();
  people = createSignIn(target.world, systemClock);
  await Promise.all([target.world.clients.create(web), people.users.create(ALICE)]);
  session = await people.begin();
  const { sid } = session;
  tokens = await people.give(target.world.handlers, web, { sid, scope: 'openid offline_access' });
});
afterAll(() => target.stop());

/** What is wrong with an answer whatever was asked: our own statuses, and headers of our own words. */
function complaintOf({ statusCode, headers, body }: ProxyResult, statuses: readonly number[]): string | undefined {
  if (!statuses.includes(statusCode)) return `status ${statusCode} ${body}`;
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[a-z-]+$/.test(name) || !/^[\x20-\x7e]*$/.test(value)) return `header ${name}`;
    if (name !== 'location' && target.isReflection(name + value)) return `reflected in header ${name}`;
  }
  return undefined;
}

const send = (name: 'userinfo' | 'logout', event: unknown) => target.handlers[name](event as ProxyEvent);
const TYPE: [string, string] = ['content-type', 'application/x-www-form-urlencoded'];

/** A token that is none, in either place; or a real one in a request that has something wrong. */
function userinfoEvent(hostile: Hostile): unknown {
  const { random, form, harmlessInForm, text } = hostile;
  const real = tokens.access_token;
  const headers: Draft['headers'] = [['origin', random.pick(['https://spa.example', text()])]];
  const draft: Draft = { method: 'GET', path: '/userinfo', query: '', headers, body: Buffer.alloc(0) };
  const shown = random.pick([
    () => hostile.token({ ...target.material, ofAnyAudience: true }),
    () => hostile.spoil(real),
    () => random.pick(target.material.real),
    () => tokens.id_token,
    () => tokens.refresh_token,
    () => tokens.code,
  ])();
  if (random.chance(0.5))
    draft.headers.push(['authorization', random.pick([`Bearer ${shown}`, `bearer  ${shown}`, shown])]);
  else Object.assign(draft, { method: 'POST', headers: [...headers, TYPE], body: form([['access_token', shown]]) });
  const isSentTwice = random.chance(0.2);
  if (isSentTwice) {
    const both = { method: 'POST', headers: [...headers, TYPE, ['authorization', `Bearer ${real}`]] };
    Object.assign(draft, both, { body: form([['access_token', real]]) });
  }
  // As GET, HEAD has no body, and so would send the other token alone.
  const methods = ['PUT', ...(isSentTwice ? [] : ['HEAD']), 'OPTIONS', 'get', '', text()];
  if (random.chance(0.05)) draft.method = random.pick(methods);
  for (const mutate of some(random, harmlessInForm, 2)) mutate(draft);
  const event = toEvent(hostile, draft);
  // Without its body the other token would be the only one.
  return !isSentTwice && random.chance(0.1) ? brokenEvent(hostile, event) : event;
}

it(`userinfo reveals nothing to ${REQUESTS} hostile requests (seed ${SEED})`, async () => {
  const statuses = new Set<number>();
  const complaints = await bombard(REQUESTS, userinfoEvent, async (event) => {
    const result = await send('userinfo', event);
    statuses.add(result.statusCode);
    if (target.isReflection(result.body)) return 'reflected in the body';
    return complaintOf(result, [400, 401, 403, 405]);
  });
  expect(complaints).toEqual([]);
  expect(target.leaks).toEqual([]);
  expect([...statuses].toSorted()).toEqual([400, 401, 403, 405]);
  const { statusCode, body } = await send('userinfo', {
    version: '2.0',
    requestContext: { http: { method: 'GET' } },
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  expect([statusCode, JSON.parse(body).sub]).toEqual([200, ALICE.sub]);
});

/** Sent by a browser in which somebody is signed in, from anywhere, with everything but the ID token or the page's token. */
function logoutEvent(hostile: Hostile): unknown {
  const { random, text, form, harmlessInForm, breaking, spoil, token } = hostile;
  const pairs = random.pick<() => [string, string][]>([
    () => [],
    () => [['client_id', random.pick(['web', spoil('web'), text()])]],
    () => [
      ['id_token_hint', random.pick([spoil(tokens.id_token), tokens.access_token, token(target.material), text()])],
    ],
    () => [
      ['client_id', 'web'],
      ['post_logout_redirect_uri', random.pick([AFTER_LOGOUT, spoil(AFTER_LOGOUT), text(), `//${text()}`])],
    ],
    () => [
      ['id_token_hint', tokens.id_token],
      ['client_id', random.pick([spoil('web'), text()])],
    ],
    () => [
      ['id_token_hint', tokens.id_token],
      ['post_logout_redirect_uri', random.pick([spoil(AFTER_LOGOUT), text()])],
    ],
    () => [
      ['client_id', 'web'],
      ['post_logout_redirect_uri', AFTER_LOGOUT],
      ['state', text().slice(0, 2_000)],
      ['ui_locales', text().slice(0, 2_000)],
    ],
  ])();
  const page: [string, string][] = [
    ['page', random.pick(['sign_out', text()])],
    ['page_token', random.pick(['', text(), tokens.refresh_token, spoil('lk_pg_AAAA')])],
  ];
  const isPost = random.chance(0.4);
  const isPage = isPost && random.chance(0.6);
  const encoded = form(pairs).toString();
  const headers: Draft['headers'] = [['cookie', session.cookie]];
  const draft: Draft = {
    method: isPost ? 'POST' : 'GET',
    path: '/logout',
    query: isPost && !isPage ? '' : encoded,
    headers: isPost ? [...headers, TYPE] : headers,
    body: isPage ? form(page) : Buffer.from(isPost ? encoded : ''),
  };
  if (random.chance(0.2)) random.pick(breaking('web'))(draft);
  for (const mutate of some(random, harmlessInForm, 2)) mutate(draft);
  const event = { ...toEvent(hostile, draft), ...(random.chance(0.9) && { cookies: [session.cookie] }) };
  return random.chance(0.1) ? brokenEvent(hostile, event) : event;
}

/** A redirect leads to the client, or to ourselves to ask again by GET; and a page runs nothing. */
function logoutComplaint(result: ProxyResult): string | undefined {
  const { statusCode, headers, body } = result;
  const location = headers['location'] ?? refreshTarget(body);
  if (statusCode === 303 && headers['location'] === undefined) return 'a redirect without a place';
  const isOurs = location?.startsWith(`${ISSUER}/logout?`) || location === `${ISSUER}/logout`;
  const isTheirs = location === AFTER_LOGOUT || location?.startsWith(`${AFTER_LOGOUT}?state=`);
  if (location !== undefined && !isOurs && !isTheirs) return `leads to ${location}`;
  if (/<script|javascript:|onerror/i.test(body)) return `script in ${body}`;
  const outside = body.replace(/(action|href)="[^"]*"|content="0;url=[^"]*"/g, '');
  if (target.isReflection(outside)) return `reflected in ${outside}`;
  return complaintOf(result, [200, 303, 400, 403, 405]);
}

it(`logout signs nobody out for ${REQUESTS} hostile requests (seed ${SEED})`, async () => {
  const statuses = new Set<number>();
  const complaints = await bombard(REQUESTS, logoutEvent, async (event) => {
    const result = await send('logout', event);
    statuses.add(result.statusCode);
    return logoutComplaint(result);
  });
  expect(complaints).toEqual([]);
  expect(target.leaks).toEqual([]);
  expect([...statuses].toSorted()).toEqual([200, 303, 400, 403, 405]);
  expect(await people.sessions.find(session.sid)).toMatchObject({ sub: ALICE.sub });
  expect((await people.grants.find(tokens.grant_id))?.state).toBe('active');
  expect(await people.deliveries.list()).toEqual([]);
});
