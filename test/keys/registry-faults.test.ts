// What becomes of requests while KMS or the table fails, where keys are in the registry: a prompt 503 or a fault, never a
// verdict, nothing written, and work again with the next request.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FaultName, faults as kmsFaults } from '../../infra/local/kms/faults.ts';
import type { NewKey } from '../../lib/keys/key-registry.ts';
import { addKey } from '../../lib/keys/key-transitions.ts';
import { keyOfKeyRegistry } from '../../lib/store/key-registry.ts';
import { authorizerDoors, introspectionDoor } from '../support/doors.ts';
import { type Behaviour, faults as storeFaults } from '../support/faulty-store.ts';
import { fetchJwks, type RegistryWorld, startRegistryWorld } from '../support/registry-world.ts';
import { createTestClock, getToken, type Handlers, post } from '../support/world.ts';

const { clock, advance } = createTestClock();
let world: RegistryWorld;
beforeAll(async () => {
  world = await startRegistryWorld({}, clock);
  // The client of KMS is loaded before anything is measured.
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
/** Those that the project promises something of. The others are tried where the operation is new. */
const promised: readonly FaultName[] = ['throttled', 'outage', 'no answer ever', 'disabled', 'denied'];

async function expectPromptRefusal({ token }: Handlers, limit: number): Promise<void> {
  const start = performance.now();
  expect(await post(token, 'machine-jwt', FORM)).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1', 'cache-control': 'no-store' },
    json: { error: 'temporarily_unavailable' },
  });
  expect(performance.now() - start).toBeLessThan(limit);
}

const add = (key: NewKey) => world.change((registry) => addKey(registry, key, clock()));

/** Which operation of KMS a request waits for first, in a new container or in one that has signed before. */
const waits = [
  { operation: 'GenerateDataKeyPairWithoutPlaintext', prepare: async () => {}, isWarm: false, names: faultNames },
  { operation: 'Decrypt', prepare: async () => add(await world.createWrapped()), isWarm: false, names: faultNames },
  {
    operation: 'GetPublicKey',
    prepare: async () => add(await world.createInKms('ES256')),
    isWarm: false,
    names: promised,
  },
  { operation: 'Sign', prepare: async () => add(await world.createInKms('ES256')), isWarm: true, names: promised },
];

describe.each(waits)('KMS: $operation', ({ operation, prepare, isWarm, names }) => {
  it.each(names)('%s is 503 in time, writes nothing, and is over when KMS is back', async (fault) => {
    await prepare();
    const handlers = world.restart();
    // The record of the client is had, and where a key is warm it has signed.
    if (isWarm) await getToken(handlers, 'machine-jwt');
    else await post(handlers.token, 'machine-jwt', { grant_type: 'none' });
    const before = await world.table.get(keyOfKeyRegistry);
    world.kms.fail(fault, [operation]);
    world.store.take();
    await expectPromptRefusal(handlers, 2_000);
    expect(world.store.take().filter((request) => request.operation !== 'GetItem')).toEqual([]);
    expect(await world.table.get(keyOfKeyRegistry)).toEqual(before);
    world.kms.recover();
    await expect(getToken(handlers, 'machine-jwt')).resolves.toBeDefined();
  });
});

describe('KMS', () => {
  it.each([
    ['throttled', 3],
    ['outage', 3],
    ['denied', 1],
    ['disabled', 1],
  ] as const)('%s: Decrypt is tried %i times', async (fault, attempts) => {
    await add(await world.createWrapped());
    world.kms.fail(fault, ['Decrypt']);
    world.kms.takeCalls();
    await expectPromptRefusal(world.restart(), 2_000);
    expect(world.kms.takeCalls()).toEqual({ Decrypt: attempts });
  });

  it('is not needed by a container that has its wrapped key, nor by whoever verifies', async () => {
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

  it('that cannot give one key does not stop another', async () => {
    await add(await world.createInKms('ES256'));
    const handlers = world.restart();
    world.kms.fail('outage', ['GetPublicKey']);
    await expectPromptRefusal(handlers, 2_000);
    world.kms.recover();
    await expect(getToken(handlers, 'machine-jwt')).resolves.toBeDefined();
  });
});

/** Only the reading of the registry fails. */
const ofRegistry =
  (fault: Behaviour): Behaviour =>
  async (response, forward, request) => {
    const { pk } = (request.input['Key'] ?? {}) as { pk?: { S: string } };
    if (request.operation === 'GetItem' && pk?.S === keyOfKeyRegistry.pk) return fault(response, forward, request);
    const { status, headers, body } = await forward();
    response.writeHead(status, headers).end(body);
  };

describe.each(Object.entries(storeFaults))('the registry cannot be read: %s', (_name, fault: Behaviour) => {
  // With a copy from a minute ago, which must not be used, and without any.
  it.each([false, true])('is 503 or a fault, and over with the next request; with an old copy: %s', async (isWarm) => {
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
    world.store.behave(ofRegistry(fault));
    const start = performance.now();
    const [issued, published, ...words] = await Promise.all([
      post(handlers.token, 'machine-jwt', FORM),
      fetchJwks(handlers),
      introspectionDoor.show(handlers, token),
      authorizerDoors[0]!.show(handlers, token),
    ]);
    expect(performance.now() - start).toBeLessThan(3_000);
    const unavailable = { status: 503, headers: { 'retry-after': '1', 'cache-control': 'no-store' } };
    expect(issued).toMatchObject(unavailable);
    expect(published).toMatchObject(unavailable);
    expect(words).toEqual(['fault', 'fault']);
    world.store.behave();
    const [fresh, set, ...verdicts] = await warmUp();
    expect([fresh.split('.').length, set.status, ...verdicts]).toEqual([3, 200, 'allow', 'allow']);
  });
});
