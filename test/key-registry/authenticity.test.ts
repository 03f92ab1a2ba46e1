// What a registry is worth that somebody else than key management has written, or has put back.

import { sign } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newKeyPair } from '../../infra/key-pair.ts';
import type { RegisteredKey, SignedRegistry, StoredRegistry } from '../../lib/key-registry/registry.ts';
import { signedBytes } from '../../lib/key-registry/signature.ts';
import { KEY_REGISTRY, keyOfKeyRegistry } from '../../lib/key-registry/store.ts';
import { addKey, compromiseKey } from '../../lib/key-registry/transitions.ts';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import { createRevocation } from '../../lib/oauth/revocation.ts';
import { authorizerDoors, introspectionDoor } from '../support/doors.ts';
import { forge, forgingKey, forgingVariables } from '../support/forge.ts';
import {
  fetchJwks,
  manageKeys,
  type RegistryWorld,
  registryVariables,
  startRegistryWorld,
} from '../support/registry-world.ts';
import { openList } from '../support/revocation-list.ts';
import { isLongRun, sampled } from '../support/scale.ts';
import {
  authorizerEvents,
  createTestClock,
  getToken,
  type Handlers,
  httpEvent,
  ISSUER,
  post,
  readResult,
  type Variables,
  verdict,
} from '../support/world.ts';

const DAY = 86_400;
/** For which a signature is believed, and a token may live. */
const [MAX_AGE, LIFETIME] = [7 * DAY, DAY];

const { clock, advance } = createTestClock();
let world: RegistryWorld;
/** What was signed first. */
let before: SignedRegistry;
beforeAll(async () => {
  world = await startRegistryWorld({}, clock);
});
beforeEach(async () => {
  await world.forget();
  await world.rotation()();
  before = (await world.find()) as SignedRegistry;
});
afterEach(() => advance(3600));
afterAll(() => world.stop());

/** The key of somebody who may write the registry, and nothing else. */
const theirSigningKey = forgingKey('ES256', 'theirs');
const [{ jwk: theirJwk }] = parseSigningKeys(forgingVariables([theirSigningKey]).VERIFICATION_KEYS, 'public');
const theirs: RegisteredKey = {
  kid: 'theirs',
  alg: 'ES256',
  jwk: theirJwk,
  origin: { type: 'environment' },
  status: 'active',
  published_at: 0,
  activated_at: 0,
};
const theirToken = () => forge(theirSigningKey, clock());
const theirRegistryKey = newKeyPair('ed25519').privateKey;

/** Writes the item without any key, as a role with PutItem on KEYS can. */
async function put(value: StoredRegistry): Promise<void> {
  const { version = 0 } = (await world.registry.findVersion(KEY_REGISTRY)) ?? {};
  if (!(await world.registry.replace(value, version))) throw new Error('was not written');
}

const ask = ({ authorizer }: Pick<Handlers, 'authorizer'>, token: string) =>
  verdict(authorizer(authorizerEvents['HTTP API 2.0'](token)));

/** What each door says: whether tokens are believed, and which status documents and requests get. */
async function atAllDoors(handlers: Handlers, token: string) {
  const headers = { authorization: `Bearer ${token}` };
  const discovery = httpEvent({ method: 'GET', path: '/.well-known/openid-configuration' });
  return {
    authorizer: await ask(handlers, token),
    introspection: await introspectionDoor.show(handlers, token),
    userinfo: (await handlers.userinfo(httpEvent({ method: 'GET', path: '/userinfo', headers }))).statusCode,
    jwks: (await fetchJwks(handlers)).status,
    discovery: readResult(await handlers.discovery(discovery)).status,
    token: (await post(handlers.token, 'machine-jwt', { grant_type: 'client_credentials' })).status,
  };
}
const FAULTS = { authorizer: 'fault', introspection: 'fault', userinfo: 503, jwks: 503, discovery: 503, token: 503 };

/** The messages of the lines of a level. */
async function logged(level: 'warn' | 'error', act: () => Promise<unknown>): Promise<unknown[]> {
  const lines: string[] = [];
  const write = console.log;
  console.log = (line: string) => void lines.push(line);
  await act().finally(() => {
    console.log = write;
  });
  const parsed = lines.map((line) => JSON.parse(line) as { level: string; event: string; message?: string });
  return parsed.filter((line) => line.level === level).map(({ event, message = event }) => message);
}

/** A container that has used the registry, a minute ago; with what is in the environment of each. */
async function warm(variables: Variables = {}): Promise<Handlers> {
  const handlers = world.restart(variables);
  await atAllDoors(handlers, await getToken(handlers, 'machine-jwt'));
  advance(60);
  return handlers;
}

const signedBy = (key: typeof theirRegistryKey, issuer: string, value: StoredRegistry): SignedRegistry => {
  const unsigned = { keys: value.keys, sequence: (value.sequence ?? 0) + 1, signed_at: clock() };
  return { ...unsigned, signature: sign(null, signedBytes(issuer, unsigned), key).toString('base64url') };
};

/** Registries of somebody who wants his key, or an old one, to be believed. */
const forgeries: Readonly<Record<string, () => StoredRegistry | Promise<StoredRegistry>>> = {
  'without a signature': () => ({ keys: [...before.keys, theirs] }),
  'with the signature of another': () => ({ ...before, keys: [...before.keys, theirs], sequence: before.sequence + 1 }),
  'with an empty signature': () => ({ ...before, keys: [theirs], signature: '' }),
  'signed with a key of their own': () => signedBy(theirRegistryKey, ISSUER, { ...before, keys: [theirs] }),
  'with the key of another registry of this key management': async () => {
    const issuer = 'https://other.example';
    await world.forget();
    await manageKeys(world.table, clock, undefined, issuer).create({ keys: [theirs] });
    return (await world.registry.find(KEY_REGISTRY)) as SignedRegistry;
  },
  'with a later time': () => ({ ...before, signed_at: before.signed_at + 60 }),
  'with a higher sequence': () => ({ ...before, sequence: before.sequence + 60 }),
  'with another status of a key': () => ({ ...before, keys: before.keys.map((key) => ({ ...key, status: 'next' })) }),
  'with another place of a private half': () => ({
    ...before,
    keys: before.keys.map((key) => ({ ...key, origin: { type: 'kms', key_id: 'alias/theirs' } })),
  }),
};

describe.each(Object.entries(forgeries))('A registry %s', (name, make) => {
  // In the normal run one or the other, by turns.
  const containers = sampled(['old', 'new'] as const, 2, Object.keys(forgeries).indexOf(name));

  it(`is a fault at every door, for ${containers.join(' and ')} containers, and key management does not sign it`, async () => {
    const running = containers.includes('old') ? await warm() : undefined;
    await put(await make());
    const item = await world.table.get(keyOfKeyRegistry);
    const loud = { LOG_LEVEL: 'error' };
    const messages = await logged('error', async () => {
      const tokens = [
        theirToken(),
        ...(isLongRun ? [await getToken(world.restart({ KEY_REGISTRY: 'off', ...ours }), 'machine-jwt')] : []),
      ];
      for (const token of tokens) {
        if (running) expect(await atAllDoors(running, token)).toEqual(FAULTS);
        if (containers.includes('new')) expect(await atAllDoors(world.restart(loud), token)).toEqual(FAULTS);
      }
      await expect(world.rotation(loud)()).rejects.toThrow('the keys could not be managed');
    });
    expect(new Set(messages)).toEqual(
      new Set([expect.stringMatching(/^the key registry (is not signed|has a wrong signature)$/)]),
    );
    expect(await world.table.get(keyOfKeyRegistry)).toEqual(item);
  });
});

/** Any key will do to make a token with. */
const ours = forgingVariables([forgingKey('ES256', 'other')]) as Variables;

it('A registry with a key of somebody else is believed only where no REGISTRY_KEYS are set, as in 0.1.0, and is logged', async () => {
  await put({ keys: [...before.keys, theirs] });
  let handlers: Handlers | undefined;
  const warnings = await logged('warn', async () => {
    handlers = world.restart({ REGISTRY_KEYS: '', LOG_LEVEL: 'warn' });
    for (let times = 0; times < 2; times++) {
      expect(await ask(handlers, theirToken())).toBe('allow');
      expect((await fetchJwks(handlers)).status).toBe(200);
    }
  });
  // One for each function.
  expect(warnings).toEqual(Array(2).fill('the key registry is not checked: set REGISTRY_KEYS'));
});

describe('A registry that was put back', () => {
  /** The registry from before a key was compromised, as `latchkey keys compromise` does it, and its token. */
  async function compromised() {
    const token = await getToken(world.restart(), 'machine-jwt');
    const successor = await world.createWrapped();
    const old =
      (await world.change((registry) => addKey(registry, successor, clock()), ISSUER)) && (await world.find());
    const [{ kid }] = old.keys as [RegisteredKey];
    const entry = createRevocation('key', kid, { now: clock(), lifetime: LIFETIME, delay: 90 + MAX_AGE });
    await openList(world.table, clock).put(entry);
    await world.change((registry) => compromiseKey(registry ?? { keys: [] }, kid, { now: clock() }).registry);
    return { token, kid, old };
  }
  const forgetRevocations = async () => {
    for (const { pk, sk } of await world.table.query('REVOKED#0', '')) {
      await world.table.remove({ pk: String(pk), sk: String(sk) });
    }
  };
  afterEach(forgetRevocations);

  it('is a fault for containers that knew a newer one', async () => {
    await world.change((registry) => addKey(registry, theirs, clock()));
    const running = await warm();
    await put(before);
    const token = theirToken();
    const messages = await logged('error', async () => {
      expect(await atAllDoors(running, token)).toEqual(FAULTS);
    });
    expect(messages).toEqual([]); // these containers are silent
    expect(await ask(world.restart(), token)).toBe('refuse');
  });

  it.each<[how: string, manage: (world: RegistryWorld) => Promise<unknown>]>([
    [
      'has signed it again three times',
      async ({ rotation }) => {
        for (let times = 0; times < 3; times++) {
          await rotation({ KEY_ROTATION: 'off' })();
          advance(3600);
        }
      },
    ],
    ['has changed its keys', ({ change }) => change((old) => addKey(old, { ...theirs, kid: 'another' }, clock()))],
  ])(
    'stays a fault for containers that knew a newer one after key management that did not know it %s',
    async (_how, manage) => {
      await world.change((registry) => addKey(registry, theirs, clock()));
      const running = await warm();
      await put(before);
      advance(3600);
      await manage(world);
      expect(await ask(running, theirToken())).toBe('fault');
      expect(await ask(world.restart(), theirToken())).toBe('refuse');
    },
  );

  it('is not signed by key management that runs since, and a person can still sign it', async () => {
    const manage = world.rotation({ KEY_ROTATION: 'off' });
    await world.change((registry) => addKey(registry, theirs, clock()));
    advance(3600);
    await manage();
    const running = await warm();
    await put(before);
    advance(3600);
    await expect(manage()).rejects.toThrow('the keys could not be managed');
    expect(await world.find()).toEqual(before);
    const found = (await world.registry.findVersion(KEY_REGISTRY))!;
    await manageKeys(world.table, clock).adopt(found.value, found);
    advance(60);
    expect(await ask(running, theirToken())).toBe('refuse');
    await manage();
  });

  it('brings no compromised key back, and key management does not sign it', async () => {
    const { token, kid, old } = await compromised();
    await put(old);
    advance(3600);
    expect(await ask(world.restart(), token)).toBe('refuse');
    const messages = await logged('error', () =>
      world
        .rotation({ LOG_LEVEL: 'error' })()
        .catch(() => {}),
    );
    expect(messages).toEqual([
      `the key registry has the key ${kid}, whose tokens are revoked: run latchkey keys compromise`,
    ]);
    // A new token of the key, as a thief would make it, until the old registry is believed no more.
    advance(MAX_AGE - 3660);
    const late = () => ask(world.restart({ ACCESS_TOKEN_MAX_LIFETIME_SECONDS: String(30 * DAY) }), token);
    expect(await late()).toBe('refuse');
    expect(
      (await openList(world.table, clock).find('key', kid)).some(({ expires_at }) => expires_at > clock() + LIFETIME),
    ).toBe(true);
    advance(61);
    expect(await late()).toBe('fault');
  });

  it('is believed by a new container for as long as its signature is, and then by none', async () => {
    await world.change((registry) => addKey(registry, theirs, clock()));
    await put(before);
    advance(MAX_AGE - 60);
    const running = await warm();
    expect(await ask(running, theirToken())).toBe('refuse');
    advance(1);
    expect(await atAllDoors(world.restart(), theirToken())).toEqual(FAULTS);
    advance(59);
    expect(await atAllDoors(running, theirToken())).toEqual(FAULTS);
  });
});

describe('Key management', () => {
  const stored = async () => (await world.find()) as SignedRegistry;

  it('signs the registry again with each hourly run, even if the last was late, with the same number, and not before', async () => {
    const manage = world.rotation({ KEY_ROTATION: 'off' });
    advance(2999);
    await manage();
    expect(await stored()).toEqual(before);
    advance(1);
    await manage();
    const { signature: _, ...rest } = before;
    expect(await stored()).toMatchObject({ ...rest, signed_at: clock() });
    expect(await ask(world.restart(), await getToken(world.restart(), 'machine-jwt'))).toBe('allow');
  });

  it('rotates nothing with KEY_ROTATION=off, however old the key is', async () => {
    const manage = world.rotation({ KEY_ROTATION: 'off', KEY_ROTATION_SECONDS: '3600' });
    for (let times = 0; times < 3; times++) {
      advance(6 * DAY);
      await manage();
    }
    expect((await stored()).keys).toEqual(before.keys);
  });

  it('that stopped is noticed in the log after a day, and is an outage after a week, for all containers', async () => {
    const running = await warm();
    advance(DAY - 60);
    const warned = (handlers: Handlers) => logged('warn', () => ask(handlers, theirToken()));
    expect(await warned(world.restart({ LOG_LEVEL: 'warn' }))).toEqual([]);
    advance(1);
    expect(await warned(world.restart({ LOG_LEVEL: 'warn' }))).toContain('the key registry is not signed again');
    advance(MAX_AGE - DAY - 1);
    const token = await getToken(world.restart(), 'machine-jwt');
    expect(await ask(running, token)).toBe('allow');
    advance(60);
    expect(await atAllDoors(world.restart(), token)).toEqual(FAULTS);
    expect(await atAllDoors(running, token)).toEqual(FAULTS);
    // It cannot know whether somebody has put the registry back: a person has to look.
    await expect(world.rotation()()).rejects.toThrow('the keys could not be managed');
  });

  it('whose key is not in REGISTRY_KEYS writes nothing', async () => {
    const REGISTRY_SIGNING_KEY = Buffer.alloc(32, 9).toString('base64url');
    advance(3600);
    const messages = await logged('error', () =>
      world
        .rotation({ REGISTRY_SIGNING_KEY, LOG_LEVEL: 'error' })()
        .catch(() => {}),
    );
    expect(messages).toEqual(['key that signs the registry is not in REGISTRY_KEYS']);
    expect(await stored()).toEqual(before);
  });

  it('that signs with KMS writes what the other functions believe', async () => {
    const { KeyMetadata } = world.kms.call('CreateKey', {
      KeySpec: 'ECC_NIST_EDWARDS25519',
      KeyUsage: 'SIGN_VERIFY',
    }) as {
      KeyMetadata: { Arn: string };
    };
    const { PublicKey } = world.kms.call('GetPublicKey', { KeyId: KeyMetadata.Arn }) as { PublicKey: string };
    // The last 32 bytes of the SubjectPublicKeyInfo. RFC 8410 section 4
    const own = Buffer.from(PublicKey, 'base64').subarray(-32).toString('base64url');
    // As while the key of the registry is rotated: both are believed.
    const both = { REGISTRY_KEYS: `${registryVariables.REGISTRY_KEYS},${own}` };
    const running = await warm(both);
    advance(3600);
    await world.rotation({ ...both, REGISTRY_SIGNING_KEY: '', REGISTRY_KMS_KEY: KeyMetadata.Arn })();
    const token = await getToken(world.restart(both), 'machine-jwt');
    expect(await ask(running, token)).toBe('allow');
    for (const { show } of authorizerDoors)
      expect(await show(world.restart({ REGISTRY_KEYS: own }), token)).toBe('allow');
    expect(await ask(world.restart(), token)).toBe('fault');
  });
});

it('A registry that was lost and made anew is believed by containers that knew the old one', async () => {
  for (let times = 0; times < 3; times++) await world.change((registry) => ({ keys: registry?.keys ?? [] }));
  const running = await warm();
  await world.forget();
  await world.rotation()();
  const token = await getToken(world.restart(), 'machine-jwt');
  expect(await ask(running, token)).toBe('allow');
});
