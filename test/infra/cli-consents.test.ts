import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TableAnswer } from '../../infra/local/table.ts';
import type { Clock } from '../../lib/clock.ts';
import { inParallel } from '../../lib/in-parallel.ts';
import { createGrantId } from '../../lib/oauth/grant-id.ts';
import { createGrantStore } from '../../lib/store/grant.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { CALLBACK, openBrowser, proper, user, VERIFIER, webClient } from '../support/browser.ts';
import {
  aheadBy,
  type Behaviour,
  callOf,
  type FaultyStore,
  faults,
  onlyAt,
  onlyIf,
  type StoreRequest,
  startFaultyStore,
} from '../support/faulty-store.ts';
import { handlesOf, newCode, payloadOf, redeem } from '../support/grants.ts';
import { sampled, scaled } from '../support/scale.ts';
import { authorizerEvents, post, startWorld, verdict, type World } from '../support/world.ts';
import { type Cli, createCli, succeeding } from './cli-runner.ts';

let world: World;
let store: FaultyStore;
let attempt: Cli;
let latchkey: Cli;

const systemTime: Clock = () => Math.floor(Date.now() / 1000);

beforeAll(async () => {
  world = await startWorld({}, systemTime);
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  attempt = createCli({ ...world.env, AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
  latchkey = succeeding(attempt);
  const users = createUserStore(world.table);
  for (const name of ['alice', 'bob', 'carol', 'dave', 'erin', 'frank']) {
    const person = await user(name);
    await users.reserveName(name, person.sub);
    await users.create(person);
  }
  for (const id of ['web', 'other']) await world.clients.create(webClient(id));
});
afterEach(() => store.behave());
afterAll(async () => {
  await store.stop();
  await world.stop();
});

/** Of a withdrawal, in this order. */
const WRITES = ['PutItem EPOCH consent', 'UpdateItem REVOKED', 'DeleteItem CONSENT'];

const scope = 'openid profile offline_access read';

/** Somebody signs in, and allows what is asked if it is asked. */
async function allow(client_id: string, name = 'alice', handlers = world.handlers) {
  const browser = openBrowser(handlers.authorization);
  const page = await browser.signIn(await browser.get(proper({ client_id, scope })), name);
  const isAsked = page.fields['page'] === 'consent';
  const { answer } = isAsked ? await browser.press(page, 'allow') : page;
  const form = { grant_type: 'authorization_code', redirect_uri: CALLBACK, code_verifier: VERIFIER };
  const { json } = await post(handlers.token, client_id, { ...form, code: answer['code'] ?? '' });
  return { isAsked, accessToken: String(json['access_token']), refreshToken: String(json['refresh_token']) };
}

const shown = (token: string) => verdict(world.handlers.authorizer(authorizerEvents['HTTP API 2.0'](token)));
const refresh = async (client_id: string, refresh_token: string) =>
  (await post(world.handlers.token, client_id, { grant_type: 'refresh_token', refresh_token })).status;

describe('consents:', () => {
  it('list shows the consents of a user', async () => {
    await allow('web');
    const { json } = await latchkey(['consents', 'list', '--user', 'alice', '--json']);
    expect(json()).toEqual([
      { client_id: 'web', scope: scope.split(' '), resources: ['orders'], given_at: expect.any(Number) },
    ]);
    expect((await latchkey(['consents', 'list', '--subject', 'sub-of-bob'])).stdout).toBe('none\n');
  });

  it('withdraw makes the user be asked again, and revokes the tokens of the client', async () => {
    await allow('web');
    const given = await allow('web');
    const [elsewhere, another] = [await allow('other'), await allow('web', 'bob')];
    expect(given.isAsked).toBe(false);
    await latchkey(['consents', 'withdraw', '--yes', 'web', '--user', 'alice']);

    expect(await shown(given.accessToken)).toBe('refuse');
    expect(await refresh('web', given.refreshToken)).toBe(400);
    for (const { accessToken } of [elsewhere, another]) expect(await shown(accessToken)).toBe('allow');
    expect(await refresh('other', elsewhere.refreshToken)).toBe(200);
    expect(await refresh('web', another.refreshToken)).toBe(200);
    expect((await allow('other')).isAsked).toBe(false);

    const again = await allow('web');
    expect(again.isAsked).toBe(true);
    expect(await shown(again.accessToken)).toBe('allow');
  });

  it('withdraw makes the same three writes, however many grants it ends', async () => {
    const given = await allow('web', 'bob');
    // No earlier grant, whose refresh token was used before.
    const found = (await createGrantStore(world.table).find(String(payloadOf(given.accessToken)['grant_id'])))!;
    const many = Array.from({ length: scaled(6, 2_000) }, () => createGrantId(found.sub));
    await inParallel(many, 20, (id) => createGrantStore(world.table).put({ ...found, grant_id: id.grant_id }));
    const { code } = await newCode(world, 'web', { sub: found.sub });
    const tokenOf = ({ secret }: (typeof many)[number]) =>
      handlesOf(world).refresh_token.mint({ secret, generation: 0 }).text;
    expect(await refresh('web', tokenOf(many[0]!))).toBe(200);

    store.take();
    const { json } = await latchkey(['consents', 'withdraw', '--yes', 'web', '--subject', found.sub, '--json']);
    const asked = store.take().map(callOf);
    expect(asked.filter((call) => !/^(GetItem SCHEMA|(Query|GetItem) REVOKED)$/.test(call))).toEqual(WRITES);
    expect(json()).toMatchObject({ sub: found.sub, client_id: 'web', revocation: { kind: 'consent' } });
    for (const one of [many[1]!, many.at(-1)!]) expect(await refresh('web', tokenOf(one))).toBe(400);
    expect(await refresh('web', given.refreshToken)).toBe(400);
    expect((await redeem(world.handlers, 'web', code)).status).toBe(400);
    expect(await shown(given.accessToken)).toBe('refuse');
    const listed = await latchkey(['grants', 'list', '--subject', found.sub, '--json']);
    expect(listed.json<Record<string, unknown>[]>().filter(({ client_id }) => client_id === 'web')).toEqual([]);
  });

  it('withdraw ends what is given while it runs: a grant, and a consent', async () => {
    const given = await allow('web', 'bob');
    await allow('web');
    const { authorization } = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
    const direct = succeeding(createCli(world.env));
    const [coming, allowing] = [openBrowser(authorization), openBrowser(authorization)];
    await coming.signIn(await coming.get(proper({ client_id: 'other', scope })), 'alice');
    const page = await allowing.signIn(
      await allowing.get(proper({ client_id: 'web', scope, prompt: 'consent' })),
      'bob',
    );

    let [held, goOn] = [0, () => {}];
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const hold = async (response: ServerResponse, forward: () => Promise<TableAnswer>) => {
      held++;
      await gate;
      const { status, headers, body } = await forward();
      response.writeHead(status, headers).end(body);
    };
    const isHeld = (request: StoreRequest) => /^PutItem (GRANT|CONSENT)$/.test(callOf(request));
    store.behave(onlyIf(isHeld, hold));
    const answers = [coming.get(proper({ client_id: 'web', scope })), allowing.press(page, 'allow')] as const;
    await vi.waitUntil(() => held === 2, { timeout: 10_000 });
    await Promise.all(['alice', 'bob'].map((name) => direct(['consents', 'withdraw', '--yes', 'web', '--user', name])));
    goOn();

    for (const { answer } of await Promise.all(answers)) {
      const form = { grant_type: 'authorization_code', redirect_uri: CALLBACK, code_verifier: VERIFIER };
      expect(await post(world.handlers.token, 'web', { ...form, code: answer['code'] ?? '' })).toMatchObject({
        status: 400,
        json: { error: 'invalid_grant' },
      });
    }
    expect(await refresh('web', given.refreshToken)).toBe(400);
    for (const name of ['alice', 'bob']) {
      const again = await allow('web', name);
      expect(again.isAsked).toBe(true);
      expect(await shown(again.accessToken)).toBe('allow');
      expect(await refresh('web', again.refreshToken)).toBe(200);
    }
  });

  it('withdraw ends what a client got that asks nobody', async () => {
    await world.clients.create(webClient('quiet', { require_consent: false }));
    const given = await allow('quiet');
    expect(given.isAsked).toBe(false);
    await latchkey(['consents', 'withdraw', '--yes', 'quiet', '--user', 'alice']);
    expect([await shown(given.accessToken), await refresh('quiet', given.refreshToken)]).toEqual(['refuse', 400]);
    const again = await allow('quiet');
    expect([await shown(again.accessToken), await refresh('quiet', again.refreshToken)]).toEqual(['allow', 200]);
  });

  it.each([
    ['user sign-out', ['user', 'sign-out', 'alice', '--yes']],
    ['client disable', ['client', 'disable', 'other', '--yes']],
  ])('%s takes a few writes, however many grants it ends', async (_, command) => {
    const given = await allow('other');
    await inParallel(Array.from({ length: scaled(1, 100) }), 1, () => allow('other'));
    store.take();
    await latchkey(command);
    const writes = store.take().filter(({ operation }) => /^(Put|Update|Delete)Item$/.test(operation));
    expect(writes.length).toBeLessThanOrEqual(3);
    expect(await refresh('other', given.refreshToken)).toBeGreaterThanOrEqual(400);
  });

  it('withdraw leaves a consent that is given after the time that it covers', async () => {
    await allow('web', 'dave');
    const later = world.restart({}, () => systemTime() + 5);
    let again: Awaited<ReturnType<typeof allow>> | undefined;
    store.behave(
      onlyAt('DeleteItem CONSENT', async (response, forward) => {
        again ??= await allow('web', 'dave', later);
        const { status, headers, body } = await forward();
        response.writeHead(status, headers).end(body);
      }),
    );
    await latchkey(['consents', 'withdraw', '--yes', 'web', '--user', 'dave']);
    expect(again?.isAsked).toBe(true);
    expect((await allow('web', 'dave')).isAsked).toBe(false);
    expect(await refresh('web', again?.refreshToken ?? '')).toBe(200);
  });

  const repeated: [name: string, user: string, command: string[]][] = [
    ['user sign-out', 'carol', ['user', 'sign-out', '--yes', 'carol']],
    ['token revoke', 'erin', ['token', 'revoke', '--yes', '--subject', 'sub-of-erin']],
    ['consents withdraw', 'frank', ['consents', 'withdraw', '--yes', 'web', '--user', 'frank']],
  ];
  it.each(sampled(repeated, 2))(
    '%s ends all that a clock ahead has given, when it is repeated as it says',
    async (_, name, command) => {
      const ahead = world.restart({}, () => systemTime() + 5);
      const given = await allow('web', name, ahead);
      expect(await shown(given.accessToken)).toBe('allow');
      expect((await latchkey(command)).stderr).toMatch(/run the same command again in 20 seconds/);
      store.behave(aheadBy(20_000));
      await latchkey(command);
      expect([await shown(given.accessToken), await refresh('web', given.refreshToken)]).toEqual(['refuse', 400]);
    },
  );

  it('withdraw can be repeated, at whichever write it was interrupted, before or after', async () => {
    const interruptions = WRITES.flatMap((call, turn) =>
      sampled([false, true], 2, turn).map((isAfter) => ({ call, isAfter })),
    );
    const interrupted = [];
    for (const [number, { call, isAfter }] of interruptions.entries()) {
      const id = `interrupted-${number}`;
      await world.clients.create(webClient(id));
      const given = await allow(id);
      const fails: Behaviour = async (response, forward, request) => {
        if (isAfter) await forward();
        return faults['access denied'](response, forward, request);
      };
      store.behave(onlyAt(call, fails));
      const withdraw = ['consents', 'withdraw', '--yes', id, '--user', 'alice'];
      const failed = await attempt(withdraw);
      expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/run the same command again/) });
      store.behave();
      interrupted.push({ id, given, withdraw });
    }
    await Promise.all(interrupted.map(({ withdraw }) => latchkey(withdraw)));
    for (const { id, given } of interrupted) {
      expect([id, await shown(given.accessToken), await refresh(id, given.refreshToken)]).toEqual([id, 'refuse', 400]);
      expect((await allow(id)).isAsked).toBe(true);
    }
  });

  it.each([
    ['no user', ['list'], 2, /the user is missing/],
    ['two users', ['list', '--user', 'alice', '--subject', 'x'], 2, /cannot be used with/],
    ['an unknown user', ['withdraw', 'web', '--user', 'nobody'], 1, /there is no user nobody/],
  ])('a command line with %s is refused', async (_, args, code, reason) => {
    expect(await attempt(['consents', ...args])).toMatchObject({ code, stderr: expect.stringMatching(reason) });
  });
});
