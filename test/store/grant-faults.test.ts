// The table fails while a code is redeemed or a refresh token is used or revoked: before or after each call, once or until it
// is repaired. Nobody gets more than they should, and a retry works.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import type { GrantState } from '../../lib/oauth/grant-state.ts';
import { createGrantStore } from '../../lib/store/grant.ts';
import { type Behaviour, callOf, type FaultyStore, faults, onlyAt, startFaultyStore } from '../support/faulty-store.ts';
import { app, newCode, redeem, refresh, type Tokens, tokensOf } from '../support/grants.ts';
import { passTime } from '../support/pass-time.ts';
import { isLongRun, sampled } from '../support/scale.ts';
import {
  authorizerEvents,
  createTestClock,
  type Handlers,
  type JsonResult,
  post,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts';

// It stands still, because a container reads the revocation list once a second before it adds to it.
const { clock, advance } = createTestClock(systemClock());

let world: World;
let store: FaultyStore;
let handlers: Handlers;

beforeAll(async () => {
  world = await startWorld({ CLIENT_CACHE_SECONDS: '3600' }, clock);
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  await Promise.all([
    world.clients.create(app('web-jwt', { access_token_format: 'jwt' })),
    world.clients.create(app('web-reference', { access_token_format: 'reference' })),
    world.clients.create(app('strict', { refresh_reuse_interval: 0 })),
  ]);
  handlers = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
  for (const id of ['web-jwt', 'web-reference', 'strict']) {
    const { refresh_token } = await signIn(id);
    expect((await refresh(handlers, id, refresh_token)).status).toBe(200);
    expect((await post(handlers.revocation, id, { token: refresh_token })).status).toBe(200);
  }
});
afterEach(() => store.behave());
afterAll(async () => {
  await store.stop();
  await world.stop();
});

const authorize = ({ access_token }: Tokens) =>
  verdict(world.handlers.authorizer(authorizerEvents['HTTP API 2.0'](access_token)));
const stateOf = async (grant_id: string) => (await createGrantStore(world.table).find(grant_id))?.state;

async function signIn(id: string): Promise<Tokens & { grant_id: string; code: string }> {
  const { code, grant_id } = await newCode(world, id);
  return { ...tokensOf(await redeem(handlers, id, code)), grant_id, code };
}

const LOST: Behaviour = faults['an answer lost after the fact'];
const BROKEN: Behaviour = faults['connection reset'];
/** In the normal run one of them: they are read side by side. */
const EPOCHS = sampled(
  ['client', 'subject', 'consent', 'issuer'].map((kind) => `GetItem EPOCH ${kind}`),
  4,
);
const STEP = [...EPOCHS, 'UpdateItem GRANT'];
const callsFor = (id: string) => (id === 'web-reference' ? [...STEP, 'PutItem TOKEN'] : STEP);

/** A call that fails until the table is repaired: before it has an effect, or after. */
const hard: [string, Behaviour][] = [
  ['before', BROKEN],
  ['after', LOST],
];

/**
 * Each call that fails before or after its effect, by each client that makes it. In the normal run the clients take turns at
 * the calls; only one of them stores tokens.
 */
const casesOf = (ids: readonly string[]) =>
  ids.flatMap((id, turn) =>
    callsFor(id).flatMap((call, index) =>
      hard
        .filter((_, time) => isLongRun || call === 'PutItem TOKEN' || (index + time) % ids.length === turn)
        .map(([when, behaviour]) => [id, when, call, behaviour] as const),
    ),
  );

/** Each call, before and after its effect: in the normal run by turns. */
const byTurns = (calls: readonly string[]) =>
  calls.flatMap((call, turn) => sampled(hard, 2, turn).map(([when, behaviour]) => [when, call, behaviour] as const));

/** Makes a call that must be answered by a proper 503. */
async function expectFault(call: () => Promise<JsonResult>): Promise<void> {
  const { result } = await passTime(call);
  expect(result).toMatchObject({
    status: 503,
    headers: { 'retry-after': expect.any(String) },
    json: { error: 'temporarily_unavailable' },
  });
}

describe('A redemption of a code', () => {
  it.each(casesOf(['web-jwt', 'web-reference']))(
    'by %s that fails %s %s is undone: the retry gets its tokens',
    async (id, _when, call, behaviour) => {
      const { code, grant_id } = await newCode(world, id);
      store.behave(onlyAt(call, behaviour));
      await expectFault(() => redeem(handlers, id, code));
      store.behave();
      expect(await stateOf(grant_id)).toBe('code');
      const tokens = tokensOf(await redeem(handlers, id, code));
      expect(await authorize(tokens)).toBe('allow');
      expect((await refresh(handlers, id, tokens.refresh_token)).status).toBe(200);
    },
  );

  it.each(callsFor('web-reference'))('that loses the first answer to %s gets its tokens', async (call) => {
    const { code } = await newCode(world, 'web-reference');
    store.behave(onlyAt(call, LOST, 'first'));
    const tokens = tokensOf(await redeem(handlers, 'web-reference', code));
    store.behave();
    expect(await authorize(tokens)).toBe('allow');
    expect((await refresh(handlers, 'web-reference', tokens.refresh_token)).status).toBe(200);
  });

  it('that cannot be undone gives no tokens, and an attempt after some seconds revokes the grant', async () => {
    const { code, grant_id } = await newCode(world, 'web-reference');
    let writes = 0;
    store.behave((response, forward, request) => {
      const isWrite = callOf(request) === 'UpdateItem GRANT';
      if (isWrite) writes++;
      return onlyAt(isWrite && writes > 1 ? 'UpdateItem GRANT' : 'PutItem TOKEN', BROKEN)(response, forward, request);
    });
    await expectFault(() => redeem(handlers, 'web-reference', code));
    store.behave();
    expect(await stateOf(grant_id)).toBe('active');
    advance(3);
    expect(await redeem(handlers, 'web-reference', code)).toMatchObject({
      status: 400,
      json: { error: 'invalid_grant' },
    });
    expect(await stateOf(grant_id)).toBe('revoked');
  });

  it('is undone if the grant cannot be read after a lost answer', async () => {
    const { code, grant_id } = await newCode(world, 'web-jwt');
    const lose = onlyAt('UpdateItem GRANT', LOST, 'first');
    store.behave((response, forward, request) =>
      (callOf(request) === 'GetItem GRANT' ? BROKEN : lose)(response, forward, request),
    );
    await expectFault(() => redeem(handlers, 'web-jwt', code));
    store.behave();
    expect(await stateOf(grant_id)).toBe('code');
    expect((await redeem(handlers, 'web-jwt', code)).status).toBe(200);
  });
});

describe('A refresh', () => {
  it.each(casesOf(['web-jwt', 'web-reference', 'strict']))(
    'by %s that fails %s %s can be repeated',
    async (id, _when, call, behaviour) => {
      const first = await signIn(id);
      store.behave(onlyAt(call, behaviour));
      await expectFault(() => refresh(handlers, id, first.refresh_token));
      store.behave();
      const second = tokensOf(await refresh(handlers, id, first.refresh_token));
      expect(await authorize(second)).toBe('allow');
      const third = tokensOf(await refresh(handlers, id, second.refresh_token));
      expect(await authorize(third)).toBe('allow');
      expect(await createGrantStore(world.table).find(first.grant_id)).toMatchObject({
        state: 'active',
        generation: 2,
      });
    },
  );

  it.each(['web-reference', 'strict'])('by %s that loses the first answer to any call gets its tokens', async (id) => {
    for (const call of sampled(callsFor(id), 2, 1)) {
      const first = await signIn(id);
      store.behave(onlyAt(call, LOST, 'first'));
      const second = tokensOf(await refresh(handlers, id, first.refresh_token));
      store.behave();
      expect((await refresh(handlers, id, second.refresh_token)).status, call).toBe(200);
    }
  });

  it('that was undone makes no used refresh token valid again', async () => {
    const first = await signIn('web-jwt');
    const second = tokensOf(await refresh(handlers, 'web-jwt', first.refresh_token));
    store.behave(onlyAt('GetItem EPOCH client', BROKEN));
    await expectFault(() => refresh(handlers, 'web-jwt', second.refresh_token));
    store.behave();
    expect((await refresh(handlers, 'web-jwt', first.refresh_token)).status).toBe(400);
    expect(await stateOf(first.grant_id)).toBe('revoked');
  });

  it('is not undone once a retry has got tokens', async () => {
    const first = await signIn('web-reference');
    let retry: Promise<JsonResult> | undefined;
    // While the first one waits in vain for its token to be stored, the second is answered.
    store.behave(async (response, forward, request) => {
      if (callOf(request) !== 'PutItem TOKEN' || retry) return onlyAt('', BROKEN)(response, forward, request);
      retry = refresh(world.handlers, 'web-reference', first.refresh_token);
      await retry;
      store.behave(onlyAt('PutItem TOKEN', BROKEN));
      return BROKEN(response, forward, request);
    });
    await expectFault(() => refresh(handlers, 'web-reference', first.refresh_token));
    store.behave();
    const second = tokensOf(await retry!);
    expect(await createGrantStore(world.table).find(first.grant_id)).toMatchObject({ generation: 1 });
    expect((await refresh(handlers, 'web-reference', second.refresh_token)).status).toBe(200);
  });

  it.each<[string, Partial<GrantState>, number, number]>([
    ['undone gets 503, and can be repeated', { generation: 0 }, 503, 200],
    ['revoked is refused', { state: 'revoked' }, 400, 400],
  ])('that is retried after it was %s', async (_name, set, status, later) => {
    const first = await signIn('web-jwt');
    expect((await refresh(handlers, 'web-jwt', first.refresh_token)).status).toBe(200);
    let isRead = false;
    store.behave(async (response, forward, request) => {
      await onlyAt('', BROKEN)(response, forward, request);
      if (callOf(request) !== 'GetItem GRANT' || isRead) return;
      isRead = true;
      await createGrantStore(world.table).change(first.grant_id, {
        when: [{ attribute: 'grant_id', test: 'present' }],
        set,
      });
    });
    expect((await refresh(handlers, 'web-jwt', first.refresh_token)).status).toBe(status);
    store.behave();
    expect((await refresh(handlers, 'web-jwt', first.refresh_token)).status).toBe(later);
  });
});

describe('While KMS, which has the signing key, fails,', () => {
  const cutOff = () =>
    world.restart({ SIGNING_KEYS: '', SIGNING_KMS_KEYS: 'alias/away', AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:9' });

  it('a code survives three failed redemptions', async () => {
    const { code } = await newCode(world, 'web-jwt');
    const faulty = cutOff();
    for (let attempt = 0; attempt < 3; attempt++) await expectFault(() => redeem(faulty, 'web-jwt', code));
    expect((await redeem(handlers, 'web-jwt', code)).status).toBe(200);
  });

  it.each(sampled(['web-jwt', 'strict'], 2, 1))('a refresh token of %s survives three failed refreshes', async (id) => {
    const { refresh_token } = await signIn(id);
    const faulty = cutOff();
    for (let attempt = 0; attempt < 3; attempt++) await expectFault(() => refresh(faulty, id, refresh_token));
    const next = tokensOf(await refresh(handlers, id, refresh_token));
    expect((await refresh(handlers, id, next.refresh_token)).status).toBe(200);
  });
});

describe('The revocation of a refresh token', () => {
  const calls = ['UpdateItem GRANT', 'UpdateItem REVOKED'];
  const cases = byTurns(calls);

  it.each(cases)(
    'that fails %s %s gets 503, and the retry revokes the grant and its tokens',
    async (_when, call, behaviour) => {
      const tokens = await signIn('web-jwt');
      store.behave(onlyAt(call, behaviour));
      await expectFault(() => post(handlers.revocation, 'web-jwt', { token: tokens.refresh_token }));
      store.behave();
      for (const container of [handlers, world.restart()]) {
        expect((await post(container.revocation, 'web-jwt', { token: tokens.refresh_token })).status).toBe(200);
        expect(await authorize(tokens)).toBe('refuse');
        expect((await refresh(handlers, 'web-jwt', tokens.refresh_token)).status).toBe(400);
      }
    },
  );

  it.each(calls)('that loses the first answer to %s gets 200, and revokes the grant and its tokens', async (call) => {
    const tokens = await signIn('web-jwt');
    store.behave(onlyAt(call, LOST, 'first'));
    expect((await post(handlers.revocation, 'web-jwt', { token: tokens.refresh_token })).status).toBe(200);
    store.behave();
    expect(await authorize(tokens)).toBe('refuse');
  });
});

describe('A code that is used again', () => {
  const cases = byTurns(['GetItem GRANT', 'UpdateItem GRANT', 'UpdateItem REVOKED']);

  it.each(cases)(
    'while the table fails %s %s gets 503, and the next attempt revokes the grant and its tokens',
    async (_when, call, behaviour) => {
      const tokens = await signIn('web-jwt');
      advance(3);
      store.behave(onlyAt(call, behaviour));
      await expectFault(() => redeem(handlers, 'web-jwt', tokens.code));
      store.behave();
      expect((await redeem(handlers, 'web-jwt', tokens.code)).status).toBe(400);
      expect(await stateOf(tokens.grant_id)).toBe('revoked');
      expect(await authorize(tokens)).toBe('refuse');
    },
  );
});
