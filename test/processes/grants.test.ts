// Processes that run the bundles on one table: concurrent requests with the same code or refresh token, and containers that
// are killed during a request to the table.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGrantStore } from '../../lib/store/grant.ts';
import { onlyAt } from '../support/faulty-store.ts';
import { app, handlesOf, newCode, REDIRECT_URI, redeem, refresh, type Tokens, tokensOf } from '../support/grants.ts';
import { type ContainerProcess, type KillTime, killTimes, openDoomed, openProcess } from '../support/processes.ts';
import { isLongRun, scaled } from '../support/scale.ts';
import {
  authorizerEvents,
  type Handlers,
  type JsonResult,
  post,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts';

const PROCESSES = scaled(2, 4);
const PARALLEL = scaled(12, 100);
const ROUNDS = scaled(1, 50);

let world: World;
let processes: ContainerProcess[] = [];

beforeAll(async () => {
  world = await startWorld();
  await world.clients.create(app('web', { refresh_reuse_interval: 300 }));
  await world.clients.create(app('reference', { refresh_reuse_interval: 300, access_token_format: 'reference' }));
  await world.clients.create(app('strict', { refresh_reuse_interval: 0 }));
  processes = Array.from({ length: PROCESSES }, () => openProcess({ ...world.env, CLIENT_CACHE_SECONDS: '3600' }));
  // Each has loaded its bundles and cached its clients.
  for (const { handlers } of processes) {
    for (const id of ['web', 'strict']) {
      const { code } = await newCode(world, id);
      const { refresh_token } = tokensOf(await redeem(handlers, id, code));
      await refresh(handlers, id, refresh_token);
    }
  }
});
afterAll(async () => {
  await Promise.all(processes.map((process) => process.kill()));
  await world.stop();
});

const at = (index: number) => processes[index % PROCESSES]!.handlers;
const together = (ask: (handlers: ContainerProcess['handlers']) => Promise<JsonResult>) =>
  Promise.all(Array.from({ length: PARALLEL }, (_, index) => ask(at(index))));
const rounds = Array.from({ length: ROUNDS }, (_, round) => round);

/** How many answers there were of each kind. */
const tally = (results: readonly JsonResult[]) => {
  const counts: Record<string, number> = {};
  for (const { status, json } of results) {
    const word = status === 200 ? 'tokens' : `${status} ${json['error']}`;
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
};

async function isLive(id: string, refresh_token: string): Promise<boolean> {
  return (await refresh(at(0), id, refresh_token)).status === 200;
}
const allows = (index: number, { access_token }: Tokens) =>
  verdict(at(index).authorizer(authorizerEvents['HTTP API 2.0'](access_token)));

const everyProcess = Array.from({ length: PROCESSES }, (_, index) => index);
const refusedByAll = Array(PROCESSES).fill('refuse');

const ONE_WINS = { tokens: 1, '400 invalid_grant': PARALLEL - 1 };

describe(`Of ${PARALLEL} requests at once to ${PROCESSES} processes, in ${ROUNDS} rounds,`, () => {
  it('one gets tokens for a code with a verifier, and keeps them', async () => {
    for (const _ of rounds) {
      const { code } = await newCode(world, 'web');
      const results = await together((handlers) => redeem(handlers, 'web', code));
      expect(tally(results)).toEqual(ONE_WINS);
      const won = tokensOf(results.find(({ status }) => status === 200)!);
      expect(await isLive('web', won.refresh_token)).toBe(true);
      expect(await allows(1, won)).toBe('allow');
    }
  });

  it('one gets tokens for a code without a verifier, and these are revoked by the others', async () => {
    for (const _ of rounds) {
      const { code, grant_id } = await newCode(world, 'web', { binding: { redirect_uri: REDIRECT_URI } });
      const results = await together((handlers) => redeem(handlers, 'web', code, { code_verifier: '' }));
      expect(tally(results)).toEqual(ONE_WINS);
      const won = tokensOf(results.find(({ status }) => status === 200)!);
      expect(await isLive('web', won.refresh_token)).toBe(false);
      expect(await Promise.all(everyProcess.map((index) => allows(index, won)))).toEqual(refusedByAll);
      expect(await createGrantStore(world.table).find(grant_id)).toMatchObject({ state: 'revoked' });
    }
  });

  it('one gets tokens for a refresh token without a reuse interval, and these are revoked by the others', async () => {
    for (const _ of rounds) {
      const { code } = await newCode(world, 'strict');
      const first = tokensOf(await redeem(at(1), 'strict', code));
      const results = await together((handlers) => refresh(handlers, 'strict', first.refresh_token));
      expect(tally(results)).toEqual(ONE_WINS);
      const won = tokensOf(results.find(({ status }) => status === 200)!);
      expect(await isLive('strict', won.refresh_token)).toBe(false);
      expect(await isLive('strict', first.refresh_token)).toBe(false);
      expect(await Promise.all(everyProcess.map((index) => allows(index, won)))).toEqual(refusedByAll);
    }
  });

  it('all get the same new refresh token for a refresh token within its reuse interval', async () => {
    for (const _ of rounds) {
      const { code, grant_id } = await newCode(world, 'web');
      const first = tokensOf(await redeem(at(2), 'web', code));
      const results = await together((handlers) => refresh(handlers, 'web', first.refresh_token));
      expect(tally(results)).toEqual({ tokens: PARALLEL });
      const successors = new Set(results.map((result) => tokensOf(result).refresh_token));
      expect(successors.size).toBe(1);
      expect(new Set(results.map((result) => tokensOf(result).access_token)).size).toBe(PARALLEL);
      const [successor = ''] = successors;
      expect(handlesOf(world).refresh_token.parse(successor)).toMatchObject({ id: grant_id, generation: 1 });
      expect(await isLive('web', successor)).toBe(true);
    }
  });
});

describe('When a container is killed', () => {
  const EPOCHS = ['client', 'subject', 'consent', 'issuer'].map((kind) => `GetItem EPOCH ${kind}`);
  const STEP = [...EPOCHS, 'UpdateItem GRANT', 'PutItem TOKEN'];
  const REVOCATION = ['UpdateItem GRANT', 'UpdateItem REVOKED'];
  /** In the normal run at one epoch only: they are read side by side. */
  const casesOf = (calls: readonly string[]) =>
    calls
      .filter((call) => isLongRun || !EPOCHS.slice(1).includes(call))
      .flatMap((call) => killTimes(call).map((time) => [time, call] as const));

  /** A container that has cached its clients and is killed before or after this call takes effect. It never answers. */
  async function diesAt(time: KillTime, call: string, ask: (doomed: Handlers) => Promise<JsonResult>) {
    const doomed = await openDoomed({ ...world.env, CLIENT_CACHE_SECONDS: '3600' });
    const { refresh_token } = tokensOf(
      await redeem(doomed.handlers, 'reference', (await newCode(world, 'reference')).code),
    );
    await post(doomed.handlers.revocation, 'reference', { token: refresh_token });
    doomed.store.behave(
      onlyAt(call, async (response, forward) => {
        if (time === 'after') await forward();
        await doomed.kill();
        response.destroy();
      }),
    );
    await expect(ask(doomed.handlers as Handlers)).rejects.toThrow('ended');
  }

  it.each(casesOf(STEP))(
    '%s %s of a redemption, the retry gets tokens, or the grant is revoked',
    async (time, call) => {
      // Without a verifier, as a retry with it ends no grant at once.
      const binding = { redirect_uri: REDIRECT_URI };
      const { code, grant_id, secret } = await newCode(world, 'reference', { binding });
      const ask = (handlers: Pick<Handlers, 'token'>) => redeem(handlers, 'reference', code, { code_verifier: '' });
      await diesAt(time, call, ask);
      const retry = await ask(at(0));
      if (retry.status === 200) {
        expect(await allows(1, tokensOf(retry))).toBe('allow');
        expect(await isLive('reference', tokensOf(retry).refresh_token)).toBe(true);
      } else {
        expect(retry).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
        expect(await createGrantStore(world.table).find(grant_id)).toMatchObject({ state: 'revoked' });
        const lost = handlesOf(world).refresh_token.mint({ secret }).text;
        expect(await isLive('reference', lost)).toBe(false);
      }
    },
  );

  it.each(casesOf(STEP))('%s %s of a refresh, the retry gets tokens', async (time, call) => {
    const { code } = await newCode(world, 'reference');
    const first = tokensOf(await redeem(at(1), 'reference', code));
    await diesAt(time, call, (doomed) => refresh(doomed, 'reference', first.refresh_token));
    const second = tokensOf(await refresh(at(0), 'reference', first.refresh_token));
    expect(await allows(1, second)).toBe('allow');
    expect(await isLive('reference', second.refresh_token)).toBe(true);
  });

  it.each(casesOf(REVOCATION))(
    '%s %s of a revocation, the retry revokes the grant and its tokens',
    async (time, call) => {
      const { code } = await newCode(world, 'reference');
      const tokens = tokensOf(await redeem(at(1), 'reference', code));
      const ask = (handlers: Pick<Handlers, 'revocation'>) =>
        post(handlers.revocation, 'reference', { token: tokens.refresh_token });
      await diesAt(time, call, ask);
      expect((await ask(at(0))).status).toBe(200);
      expect(await allows(1, tokens)).toBe('refuse');
      expect(await isLive('reference', tokens.refresh_token)).toBe(false);
    },
  );
});
