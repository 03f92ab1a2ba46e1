// Rotation of keys by schedule: what one call does, and what consumers of the JWK Set see in many of them.

import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { activeKeys, KEY_REFRESH_SECONDS, type RegisteredKey } from '../../lib/key-registry/registry.ts';
import { addKey, compromiseKey } from '../../lib/key-registry/transitions.ts';
import { createRevocation, MAX_CLOCK_SKEW_SECONDS } from '../../lib/oauth/revocation.ts';
import { passTime } from '../support/pass-time.ts';
import { createRandom } from '../support/random.ts';
import { fetchJwks, type RegistryWorld, startRegistryWorld } from '../support/registry-world.ts';
import { openList } from '../support/revocation-list.ts';
import { sampled, scaled } from '../support/scale.ts';
import {
  authorizerEvents,
  client,
  createTestClock,
  getToken,
  type Handlers,
  type Variables,
  verdict,
} from '../support/world.ts';

const DAY = 86_400;
const CACHE = DAY;
const PERIOD = 3 * DAY;
const LIFETIME = DAY;
const variables: Variables = {
  JWKS_CACHE_SECONDS: String(CACHE),
  KEY_ROTATION_SECONDS: String(PERIOD),
  ACCESS_TOKEN_MAX_LIFETIME_SECONDS: String(LIFETIME),
  CLIENT_CACHE_SECONDS: '3600',
};
const ACTIVATION = CACHE + KEY_REFRESH_SECONDS;
const WITHDRAWAL = KEY_REFRESH_SECONDS + LIFETIME + MAX_CLOCK_SKEW_SECONDS;

const { clock, advance, set } = createTestClock();
let world: RegistryWorld;
beforeAll(async () => {
  world = await startRegistryWorld(variables, clock);
  await world.clients.create(client('long', { access_token_lifetime: LIFETIME }));
});
beforeEach(async () => {
  await world.forget();
  await world.rotation()(); // makes the first key
  world.kms.takeCalls();
});
afterEach(() => {
  world.kms.recover();
  world.store.behave();
});
afterAll(() => world.stop());

const statuses = async () => (await world.find()).keys.map(({ status }) => status);
const GENERATE = 'GenerateDataKeyPairWithoutPlaintext';

describe('A run of the scheduled rotation', () => {
  it('publishes, activates, retires and withdraws a key when it is due, and not before', async () => {
    const rotate = world.rotation();
    const steps: [after: number, expected: string[]][] = [
      [0, ['active']],
      [PERIOD - 1, ['active']],
      [1, ['active', 'next']],
      [0, ['active', 'next']],
      [ACTIVATION - 1, ['active', 'next']],
      [1, ['active', 'retiring']],
      [WITHDRAWAL - 1, ['active', 'retiring']],
      [1, ['active', 'retired']],
    ];
    for (const [after, expected] of steps) {
      advance(after);
      await rotate();
      expect(await statuses()).toEqual(expected);
    }
    expect(world.kms.takeCalls()).toMatchObject({ [GENERATE]: 1 });
  });

  it('makes one key when ten calls come at once, and none fails', async () => {
    advance(PERIOD);
    await Promise.all(Array.from({ length: 10 }, () => world.rotation()()));
    expect(await statuses()).toEqual(['active', 'next']);
  });

  it('does nothing when a key has just been added', async () => {
    advance(PERIOD);
    const added = await world.createWrapped();
    let isFirst = true;
    world.store.behave(async (response, forward, { operation }) => {
      if (operation === 'PutItem' && isFirst) {
        isFirst = false;
        await world.change((registry) => addKey(registry, added, clock()));
      }
      const { status, headers, body } = await forward();
      response.writeHead(status, headers).end(body);
    });
    await world.rotation()();
    expect((await world.find()).keys.map(({ kid, status }) => [kid === added.kid, status])).toEqual([
      [false, 'active'],
      [true, 'next'],
    ]);
  });

  it.each(sampled(['denied', 'disabled', 'throttled', 'outage'] as const, 2))(
    'throws and changes nothing when KMS fails by "%s"',
    async (fault) => {
      advance(PERIOD);
      world.kms.fail(fault);
      const before = await world.find();
      await passTime(() => expect(world.rotation()()).rejects.toThrow('the keys could not be managed'));
      expect(await world.find()).toEqual(before);
      world.kms.recover();
      await world.rotation()();
      expect(await statuses()).toEqual(['active', 'next']);
    },
  );

  it('throws and logs which variable is missing', async () => {
    const log = vi.spyOn(console, 'log').mockReturnValue();
    await expect(world.rotation({ REGISTRY_SIGNING_KEY: '' })()).rejects.toThrow('the keys could not be managed');
    expect(log.mock.calls.join()).toContain('REGISTRY_SIGNING_KEY or REGISTRY_KMS_KEY is not set');
    log.mockRestore();
  });
});

/** A token, and what its client knows about it. */
interface Issued {
  readonly text: string;
  readonly kid: string;
  readonly exp: number;
}

/** A resource server that verifies with jose, by the JWK Set that it fetched last. */
class Consumer {
  readonly #cache: number;
  readonly #containers: readonly Handlers[];
  #keys: ReturnType<typeof createLocalJWKSet> | undefined;
  #since = 0;

  constructor(cache: number, containers: readonly Handlers[]) {
    this.#cache = cache;
    this.#containers = containers;
  }

  get cache() {
    return this.#cache;
  }

  /** Forgets the set that it has. */
  restart() {
    this.#keys = undefined;
  }

  async accepts({ text }: Issued, pick: (among: readonly Handlers[]) => Handlers): Promise<boolean> {
    if (!this.#keys || clock() - this.#since >= this.#cache) {
      this.#since = clock();
      const { json } = await fetchJwks(pick(this.#containers));
      this.#keys = createLocalJWKSet(json as unknown as JSONWebKeySet);
    }
    return jwtVerify(text, this.#keys, { currentDate: new Date(clock() * 1000) }).then(
      () => true,
      () => false,
    );
  }
}

/** Of every so many, two end with a compromised key. */
const CYCLE = scaled(4, 10);
const ROTATIONS = scaled(4, 50);

describe(`Consumers of the JWK Set through ${ROTATIONS} rotations`, () => {
  it('refuse no valid token, and accept no token by a compromised key after their cache time', async () => {
    const random = createRandom(7);
    const containers = [world.restart(), world.restart()];
    const pick = (among: readonly Handlers[]) => random.pick(among);
    const consumers = [0, 600, 7200, CACHE].map((cache) => new Consumer(cache, containers));
    const rotate = world.rotation();
    const list = openList(world.table, clock);
    const compromisedAt = new Map<string, number>();
    /** From when on every consumer can know the key; before, only those that ask us can. */
    const knownFrom = new Map<string, number>();
    let live: Issued[] = [];
    const counts = { rotations: 0, compromises: 0, accepted: 0, refused: 0, lateAcceptances: 0, allowed: 0, denied: 0 };
    const wrong: string[] = [];

    const issue = async (from: Handlers, id: string) => {
      const text = await getToken(from, id);
      const [header = '', payload = ''] = text.split('.').map((part) => Buffer.from(part, 'base64url').toString());
      live.push({ text, kid: JSON.parse(header).kid, exp: JSON.parse(payload).exp });
    };

    const check = async (token: Issued) => {
      const ended = compromisedAt.get(token.kid);
      // The newest, and whatever must be refused.
      if (token === live.at(-1) || ended !== undefined) {
        const decision = await verdict(pick(containers).authorizer(authorizerEvents['HTTP API 2.0'](token.text)));
        if (decision !== (ended === undefined ? 'allow' : 'refuse'))
          wrong.push(`authorizer: ${decision} at ${clock()}`);
        counts[ended === undefined ? 'allowed' : 'denied']++;
      }
      for (const consumer of consumers) {
        const isAccepted = await consumer.accepts(token, pick);
        counts[isAccepted ? 'accepted' : 'refused']++;
        if (ended === undefined) {
          if (!isAccepted && clock() >= (knownFrom.get(token.kid) ?? 0)) {
            wrong.push(`valid, refused by ${consumer.cache} at ${clock()}`);
          }
        } else if (isAccepted) {
          counts.lateAcceptances++;
          if (clock() >= ended + KEY_REFRESH_SECONDS + consumer.cache) {
            wrong.push(`compromised, accepted by ${consumer.cache} at ${clock()}`);
          }
        }
      }
    };

    /** @param isEdge every container issues a token of the longest lifetime, and every consumer fetches the JWK Set again */
    const visit = async (time: number, isEdge = false) => {
      set(time);
      live = live.filter(({ exp }) => exp > time);
      await rotate();
      if (isEdge) for (const container of containers) await issue(container, 'long');
      else await issue(pick(containers), random.pick(['machine-jwt', 'long']));
      if (isEdge) for (const consumer of consumers) consumer.restart();
      // The newest, the oldest, and the newest of a key that signs no more.
      const last = live.findLast(({ kid }) => kid !== live.at(-1)?.kid);
      for (const token of new Set([live.at(-1), live[0], last])) if (token) await check(token);
    };

    /** As `latchkey keys compromise` does it: the list first. */
    const compromise = async (successor?: 'made now') => {
      const [key] = activeKeys(await world.find()) as [RegisteredKey];
      const now = clock();
      await list.put(createRevocation('key', key.kid, { now, lifetime: LIFETIME, delay: KEY_REFRESH_SECONDS }));
      compromisedAt.set(key.kid, now);
      counts.compromises++;
      const fresh = successor && (await world.createWrapped());
      await world.change((registry) => {
        const ready = fresh ? addKey(registry, fresh, now) : registry;
        return compromiseKey(ready ?? { keys: [] }, key.kid, { now }).registry;
      });
      if (fresh) knownFrom.set(fresh.kid, now + ACTIVATION);
      for (const token of live.filter(({ kid }) => kid === key.kid).slice(0, 3)) await check(token);
    };

    while (counts.rotations < ROTATIONS) {
      const [{ activated_at: start = 0 }] = activeKeys(await world.find()) as [RegisteredKey];
      const turn = (counts.rotations % CYCLE) + 1;
      // In some rotations a key is held in reserve, published for long enough when the one that signs is compromised; in
      // some there is none, and a new one has to sign at once.
      const reserve = turn === CYCLE / 2 ? await world.createWrapped() : undefined;
      if (reserve) await world.change((registry) => addKey(registry, reserve, clock()));
      const rest = start + PERIOD - 1 - clock();
      for (const age of [random.integer(rest), 0]) await visit(start + PERIOD - 1 - age);
      if (turn === CYCLE / 2 || turn === CYCLE) {
        await compromise(turn === CYCLE ? 'made now' : undefined);
        counts.rotations++;
        for (const age of [0, 59, 60, 599, 7259, CACHE + 59, CACHE + 60]) await visit(start + PERIOD + age);
        continue;
      }
      // The key is published when the containers' copies are a second old, so a consumer can get a JWK Set without it in
      // their last second. It signs from the gate on; until the copies expire, containers still sign with its predecessor.
      const published = start + PERIOD;
      for (const container of containers) await fetchJwks(container);
      await visit(published);
      await visit(published + KEY_REFRESH_SECONDS - 2, true);
      for (const age of [CACHE, ACTIVATION - 1]) await visit(published + age);
      await visit(published + ACTIVATION);
      await visit(published + ACTIVATION + KEY_REFRESH_SECONDS - 2, true);
      const signs = published + ACTIVATION;
      for (const age of [60, LIFETIME, LIFETIME + 57, WITHDRAWAL - 1, WITHDRAWAL]) await visit(signs + age);
      counts.rotations++;
    }
    expect(wrong).toEqual([]);
    // All of it did happen, and often.
    const { keys } = await world.find();
    expect(counts).toMatchObject({ rotations: ROTATIONS, compromises: (2 * ROTATIONS) / CYCLE });
    expect(counts.accepted).toBeGreaterThan(60 * ROTATIONS);
    expect(counts.refused).toBeGreaterThan(2 * ROTATIONS);
    expect(counts.lateAcceptances).toBeGreaterThan(2 * ROTATIONS);
    expect(counts.allowed).toBeGreaterThan(8 * ROTATIONS);
    expect(counts.denied).toBeGreaterThan(ROTATIONS);
    expect(keys.length).toBeGreaterThan(ROTATIONS / 5);
  });
});
