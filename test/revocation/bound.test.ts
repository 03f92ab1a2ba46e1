// How soon a revocation takes effect: strict, from the next request on; bounded, within the configured seconds.
// docs/design.md promise 9.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Revocation } from '../../lib/oauth/revocation.ts';
import { createRandom } from '../support/random.ts';
import { openList, type TestList } from '../support/revocation-list.ts';
import { sampled, scaled } from '../support/scale.ts';
import {
  authorizerEvents,
  client,
  createTestClock,
  getToken,
  type Handlers,
  post,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts';

const { clock, advance, set } = createTestClock();
const JWT = 'machine-jwt';
const REFERENCE = 'machine-reference';
const CLIENTS = [JWT, REFERENCE];

let world: World;
let list: TestList;

beforeAll(async () => {
  world = await startWorld({}, clock);
  list = openList(world.table, clock);
});
// Each test a day later, so that no entry of one is of any concern to the next.
beforeEach(() => advance(100_000));
afterAll(() => world.stop());

const container = (maxAge: number) => world.restart({ REVOCATION_MAX_AGE_SECONDS: String(maxAge) });
const ask = ({ authorizer }: Handlers, token: string) => verdict(authorizer(authorizerEvents['HTTP API 2.0'](token)));
const revoke = async (id: string, token: string) =>
  expect((await post(world.handlers.revocation, id, { token })).status).toBe(200);

const clientEntry = (id: string, revoked_at: number): Revocation => ({
  kind: 'client',
  id,
  revoked_at,
  issued_until: clock(),
  expires_at: clock() + 100_000,
});

describe.each(CLIENTS)('a token of %s', (id) => {
  it.each(sampled([1, 2, 5, 60], 3))(
    'is refused %i seconds after its revocation if that is the maximum age of the list',
    async (maxAge) => {
      const handlers = container(maxAge);
      const token = await getToken(world.handlers, id);
      expect(await ask(handlers, token)).toBe('allow');
      const revokedAt = clock();
      await revoke(id, token);

      for (let second = 0; second < maxAge; second++) {
        set(revokedAt + second);
        expect(await ask(handlers, token)).toBe('allow');
      }
      for (const second of [maxAge, maxAge + 1, maxAge * 2, 3599]) {
        set(revokedAt + second);
        expect(await ask(handlers, token)).toBe('refuse');
      }
    },
  );

  it.each(sampled([1, 5, 60], 2))(
    'is refused %i seconds after an entry for its client if that is the maximum age of the list',
    async (maxAge) => {
      const handlers = container(maxAge);
      const token = await getToken(world.handlers, id);
      expect(await ask(handlers, token)).toBe('allow');
      const revokedAt = clock();
      await list.put(clientEntry(id, revokedAt));
      set(revokedAt + maxAge);
      expect(await ask(handlers, token)).toBe('refuse');
    },
  );

  it('is refused from the next request on in strict mode', async () => {
    const handlers = container(0);
    const token = await getToken(world.handlers, id);
    expect(await ask(handlers, token)).toBe('allow');
    await revoke(id, token);
    expect(await ask(handlers, token)).toBe('refuse');
    expect(await ask(container(0), token)).toBe('refuse');
  });

  it('is refused by the first request to a new container, whatever the maximum age of its list', async () => {
    const token = await getToken(world.handlers, id);
    await revoke(id, token);
    expect(await ask(container(3600), token)).toBe('refuse');
  });

  it('is refused at once if another request has just updated the list', async () => {
    const handlers = container(5);
    const token = await getToken(world.handlers, id);
    expect(await ask(handlers, token)).toBe('allow');
    await revoke(id, token);
    advance(5);
    // The reference token itself was remembered as long as the list, so it is due as well.
    await ask(handlers, await getToken(world.handlers, JWT));
    expect(await ask(handlers, token)).toBe('refuse');
  });
});

describe('An entry takes effect at the next synchronisation', () => {
  it.each([0, 1, 20, 3600])('although the clock of its writer is %i seconds behind', async (behind) => {
    const [strict, bounded] = [container(0), container(5)];
    const token = await getToken(world.handlers, JWT);
    advance(60);
    const startedAt = clock();
    expect(await ask(strict, token)).toBe('allow');
    expect(await ask(bounded, token)).toBe('allow');
    const writer = openList(world.table, () => clock() - behind);
    await writer.put({ ...clientEntry(JWT, startedAt - behind), issued_until: startedAt });
    expect(await ask(strict, token)).toBe('refuse');
    advance(5);
    expect(await ask(bounded, token)).toBe('refuse');
  });

  it('although the list was read every second before', async () => {
    const strict = container(0);
    const token = await getToken(world.handlers, JWT);
    const takenAt = clock();
    for (let second = 0; second < 10; second++) {
      advance(1);
      expect(await ask(strict, token)).toBe('allow');
    }
    await list.put({ ...clientEntry(JWT, takenAt), issued_until: takenAt });
    expect(await ask(strict, token)).toBe('refuse');
  });
});

describe('After its clock was set back, a container', () => {
  it.each(CLIENTS)('reads the list again at once: a token of %s', async (id) => {
    const handlers = container(3600);
    const token = await getToken(world.handlers, id);
    advance(500);
    expect(await ask(handlers, token)).toBe('allow');
    advance(-100);
    await revoke(id, token);
    expect(await ask(handlers, token)).toBe('refuse');
  });

  it.each(CLIENTS)('still finds an entry from before: a token of %s', async (id) => {
    const strict = container(0);
    const token = await getToken(world.handlers, id);
    advance(1000);
    expect(await ask(strict, token)).toBe('allow');
    advance(-500);
    await revoke(id, token);
    advance(100);
    expect(await ask(strict, token)).toBe('refuse');
    expect(await ask(container(0), token)).toBe('refuse');
  });

  it.each(CLIENTS)('accepts no revoked token whose entry had expired meanwhile: a token of %s', async (id) => {
    const strict = container(0);
    const token = await getToken(world.handlers, id);
    await list.put(clientEntry(id, clock()));
    advance(100);
    expect(await ask(strict, token)).toBe('refuse');
    const now = clock();
    set(now + 200_000);
    expect(await ask(strict, await getToken(world.handlers, JWT))).toBe('allow');
    set(now);
    expect(await ask(strict, token)).toBe('refuse');
  });
});

describe('Although its clock is set back by 40 seconds meanwhile, after 60 seconds', () => {
  let elapsed = 0;
  const ownClock = Object.assign(() => clock(), { elapsedMs: () => elapsed * 1000 });
  const pass = (seconds: number) => {
    advance(seconds);
    elapsed += seconds;
  };

  it.each(CLIENTS)('an authorizer with that maximum age refuses a revoked token of %s', async (id) => {
    const handlers = world.restart({ REVOCATION_MAX_AGE_SECONDS: '60' }, ownClock);
    const token = await getToken(world.handlers, id);
    advance(100);
    expect(await ask(handlers, token)).toBe('allow');
    await revoke(id, token);
    pass(50);
    advance(-40);
    expect(await ask(handlers, token)).toBe('allow');
    pass(10);
    expect(await ask(handlers, token)).toBe('refuse');
  });

  it('a token endpoint that remembers clients for that long refuses a disabled one', async () => {
    const { token } = world.restart({ CLIENT_CACHE_SECONDS: '60' }, ownClock);
    await world.clients.create(client('disabled'));
    const found = await world.clients.findVersion('disabled');
    if (!found) throw new Error('was not registered');
    const issue = () => post(token, 'disabled', { grant_type: 'client_credentials' });
    expect(await issue()).toMatchObject({ status: 200 });
    await world.clients.replace({ ...found.value, enabled: false }, found.version);
    pass(50);
    advance(-40);
    expect(await issue()).toMatchObject({ status: 200 });
    pass(10);
    expect(await issue()).toMatchObject({ status: 401 });
  });
});

describe('In a random course of events, containers of every kind', () => {
  const SEED = 20_260_101;
  const STEPS = scaled(150, 400);

  it.each(CLIENTS)(`never accept a revoked token of %s beyond their bound (seed ${SEED})`, async (id) => {
    const random = createRandom(SEED);
    const containers = [0, 0, 1, 3, 10].map((maxAge) => ({ maxAge, handlers: container(maxAge) }));
    const tokens: { token: string; revokedAt?: number }[] = [];
    let [refused, accepted] = [0, 0];
    for (let step = 0; step < STEPS; step++) {
      if (random.chance(0.3)) advance(random.integer(4));
      if (tokens.length === 0 || random.chance(0.15)) tokens.push({ token: await getToken(world.handlers, id) });
      const known = random.pick(tokens);
      if (known.revokedAt === undefined && random.chance(0.15)) {
        await revoke(id, known.token);
        known.revokedAt = clock();
      }
      const { maxAge, handlers } = random.pick(containers);
      const word = await ask(handlers, known.token);
      const { revokedAt = Number.POSITIVE_INFINITY } = known;
      if (clock() >= revokedAt + maxAge) expect(word, `step ${step}`).toBe('refuse');
      if (revokedAt === Number.POSITIVE_INFINITY) expect(word, `step ${step}`).toBe('allow');
      if (word === 'refuse') refused++;
      else accepted++;
    }
    expect(refused).toBeGreaterThan(STEPS / 8);
    expect(accepted).toBeGreaterThan(STEPS / 8);
  });
});
