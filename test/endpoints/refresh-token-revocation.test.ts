import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessTokenFormats } from '../../lib/oauth/access-token.ts';
import { BURST } from '../../lib/revocation/share.ts';
import { createGrantStore } from '../../lib/store/grant.ts';
import { introspectionDoor } from '../support/doors.ts';
import { forge, signingKeyOf } from '../support/forge.ts';
import { app, newCode, redeem, refresh, type Tokens, tokensOf } from '../support/grants.ts';
import { openList } from '../support/revocation-list.ts';
import {
  authorizerEvents,
  createTestClock,
  httpEvent,
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

  it.each(['the newest', 'an old one'])('%s: its revocation revokes the grant and all access tokens', async (which) => {
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
  });

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
  for (const seconds of [0, 1, 60, 3_600, DAY]) {
    advance(seconds);
    expect(await revoke('web-jwt', refresh_token)).toMatchObject({ status: 200 });
    expect(await post(world.restart().revocation, 'web-jwt', { token: refresh_token })).toMatchObject({ status: 200 });
  }
  expect(await listLength()).toBe(length);
});

it('The entry for a revoked refresh token stays on the list until the last access token of its grant has expired', async () => {
  const { refresh_token, grant_id } = await signIn('web-jwt');
  await revoke('web-jwt', refresh_token);
  const [entry] = await openList(world.table, clock).find('grant', grant_id);
  // The time a request may still take, the longest lifetime, the widest leeway.
  expect(entry?.expires_at).toBeGreaterThanOrEqual(NOW + 10 + DAY + 300);
  expect(entry?.expires_at).toBeLessThan(NOW + 10 + DAY + 300 + 900);
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
