// While KMS fails, a request that needs it is answered by 503 soon, consumes nothing, and does not affect requests that need no KMS.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FaultName } from '../../infra/local/kms/faults.ts';
import { faults } from '../../infra/local/kms/faults.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { CALLBACK, openBrowser, proper, user, VERIFIER, webClient } from '../support/browser.ts';
import { authorizerDoors, introspectionDoor, openDoors } from '../support/doors.ts';
import { tokensOf } from '../support/grants.ts';
import { createHandleKey, createKey, type KmsWorld, NO_KMS_HANDLES, startKmsWorld } from '../support/kms-world.ts';
import { passTime } from '../support/pass-time.ts';
import { sampled } from '../support/scale.ts';
import { getToken, type Handlers, PATIENCE, post } from '../support/world.ts';

let world: KmsWorld;
beforeAll(async () => {
  world = await startKmsWorld();
  const users = createUserStore(world.table);
  const alice = user('alice');
  await users.reserveName(alice.username, alice.sub);
  await Promise.all([users.create(alice), world.clients.create(webClient('web'))]);
  // The client of KMS is loaded before anything is measured.
  await getToken(world.restart(), 'machine-jwt');
});
afterEach(() => world.kms.recover());
afterAll(() => world.stop());

const FORM = { grant_type: 'client_credentials' };
const faultNames = Object.keys(faults) as FaultName[];

/** Asks for a token and expects a 503 within two seconds. */
async function expectPromptRefusal({ token }: Handlers, id: string): Promise<void> {
  const { result, waited } = await passTime(() => post(token, id, FORM));
  expect(result).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1', 'cache-control': 'no-store' },
    json: { error: 'temporarily_unavailable' },
  });
  expect(waited).toBeLessThan(2_000 * PATIENCE);
}

/** The operation of KMS that a request waits for first, in a new container or in one that has issued a token before. */
const waits = [
  { operation: 'GetPublicKey', id: 'machine-jwt', container: 'new' },
  { operation: 'Sign', id: 'machine-jwt', container: 'new' },
  { operation: 'Sign', id: 'machine-jwt', container: 'warm' },
  { operation: 'GenerateMac', id: 'machine-reference', container: 'new' },
];

describe.each(waits.map((wait, turn) => ({ ...wait, turn })))(
  'When the operation $operation of KMS fails for $id in a $container container',
  ({ operation, id, container, turn }) => {
    // In the normal run the waits take turns at the faults.
    it.each(sampled(faultNames, 2, turn))(
      'by "%s", /token answers 503 within two seconds, and works again after the repair',
      async (fault) => {
        const handlers = world.restart();
        if (container === 'warm') await getToken(handlers, id);
        world.kms.fail(fault, [operation]);
        await expectPromptRefusal(handlers, id);
        world.kms.recover();
        await expect(getToken(handlers, id)).resolves.toBeDefined();
      },
    );
  },
);

it.each(['machine-jwt', 'machine-reference'])(
  'When KMS is too slow for %s, /token answers 503 within two seconds',
  async (id) => {
    world.kms.delay(5_000 * PATIENCE);
    await expectPromptRefusal(world.restart(), id);
  },
);

it('When KMS cannot be reached, /token answers 503 within two seconds', async () => {
  const handlers = world.restart({ AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:9' });
  await expectPromptRefusal(handlers, 'machine-jwt');
  await expectPromptRefusal(handlers, 'machine-reference');
});

it('A token that KMS signed with another key than the requested one is not issued', async () => {
  const [mine, other] = [createKey(world.kms, 'ECC_NIST_P256'), createKey(world.kms, 'ECC_NIST_P256')];
  const handlers = world.restart({ SIGNING_KMS_KEYS: mine });
  await getToken(handlers, 'machine-jwt');
  world.kms.signBy(other);
  await expectPromptRefusal(handlers, 'machine-jwt');
});

it.each([
  ['throttled', 3],
  ['outage', 3],
  ['connection reset', 3],
  ['denied', 1],
  ['disabled', 1],
  ['no such key', 1],
  ['invalid request', 1],
] as const)('KMS Sign that fails by "%s" is tried %i times', async (fault, attempts) => {
  const handlers = world.restart();
  await getToken(handlers, 'machine-jwt');
  world.kms.takeCalls();
  world.kms.fail(fault, ['Sign']);
  await expectPromptRefusal(handlers, 'machine-jwt');
  expect(world.kms.takeCalls()).toEqual({ Sign: attempts });
});

describe('An outage of KMS', () => {
  it('does not affect reference tokens of a container that has its handle keys', async () => {
    const handlers = world.restart();
    await getToken(handlers, 'machine-reference');
    world.kms.fail('outage');
    await expect(getToken(handlers, 'machine-reference')).resolves.toBeDefined();
    await expectPromptRefusal(handlers, 'machine-jwt');
  });

  it('does not affect verification, in running and in new containers', async () => {
    const tokens = await Promise.all(['machine-jwt', 'machine-reference'].map((id) => getToken(world.handlers, id)));
    const [jwt = '', reference = ''] = tokens;
    const running = openDoors(world.restart);
    expect([await running(jwt), await running(reference)]).toEqual(['allow', 'allow']);
    world.kms.fail('outage');
    expect([await running(jwt), await running(reference)]).toEqual(['allow', 'allow']);
    expect(await openDoors(world.restart)(jwt)).toBe('allow');
  });

  it('makes a container without handle keys report a fault for a reference token, not a refusal', async () => {
    const token = await getToken(world.handlers, 'machine-reference');
    world.kms.fail('outage');
    for (const door of [introspectionDoor, ...authorizerDoors]) {
      const handlers = world.restart(door.variables);
      expect((await passTime(() => door.show(handlers, token))).result, door.name).toBe('fault');
      world.kms.recover();
      expect(await door.show(handlers, token), door.name).toBe('allow');
      world.kms.fail('outage');
    }
  });
});

describe('The calls of KMS', () => {
  it('are one GetPublicKey for each key in a container, and one Sign for each JWT', async () => {
    const second = createKey(world.kms, 'RSA_2048');
    const handlers = world.restart({ SIGNING_KMS_KEYS: `${world.signingKey},${second}` });
    world.kms.takeCalls();
    await Promise.all(Array.from({ length: 5 }, () => getToken(handlers, 'machine-jwt')));
    for (let index = 0; index < 5; index++) await getToken(handlers, 'machine-jwt');
    expect(world.kms.takeCalls()).toEqual({ GetPublicKey: 2, Sign: 10 });
  });

  it('are one GenerateMac for each handle key in a container, however many handles it mints or reads', async () => {
    const REFERENCE_TOKEN_KMS_KEYS = `${world.handleKey},${createHandleKey(world.kms)}`;
    const handlers = world.restart({ REFERENCE_TOKEN_KMS_KEYS });
    world.kms.takeCalls();
    const tokens = await Promise.all(Array.from({ length: 5 }, () => getToken(handlers, 'machine-reference')));
    expect(world.kms.takeCalls()).toEqual({ GenerateMac: 2 });
    for (const token of tokens) {
      expect((await post(handlers.introspection, 'orders', { token })).json['active']).toBe(true);
    }
    expect(world.kms.takeCalls()).toEqual({ GenerateMac: 2 }); // introspection is a container of its own
  });

  it.each([
    ['its group', {}, 1],
    ['all kinds', { ...NO_KMS_HANDLES, HANDLE_KMS_KEYS: 'shared' }, 1],
    ['its group, and one that only verifies', { HANDLE_KMS_KEYS: 'shared' }, 2],
  ])('are one GenerateMac for code and refresh token together, with a key of %s', async (_, variables, calls) => {
    const HANDLE_KMS_KEYS = 'HANDLE_KMS_KEYS' in variables ? createHandleKey(world.kms) : '';
    const browser = openBrowser(world.restart({ ...variables, HANDLE_KMS_KEYS }).authorization);
    const { answer } = await browser.pass(proper({ scope: 'openid offline_access' }), 'alice');
    const { token } = world.restart({ ...variables, HANDLE_KMS_KEYS });
    world.kms.takeCalls();
    const form = { code: answer['code'] ?? '', redirect_uri: CALLBACK, code_verifier: VERIFIER };
    const { refresh_token } = tokensOf(await post(token, 'web', { grant_type: 'authorization_code', ...form }));
    await Promise.all([1, 2].map(() => post(token, 'web', { grant_type: 'refresh_token', refresh_token })));
    expect(world.kms.takeCalls()).toMatchObject({ GenerateMac: calls });
  });

  it('are not needed to verify a JWT', async () => {
    const jwt = await getToken(world.handlers, 'machine-jwt');
    world.kms.takeCalls();
    expect(await openDoors(world.restart)(jwt)).toBe('allow');
    expect(world.kms.takeCalls()).toEqual({});
  });
});

describe('Handle keys from KMS', () => {
  const introspect = async (handlers: Handlers, token: string) =>
    (await post(handlers.introspection, 'orders', { token })).json['active'];

  it('are the same in every container', async () => {
    const token = await getToken(world.restart(), 'machine-reference');
    expect(await introspect(world.restart(), token)).toBe(true);
  });

  it('are rotated by configuring two: the first one mints, both are accepted', async () => {
    const next = createHandleKey(world.kms);
    const old = await getToken(world.restart(), 'machine-reference');
    const both = world.restart({ REFERENCE_TOKEN_KMS_KEYS: `${next},${world.handleKey}` });
    const fresh = await getToken(both, 'machine-reference');
    expect([await introspect(both, old), await introspect(both, fresh)]).toEqual([true, true]);
    const later = world.restart({ REFERENCE_TOKEN_KMS_KEYS: next });
    expect([await introspect(later, old), await introspect(later, fresh)]).toEqual([false, true]);
  });

  it('differ by issuer, even from the same key in KMS', async () => {
    const token = await getToken(world.restart(), 'machine-reference');
    const others = await getToken(world.restart({ ISSUER: 'https://other.example' }), 'machine-reference');
    // The id of the handle key that minted it, which is made of nothing but that key.
    const keyOf = (text: string) => Buffer.from(text.slice('lk_at_'.length), 'base64url').toString('hex', 0, 4);
    expect(keyOf(others)).not.toBe(keyOf(token));
    expect(keyOf(await getToken(world.restart(), 'machine-reference'))).toBe(keyOf(token));
  });
});

describe('A configuration error is answered with 503 and named in the log:', () => {
  it.each([
    ['SIGNING_KEYS and SIGNING_KMS_KEYS are both set, but only one can be used', { SIGNING_KEYS: 'anything' }],
    ['SIGNING_KEYS or SIGNING_KMS_KEYS is not set', { SIGNING_KMS_KEYS: '' }],
    [
      'HANDLE_KEYS and HANDLE_KMS_KEYS are both set, but only one can be used',
      { HANDLE_KEYS: 'anything', HANDLE_KMS_KEYS: 'anything' },
    ],
    ['CODE_KEYS and GRANT_KMS_KEYS are both set, but only one can be used', { CODE_KEYS: 'anything' }],
    ['REFERENCE_TOKEN_KEYS or REFERENCE_TOKEN_KMS_KEYS is not set', { REFERENCE_TOKEN_KMS_KEYS: '' }],
  ])('%s', async (message, variables) => {
    const lines: string[] = [];
    const write = console.log;
    console.log = (line: string) => void lines.push(line);
    try {
      const { token } = world.restart(variables);
      expect(await post(token, 'machine-jwt', FORM)).toMatchObject({ status: 503, json: { error: 'server_error' } });
    } finally {
      console.log = write;
    }
    expect(lines.map((line) => JSON.parse(line).message)).toEqual([message]);
  });
});
