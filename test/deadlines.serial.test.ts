// What other tests show on a clock that costs no time, once for each client in real time: a service that does not answer is
// given up soon enough, and an attempt that is lost is made again.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { postForm } from '../lib/http/post-form.ts';
import { createItemReader } from '../lib/store/item-reader.ts';
import { type FaultyStore, faults, once, startFaultyStore } from './support/faulty-store.ts';
import { type KmsWorld, startKmsWorld } from './support/kms-world.ts';
import { getToken, type Handlers, post } from './support/world.ts';

let world: KmsWorld;
let store: FaultyStore;
let handlers: Handlers;

beforeAll(async () => {
  world = await startKmsWorld();
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  handlers = world.restart({ AWS_ENDPOINT_URL_DYNAMODB: store.endpoint, LOCAL_PATIENCE: '1' });
  // Another container also waits for the modules that are loaded lazily.
  await getToken(world.handlers, 'machine-jwt');
});
afterEach(() => {
  store.behave();
  world.kms.recover();
});
afterAll(async () => {
  await store.stop();
  await world.stop();
});

const introspect = (token: string) => post(handlers.introspection, 'orders', { token });
const request = (id: string) => post(handlers.token, id, { grant_type: 'client_credentials' });

/** @param limit in seconds */
async function within<Result>(limit: number, call: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  const result = await call();
  expect((performance.now() - start) / 1_000).toBeLessThan(limit);
  return result;
}

describe('A table that does not answer', () => {
  it('is reported by an endpoint within 3 seconds', async () => {
    store.behave(faults['no answer ever']);
    expect(await within(3, () => introspect('x'))).toMatchObject({ status: 503 });
  });

  it('is asked again within 3 seconds, and that answer counts', async () => {
    store.behave(once(faults['no answer ever']));
    expect(await within(3, () => introspect('x'))).toMatchObject({ status: 200 });
  });
});

describe('A table that does not answer the reader of single items', () => {
  const key = { pk: 'KEYS', sk: 'KEYS' };
  const open = () =>
    createItemReader({
      tableName: world.env['TABLE_NAME'] ?? '',
      endpoint: store.endpoint,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });

  it('is reported within 2 seconds', async () => {
    store.behave(faults['no answer ever']);
    await within(2, () => expect(open()(key)).rejects.toMatchObject({ name: 'Unavailable' }));
  });

  it('is asked again within 2 seconds, and that answer counts', async () => {
    store.behave(once(faults['no answer ever']));
    expect(await within(2, () => open()(key))).toBeUndefined();
  });
});

it('a KMS that does not answer is tried again and reported by /token within 2 seconds', async () => {
  world.kms.fail('no answer ever');
  world.kms.takeCalls();
  expect(await within(2, () => request('machine-jwt'))).toMatchObject({ status: 503 });
  expect(world.kms.takeCalls()['GetPublicKey']).toBeGreaterThan(1);
});

it('the delivery to a client that does not answer is given up within 6 seconds', async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await within(6, () => expect(postForm(uri, { logout_token: 'x' })).rejects.toMatchObject({ name: 'TimeoutError' }));
  server.closeAllConnections();
  server.close();
});
