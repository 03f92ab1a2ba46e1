import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessTokenFormats } from '../../lib/oauth/access-token.ts';
import { shareTag } from '../../lib/oauth/packed-revocation.ts';
import { MAX_CLOCK_SKEW_SECONDS } from '../../lib/oauth/revocation.ts';
import { createCopy } from '../../lib/revocation/copy.ts';
import { BURST } from '../../lib/revocation/share.ts';
import { createGrantStore } from '../../lib/store/grant.ts';
import type { RecordStore } from '../../lib/store/record.ts';
import { introspectionDoor } from '../support/doors.ts';
import { forge, signingKeyOf } from '../support/forge.ts';
import { app, newCode, payloadOf, redeem, refresh, type Tokens, tokensOf } from '../support/grants.ts';
import { createRandom } from '../support/random.ts';
import { openList } from '../support/revocation-list.ts';
import { sampled, scaled } from '../support/scale.ts';
import {
  authorizerEvents,
  createTestClock,
  httpEvent,
  type JsonResult,
  post,
  readResult,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts';

const { clock, set, advance } = createTestClock();
const NOW = clock();
const DAY = 86_400;

let world: World;

beforeAll(async () => {
  world = await startWorld({}, clock);
  await Promise.all([
    ...accessTokenFormats.map((format) => world.clients.create(app(`web-${format}`, { access_token_format: format }))),
    world.clients.create(app('other')),
    world.clients.create(app('spa', { token_endpoint_auth_method: 'none', secrets: [] })),
  ]);
});
beforeEach(() => set(NOW));
afterAll(() => world.stop());

const authorize = (token: string) => verdict(world.handlers.authorizer(authorizerEvents['HTTP API 2.0'](token)));
const revoke = (id: string, token: string, more = {}) => post(world.handlers.revocation, id, { token, ...more });
const listLength = () => openList(world.table).length();
const REFUSED = { status: 400, json: { error: 'invalid_grant' } };

async function signIn(id: string): Promise<Tokens & { grant_id: string }> {
  const { code, grant_id } = await newCode(world, id, { clock });
  return { ...tokensOf(await redeem(world.handlers, id, code)), grant_id };
}

describe.each(accessTokenFormats)('the refresh token of a grant with access tokens of the format %s', (format) => {
  const id = `web-${format}`;

  // In the normal run the formats take turns.
  const turn = accessTokenFormats.indexOf(format);

  it.each(sampled(['the newest', 'an old one'], 2, turn))(
    '%s: its revocation revokes the grant and all access tokens',
    async (which) => {
      const first = await signIn(id);
      advance(60);
      const second = tokensOf(await refresh(world.handlers, id, first.refresh_token));
      const bystander = await signIn(id);
      const elsewhere = world.restart();
      expect(await introspectionDoor.show(elsewhere, first.access_token)).toBe('allow');

      const result = await revoke(id, (which === 'the newest' ? second : first).refresh_token);
      expect(result).toMatchObject({ status: 200, json: {} });
      for (const { access_token, refresh_token } of [first, second]) {
        expect(await authorize(access_token)).toBe('refuse');
        expect(await introspectionDoor.show(elsewhere, access_token)).toBe('refuse');
        expect(await refresh(world.handlers, id, refresh_token)).toMatchObject(REFUSED);
      }
      expect(await authorize(bystander.access_token)).toBe('allow');
      expect(await refresh(world.handlers, id, bystander.refresh_token)).toMatchObject({ status: 200 });
    },
  );

  it('stays valid when an access token is revoked', async () => {
    const { access_token, refresh_token } = await signIn(id);
    expect(await revoke(id, access_token)).toMatchObject({ status: 200 });
    expect(await authorize(access_token)).toBe('refuse');
    const next = tokensOf(await refresh(world.handlers, id, refresh_token));
    expect(await authorize(next.access_token)).toBe('allow');
  });
});

it.each(['access_token', 'refresh_token', 'nonsense'])(
  'A refresh token is revoked with the hint %s',
  async (token_type_hint) => {
    const { access_token, refresh_token } = await signIn('web-jwt');
    expect(await revoke('web-jwt', refresh_token, { token_type_hint })).toMatchObject({ status: 200 });
    expect(await authorize(access_token)).toBe('refuse');
  },
);

it('A refresh token is not revoked by another client, which gets an error', async () => {
  const { access_token, refresh_token, grant_id } = await signIn('web-jwt');
  const length = await listLength();
  const before = await createGrantStore(world.table).find(grant_id);
  expect(await revoke('other', refresh_token)).toMatchObject(REFUSED);
  const form = { token: refresh_token, client_id: 'spa' };
  expect(readResult(await world.handlers.revocation(httpEvent({ form })))).toMatchObject(REFUSED);
  expect(await createGrantStore(world.table).find(grant_id)).toEqual(before);
  expect(await listLength()).toBe(length);
  expect(await authorize(access_token)).toBe('allow');
  expect(await refresh(world.handlers, 'web-jwt', refresh_token)).toMatchObject({ status: 200 });
});

it('A refresh token can be revoked again, with the same answer and without a second entry on the list', async () => {
  const { refresh_token } = await signIn('web-jwt');
  await revoke('web-jwt', refresh_token);
  const length = await listLength();
  for (const seconds of sampled([0, 1, 60, 3_600, DAY], 2)) {
    advance(seconds);
    expect(await revoke('web-jwt', refresh_token)).toMatchObject({ status: 200 });
    expect(await post(world.restart().revocation, 'web-jwt', { token: refresh_token })).toMatchObject({ status: 200 });
  }
  expect(await listLength()).toBe(length);
});

describe('The entry that ends a grant stays on the list until the last access token of the grant has expired:', () => {
  const HOUR = 3_600;
  /** A request in flight and clocks that differ, then the widest leeway. */
  const LATER = 60 + MAX_CLOCK_SKEW_SECONDS;
  const STEP = 900;

  const resources = ['orders', 'billing'] as const;
  type Lifetimes = Record<'client' | 'orders' | 'billing', number | undefined>;
  async function setLifetimes({ client, ...ofApis }: Partial<Lifetimes>) {
    await setLifetime(world.clients, 'aging', client);
    for (const id of resources) await setLifetime(world.resourceServers, id, ofApis[id]);
  }
  async function setLifetime<Kind extends { access_token_lifetime?: number }>(
    store: RecordStore<Kind>,
    id: string,
    seconds: number | undefined,
  ) {
    const { value, version } = (await store.findVersion(id))!;
    const { access_token_lifetime: _, ...others } = value;
    const changed = { ...others, ...(seconds !== undefined && { access_token_lifetime: seconds }) };
    expect(await store.replace(changed as Kind, version)).toBe(true);
  }
  beforeAll(() => world.clients.create(app('aging')));
  beforeEach(() => openList(world.table).clear());
  afterAll(() => setLifetimes({}));

  const keyOf = (grant_id: string) => ({ pk: `GRANT#${grant_id}`, sk: 'GRANT' });
  const begin = () => newCode(world, 'aging', { clock, resources });
  /** When the list forgets it: the first full step that is not before it expires. Two requests at once can add one each. */
  async function endOfEntry(grant_id: string): Promise<number> {
    const found = await openList(world.table, clock).find('grant', grant_id);
    expect([1, 2, 3]).toContain(found.length);
    return Math.max(...found.map(({ expires_at }) => expires_at));
  }

  const ways: [string, Partial<Lifetimes>, number][] = [
    ['by default for an hour', {}, HOUR],
    ["for the client's own lifetime", { client: 5 * HOUR, orders: 20 * HOUR }, 5 * HOUR],
    ['for that of the API with the longest', { orders: HOUR, billing: 5 * HOUR }, 5 * HOUR],
    ['for the longest lifetime of the service at most', { client: 2 * DAY }, DAY],
    ['for an hour also if the lifetime is shorter, so that it can become longer', { client: 60 }, HOUR],
  ];
  it.each(ways)('%s', async (_name, lifetimes, expected) => {
    await setLifetimes(lifetimes);
    // A second less would be a step less.
    set(Math.ceil((NOW + expected + LATER) / STEP) * STEP + 1 - expected - LATER);
    const { code, grant_id } = await begin();
    const { refresh_token } = tokensOf(await redeem(world.handlers, 'aging', code));
    await revoke('aging', refresh_token);
    expect(await endOfEntry(grant_id)).toBe(clock() + expected + LATER - 1 + STEP);
  });

  it('for the longest lifetime of all if it was given before grants noted one', async () => {
    await setLifetimes({});
    const { code, grant_id } = await begin();
    const { refresh_token } = tokensOf(await redeem(world.handlers, 'aging', code));
    const { access_token_lifetime, ...older } = (await world.table.get(keyOf(grant_id)))!;
    expect(access_token_lifetime).toBe(HOUR);
    await world.table.put({ ...older, ...keyOf(grant_id) });
    await setLifetimes({ client: 5 * HOUR });
    const { json } = await refresh(world.handlers, 'aging', refresh_token);
    expect(json['expires_in']).toBe(5 * HOUR);
    await revoke('aging', refresh_token);
    expect(await endOfEntry(grant_id)).toBeGreaterThanOrEqual(clock() + DAY + LATER);
  });

  it('so a lifetime that has become longer counts for what is granted from then on', async () => {
    await setLifetimes({});
    const { code } = await begin();
    await setLifetimes({ client: 5 * HOUR });
    const first = await redeem(world.handlers, 'aging', code);
    const second = await refresh(world.handlers, 'aging', tokensOf(first).refresh_token);
    const next = await redeem(world.handlers, 'aging', (await begin()).code);
    expect([first, second, next].map(({ json }) => json['expires_in'])).toEqual([HOUR, HOUR, 5 * HOUR]);
  });

  // Lifetimes change, clocks differ, and requests for tokens are in flight while the grant is ended.
  it('whatever happens before', async () => {
    const LIFETIMES = [undefined, 60, 600, HOUR, 2 * HOUR, 7 * HOUR, DAY, 2 * DAY];
    const containers = [-5, 0, 0, 5].map((ahead) => world.restart({}, () => clock() + ahead));
    const random = createRandom(12);
    for (let round = 0; round < scaled(6, 60); round++) {
      await openList(world.table).clear();
      const change = () =>
        setLifetimes({
          client: random.pick([undefined, random.pick(LIFETIMES)]),
          orders: random.pick(LIFETIMES),
          billing: random.pick(LIFETIMES),
        });
      await change();
      const { code, grant_id } = await begin();
      const issued: [number, string][] = [];
      const refreshTokens: string[] = [];
      const note = (answer: JsonResult) => {
        if (answer.status !== 200) return;
        issued.push([payloadOf(tokensOf(answer).access_token)['exp'] as number, tokensOf(answer).access_token]);
        refreshTokens.push(tokensOf(answer).refresh_token);
      };
      const anyPart = () => random.pick([{}, { resource: 'orders' }, { resource: 'billing' }]);
      const useCode = () => redeem(random.pick(containers), 'aging', code, anyPart());
      // An earlier one is a retry, or ends the grant.
      const useRefreshToken = (back = 1) =>
        refresh(random.pick(containers), 'aging', refreshTokens.at(-back) ?? 'none', anyPart());
      note(await useCode());
      for (let step = random.integer(4); step > 0; step--) {
        if (random.chance(0.5)) await change();
        advance(random.pick([0, 1, 30, 1_000, 7_000]));
        for (const answer of await Promise.all([useRefreshToken(), useRefreshToken()])) note(answer);
      }
      const ends = [
        useCode,
        () => useRefreshToken(3),
        () => post(random.pick(containers).revocation, 'aging', { token: refreshTokens[0] ?? '' }),
      ];
      const [ending, ...answers] = await Promise.all([random.pick(ends)(), useRefreshToken(), useRefreshToken()]);
      for (const answer of answers) note(answer);
      // Something has ended it, so each token that was ever handed out is on the list until everybody refuses it.
      await post(world.handlers.revocation, 'aging', { token: refreshTokens[0] ?? '' });
      const until = await endOfEntry(grant_id);
      const longest = Math.max(...issued.map(([exp]) => exp));
      expect([round, ending.status, longest + MAX_CLOCK_SKEW_SECONDS <= until]).toEqual([round, ending.status, true]);
      expect(until).toBeLessThan(clock() + DAY + LATER + STEP + 10);
      for (const [, token] of issued) expect(await introspectionDoor.show(world.handlers, token)).toBe('refuse');
    }
  });
});

it.each<[string, (token: string) => string]>([
  ['a forged one', (token) => token.slice(0, 20) + (token[20] === 'A' ? 'B' : 'A') + token.slice(21)],
  ['a code with its prefix', (token) => token.replace('lk_rt_', 'lk_ac_')],
  ['one that was cut short', (token) => token.slice(0, -1)],
])(
  'The revocation of a text that is not a valid refresh token changes nothing and answers 200: %s',
  async (_name, make) => {
    const { refresh_token } = await signIn('web-jwt');
    expect(await revoke('web-jwt', make(refresh_token))).toMatchObject({ status: 200 });
    expect(await refresh(world.handlers, 'web-jwt', refresh_token)).toMatchObject({ status: 200 });
  },
);

it('The entry of a refresh token that is used twice counts for no client, neither at first nor when it is repeated', async () => {
  const { refresh_token } = await signIn('web-jwt');
  expect(await refresh(world.handlers, 'web-jwt', refresh_token)).toMatchObject({ status: 200 });
  advance(600);
  for (const _ of ['first', 'repeated']) {
    // As if the entry had not been added: repeating the request completes the revocation.
    await openList(world.table).clear();
    expect(await refresh(world.restart(), 'web-jwt', refresh_token)).toMatchObject(REFUSED);
    expect([await listLength(), await countFor('web-jwt')]).toEqual([1, 0]);
  }
  await openList(world.table).clear();
  expect(await revoke('web-jwt', refresh_token)).toMatchObject({ status: 200 });
  expect([await listLength(), await countFor('web-jwt')]).toEqual([1, 1]);
});

async function countFor(client_id: string): Promise<number> {
  const copy = createCopy();
  for (const segment of await openList(world.table).segments()) copy.merge(segment, clock());
  return copy.count(shareTag(client_id));
}

it('Above the share of its client, a refresh token can be revoked again, and no other one can', async () => {
  const [{ refresh_token }, other] = [await signIn('web-jwt'), await signIn('web-jwt')];
  await revoke('web-jwt', refresh_token);
  for (let number = 0; number < BURST.entries; number++) {
    const claims = { client_id: 'web-jwt', jti: `of many-${number}` };
    await revoke('web-jwt', forge(signingKeyOf(world.env), clock(), claims));
  }
  const length = await listLength();
  for (const { revocation } of [world.handlers, world.restart()]) {
    expect(await post(revocation, 'web-jwt', { token: refresh_token })).toMatchObject({ status: 200 });
    expect(await post(revocation, 'web-jwt', { token: other.refresh_token })).toMatchObject({ status: 503 });
  }
  expect(await listLength()).toBe(length);
  expect(await refresh(world.handlers, 'web-jwt', other.refresh_token)).toMatchObject({ status: 200 });
});
