// While KMS or the table fails and keys are in the registry: a prompt 503 or a fault, never a verdict, nothing written, and
// the next request after the repair works.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FaultName, faults as kmsFaults } from '../../infra/local/kms/faults.ts';
import type { NewKey } from '../../lib/key-registry/registry.ts';
import { keyOfKeyRegistry } from '../../lib/key-registry/store.ts';
import { addKey } from '../../lib/key-registry/transitions.ts';
import { authorizerDoors, introspectionDoor } from '../support/doors.ts';
import { type Behaviour, faults as storeFaults } from '../support/faulty-store.ts';
import { passTime } from '../support/pass-time.ts';
import { fetchJwks, onlyForRegistry, type RegistryWorld, startRegistryWorld } from '../support/registry-world.ts';
import { isLongRun, sampled } from '../support/scale.ts';
import { createTestClock, getToken, type Handlers, PATIENCE, post } from '../support/world.ts';

const { clock, advance } = createTestClock();
let world: RegistryWorld;
beforeAll(async () => {
  world = await startRegistryWorld({}, clock);
  // The client of KMS is loaded before anything is measured.
  await world.rotation()();
  await getToken(world.restart(), 'machine-jwt');
});
beforeEach(() => world.forget());
afterEach(() => {
  world.kms.recover();
  world.store.behave();
  advance(3600);
});
afterAll(() => world.stop());

const FORM = { grant_type: 'client_credentials' };
const faultNames = Object.keys(kmsFaults) as FaultName[];
/**
 * The faults that are tried with every operation; in the normal run each with one. All are tried with the operation that only a
 * registry needs.
 */
const promised: readonly FaultName[] = ['throttled', 'outage', 'no answer ever', 'disabled', 'denied'];

async function expectPromptRefusal({ token }: Handlers): Promise<void> {
  const { result, waited } = await passTime(() => post(token, 'machine-jwt', FORM));
  expect(result).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1', 'cache-control': 'no-store' },
    json: { error: 'temporarily_unavailable' },
  });
  expect(waited).toBeLessThan(2_000 * PATIENCE);
}

const add = (key: NewKey) => world.change((registry) => addKey(registry, key, clock()));

/** The operation of KMS that a request waits for first, in a new container or in one that has signed before. */
const waits = [
  { operation: 'Decrypt', prepare: async () => add(await world.createWrapped()), isWarm: false, names: faultNames },
  {
    operation: 'GetPublicKey',
    prepare: async () => add(await world.createInKms('ES256')),
    isWarm: false,
    names: sampled(promised, 2),
  },
  {
    operation: 'Sign',
    prepare: async () => add(await world.createInKms('ES256')),
    isWarm: true,
    names: sampled(promised, 2, 1),
  },
];

describe.each(waits)('When the operation $operation of KMS fails', ({ operation, prepare, isWarm, names }) => {
  it.each(names)(
    'by "%s", /token answers 503 within two seconds, writes nothing, and works again after the repair',
    async (fault) => {
      await prepare();
      const handlers = world.restart();
      // The record of the client is had, and where a key is warm it has signed.
      if (isWarm) await getToken(handlers, 'machine-jwt');
      else await post(handlers.token, 'machine-jwt', { grant_type: 'none' });
      const before = await world.table.get(keyOfKeyRegistry);
      world.kms.fail(fault, [operation]);
      world.store.take();
      await expectPromptRefusal(handlers);
      expect(world.store.take().filter((request) => request.operation !== 'GetItem')).toEqual([]);
      expect(await world.table.get(keyOfKeyRegistry)).toEqual(before);
      world.kms.recover();
      await expect(getToken(handlers, 'machine-jwt')).resolves.toBeDefined();
    },
  );
});

describe('KMS', () => {
  it.each([
    ['throttled', 3],
    ['outage', 3],
    ['denied', 1],
    ['disabled', 1],
  ] as const)('Decrypt that fails by "%s" is tried %i times', async (fault, attempts) => {
    await add(await world.createWrapped());
    world.kms.fail(fault, ['Decrypt']);
    world.kms.takeCalls();
    await expectPromptRefusal(world.restart());
    expect(world.kms.takeCalls()).toEqual({ Decrypt: attempts });
  });

  it('is not needed by a container that has unwrapped its key, or to verify', async () => {
    await add(await world.createWrapped());
    const handlers = world.restart();
    await getToken(handlers, 'machine-jwt');
    world.kms.fail('outage');
    advance(100);
    const token = await getToken(handlers, 'machine-jwt');
    for (const door of [introspectionDoor, ...authorizerDoors]) {
      expect(await door.show(world.restart(door.variables), token), door.name).toBe('allow');
    }
  });

  it('that fails once is called again by the next request', async () => {
    await add(await world.createInKms('ES256'));
    const handlers = world.restart();
    world.kms.fail('outage', ['GetPublicKey']);
    await expectPromptRefusal(handlers);
    world.kms.recover();
    await expect(getToken(handlers, 'machine-jwt')).resolves.toBeDefined();
  });
});

// A copy from a minute ago must not be used. In the normal run each fault meets at most one of the two kinds of container.
const copies: [copy: string, isWarm: boolean][] = [
  ['no copy', false],
  ['an old copy', true],
];
const unreadable = Object.entries<Behaviour>(storeFaults).map(([name, fault], index) => ({ name, fault, index }));

describe.each(sampled(unreadable, 3))('When the registry cannot be read ($name),', ({ fault, index }) => {
  const cases = isLongRun ? copies : copies.slice(index % 2, (index % 2) + 1);
  it.each(cases)(
    'a container with %s answers 503, and works with the next request after the repair',
    async (_copy, isWarm) => {
      await add(await world.createWrapped());
      const token = await getToken(world.restart(), 'machine-jwt');
      const handlers = world.restart();
      const warmUp = () =>
        Promise.all([
          getToken(handlers, 'machine-jwt'),
          fetchJwks(handlers),
          introspectionDoor.show(handlers, token),
          authorizerDoors[0]!.show(handlers, token),
        ]);
      if (isWarm) await warmUp();
      advance(60);
      world.store.behave(onlyForRegistry(fault));
      const { result, waited } = await passTime(() =>
        Promise.all([
          post(handlers.token, 'machine-jwt', FORM),
          fetchJwks(handlers),
          introspectionDoor.show(handlers, token),
          authorizerDoors[0]!.show(handlers, token),
        ]),
      );
      const [issued, published, ...words] = result;
      expect(waited).toBeLessThan(3_000 * PATIENCE);
      const unavailable = { status: 503, headers: { 'retry-after': '1', 'cache-control': 'no-store' } };
      expect(issued).toMatchObject(unavailable);
      expect(published).toMatchObject(unavailable);
      expect(words).toEqual(['fault', 'fault']);
      world.store.behave();
      const [fresh, set, ...verdicts] = await warmUp();
      expect([fresh.split('.').length, set.status, ...verdicts]).toEqual([3, 200, 'allow', 'allow']);
    },
  );
});
