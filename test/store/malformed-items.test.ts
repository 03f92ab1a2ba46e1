// An item that is not what its kind has to be is a fault: never a refusal, never "not there", and no crash. What a newer
// version added to an item is no harm.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createKeyRegistryStore, KEY_REGISTRY, keyOfKeyRegistry } from '../../lib/key-registry/store.ts';
import type { AccessTokenClaims } from '../../lib/oauth/access-token.ts';
import { subjectTag } from '../../lib/oauth/grant-id.ts';
import type { GrantState } from '../../lib/oauth/grant-state.ts';
import type { Revocation } from '../../lib/oauth/revocation.ts';
import { createAttemptStore } from '../../lib/store/attempt.ts';
import { createClientStore, listOfClients } from '../../lib/store/client.ts';
import { createConsentStore } from '../../lib/store/consent.ts';
import { createEpochStore } from '../../lib/store/epoch.ts';
import { createGrantStore, listOfGrants } from '../../lib/store/grant.ts';
import { type Batch, MalformedItem } from '../../lib/store/items.ts';
import { createLogoutDeliveryStore } from '../../lib/store/logout-delivery.ts';
import { createReferenceTokenStore } from '../../lib/store/reference-token.ts';
import { createResourceServerStore } from '../../lib/store/resource-server.ts';
import { createRevocationStore } from '../../lib/store/revocation.ts';
import { createSessionStore } from '../../lib/store/session.ts';
import { createSignOutStore } from '../../lib/store/sign-out.ts';
import type { Item, Key, Table } from '../../lib/store/table.ts';
import { createUserStore, listOfUsers } from '../../lib/store/user.ts';
import { createUser } from '../../lib/users/create-user.ts';
import { authorizerDoors, introspectionDoor } from '../support/doors.ts';
import { app, handlesOf, newCode, redeem, refresh, tokensOf } from '../support/grants.ts';
import { readList } from '../support/read-list.ts';
import { openList } from '../support/revocation-list.ts';
import { sampled } from '../support/scale.ts';
import { createDeliverer } from '../support/sign-in.ts';
import {
  client,
  createTestClock,
  DECRYPTION_KEYS,
  encryptionJwk,
  getToken,
  type Handlers,
  httpEvent,
  ISSUER,
  keyVariables,
  post,
  readResult,
  resourceServer,
  STORED_SECRET,
  startWorld,
  type World,
} from '../support/world.ts';

const { clock } = createTestClock();

let world: World;
beforeAll(async () => {
  world = await startWorld({ LOG_LEVEL: 'error' }, clock);
});
afterAll(() => world.stop());

/** What no message may hold. */
const QUOTED = 'what-the-item-says';

const claims: AccessTokenClaims = {
  iss: ISSUER,
  sub: 'alice',
  aud: ['orders'],
  client_id: 'web',
  scope: 'read',
  iat: 1,
  exp: 2,
  jti: 'token',
  grant_id: 'grant',
  root_sid: 'root',
  more: { nested: [1] },
};

const grant: GrantState = {
  grant_id: 'grant',
  state: 'active',
  client_id: 'web',
  sub: 'alice',
  scope: ['read'],
  resources: ['orders'],
  issued_at: 1,
  redirect_uri: 'https://app.example/',
  code_challenge: 'challenge',
  code_expires_at: 2,
  generation: 0,
  rotated_at: 1,
  offline: true,
  ends_at: 9,
  idle_until: 8,
  transition: 'x',
  revoked_at: 3,
  auth_time: 1,
  amr: ['pwd'],
  sid: 'sid',
  root_sid: 'root',
  nonce: 'nonce',
  claims: '{}',
  expires_at: 10,
};

const aClient = client('shaped', {
  client_name: 'Shaped',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_format: 'jwt',
  access_token_lifetime: 60,
  redirect_uris: ['https://app.example/'],
  private_use_schemes: ['cursor'],
  response_types: ['code'],
  require_pkce: true,
  require_consent: false,
  logo_uri: 'https://app.example/logo',
  default_max_age: 5,
  refresh_reuse_interval: 10,
  allowed_origins: ['https://app.example'],
});

const jwk = JSON.parse(keyVariables().VERIFICATION_KEYS).keys[0];
const registered = {
  kid: 'k',
  alg: 'ES256',
  jwk: { ...jwk, kid: 'k', alg: 'ES256', use: 'sig' },
  origin: { type: 'environment' },
  status: 'active',
  published_at: 1,
  activated_at: 1,
} as const;

const user = {
  sub: 'shaped',
  username: 'shaped',
  password: STORED_SECRET,
  claims: { a: 1 },
  enabled: true,
  created_at: 1,
};
const delivery = { sid: 'sid', sub: 'alice', client_id: 'web', attempts: 0, due_at: 1, expires_at: 2 };
const revocation: Revocation = { kind: 'client', id: 'web', revoked_at: 5, issued_until: 5, expires_at: 6 };
const session = {
  ...{ sid: 'sid', sub: 'alice', auth_time: 1, amr: ['pwd'], expires_at: 2 },
  ...{ root_sid: 'root', grants_until: 3, has_listeners: true },
};
const sessionGrant = { grant_id: 'grant', client_id: 'web', sid: 'sid', expires_at: 2 };
const consent = { sub: 'alice', client_id: 'web', scope: ['read'], resources: ['orders'], given_at: 1 };
const resource = resourceServer('shaped', {
  access_token_format: 'jwt',
  access_token_lifetime: 60,
  access_token_signing_alg: 'ES256',
  access_token_encryption_jwk: encryptionJwk(DECRYPTION_KEYS.orders),
});

interface Kind {
  readonly key: Key;
  write(table: Table): Promise<unknown>;
  /** Every way in which it is read. */
  readonly reads: readonly ((table: Table) => Promise<unknown>)[];
  /** Values of attributes that are wrong further down. */
  readonly wrong?: Readonly<Record<string, readonly unknown[]>>;
}

const kinds: Readonly<Record<string, Kind>> = {
  ATTEMPTS: {
    key: { pk: 'ATTEMPTS#a', sk: 'ATTEMPTS' },
    write: (table) => createAttemptStore(table).replace('a', undefined, { attempts: 1, not_before: 2, expires_at: 3 }),
    reads: [(table) => createAttemptStore(table).find('a')],
  },
  CLIENT: {
    key: { pk: 'CLIENT#shaped', sk: 'CLIENT' },
    write: (table) => createClientStore(table).create(aClient),
    reads: [
      (table) => createClientStore(table).find('shaped'),
      () => readList(world, listOfClients(), { wholeTable: true }),
    ],
    wrong: {
      access_token_format: [QUOTED],
      secrets: [[QUOTED], [{ ...STORED_SECRET, hash: 1 }], [{ ...STORED_SECRET, expires_at: QUOTED }]],
      redirect_uris: [[1], [null]],
    },
  },
  RESOURCE: {
    key: { pk: 'RESOURCE#shaped', sk: 'RESOURCE' },
    write: (table) => createResourceServerStore(table).create(resource),
    reads: [(table) => createResourceServerStore(table).find('shaped')],
    wrong: { access_token_encryption_jwk: [{ ...encryptionJwk(DECRYPTION_KEYS.orders), use: 'sig' }] },
  },
  CONSENT: {
    key: { pk: 'CONSENT#alice', sk: 'CONSENT#web' },
    write: (table) => createConsentStore(table).replace(consent, undefined),
    reads: [
      (table) => createConsentStore(table).find('alice', 'web'),
      (table) => createConsentStore(table).list('alice'),
    ],
    wrong: { scope: [['read', 1]] },
  },
  EPOCH: {
    key: { pk: 'EPOCH#client#web', sk: 'EPOCH' },
    write: (table) => createEpochStore(table).put('client', 'web', 5),
    reads: [(table) => createEpochStore(table).find('client', 'web')],
  },
  GRANT: {
    key: { pk: 'GRANT#grant', sk: 'GRANT' },
    write: (table) => createGrantStore(table).put(grant),
    reads: [
      (table) => createGrantStore(table).find('grant'),
      () => readList(world, listOfGrants(grant.sub), { wholeTable: true }),
      (table) => createGrantStore(table).change('grant', { when: [], set: {} }),
    ],
    wrong: { state: [QUOTED], amr: [[1]] },
  },
  KEYS: {
    key: keyOfKeyRegistry,
    write: (table) => createKeyRegistryStore(table).create({ keys: [registered] }),
    reads: [(table) => createKeyRegistryStore(table).find(KEY_REGISTRY)],
    wrong: {
      keys: [
        [{ ...registered, alg: 'none' }],
        [{ ...registered, status: QUOTED }],
        [{ ...registered, origin: { type: QUOTED } }],
        [{ ...registered, origin: { type: 'kms' } }],
        [{ ...registered, jwk: { ...registered.jwk, use: 'enc' } }],
        [{ ...registered, jwk: undefined }],
      ],
    },
  },
  LOGOUT: {
    key: { pk: 'LOGOUT#web', sk: '0000000001#sid' },
    write: (table) => createLogoutDeliveryStore(table).add(delivery),
    reads: [(table) => readAll(createLogoutDeliveryStore(table).due('web', 1, 10))],
  },
  RECEIVER: {
    key: { pk: 'RECEIVERS', sk: 'web' },
    async write(table) {
      const store = createLogoutDeliveryStore(table);
      await store.add(delivery);
      const { values } = await store.receivers(10);
      await store.settle(values[0]!, { failures: 1, paused_until: 2 });
    },
    reads: [(table) => readAll(createLogoutDeliveryStore(table).receivers(10))],
  },
  SIGNED_OUT: {
    key: { pk: 'SIGNED_OUT', sk: '0000000001#sid' },
    write: (table) => createSignOutStore(table).add({ sid: 'sid', sub: 'alice', ended_at: 1, expires_at: 2 }),
    reads: [(table) => readAll(createSignOutStore(table).page(10))],
  },
  TOKEN: {
    key: { pk: 'TOKEN#token', sk: 'TOKEN' },
    write: (table) => createReferenceTokenStore(table).put(claims),
    reads: [(table) => createReferenceTokenStore(table).find('token')],
    wrong: {
      claims: [
        { ...claims, exp: '2' },
        { ...claims, aud: [1] },
        { ...claims, grant_id: undefined },
      ],
    },
  },
  REVOKED: {
    key: { pk: 'REVOKED#0', sk: '0000000005#client#web' },
    // As version 0.1.0 wrote it.
    write: (table) => table.put({ pk: 'REVOKED#0', sk: '0000000005#client#web', ...revocation }),
    reads: [(table) => createRevocationStore(table).read(0, { isWhole: true })],
    wrong: { kind: [QUOTED] },
  },
  'REVOKED SEGMENT': {
    key: { pk: 'REVOKED#0', sk: '!0000000000' },
    write: (table) => openList(table, () => 5).put(revocation),
    reads: [(table) => createRevocationStore(table).read(0), (table) => createRevocationStore(table).last()],
  },
  SESSION: {
    key: { pk: 'SESSION#sid', sk: 'SESSION' },
    write: (table) => createSessionStore(table).put(session),
    reads: [(table) => createSessionStore(table).find('sid')],
  },
  'SESSION REST': {
    key: { pk: 'SESSION#sid', sk: 'GRANTS' },
    write: (table) => createSessionStore(table).keepRest(session, 9),
    reads: [(table) => createSessionStore(table).findRest('sid')],
  },
  'SESSION GRANT': {
    key: { pk: 'SESSION#sid', sk: 'GRANT#grant' },
    write: (table) => createSessionStore(table).putOldGrant('sid', sessionGrant),
    reads: [(table) => createSessionStore(table).oldGrants('sid')],
  },
  'SESSION CLIENT': {
    key: { pk: 'SESSION#sid', sk: 'CLIENT#web#sid' },
    write: (table) => createSessionStore(table).addClient('sid', { client_id: 'web', sid: 'sid', expires_at: 2 }),
    reads: [(table) => readAll(createSessionStore(table).clients('sid', 10))],
  },
  USER: {
    key: { pk: 'USER#shaped', sk: 'USER' },
    write: (table) => createUserStore(table).create(user),
    reads: [
      (table) => createUserStore(table).find('shaped'),
      () => readList(world, listOfUsers(), { wholeTable: true }),
    ],
    wrong: { password: [{ ...STORED_SECRET, created_at: QUOTED }, [STORED_SECRET]] },
  },
  USERNAME: {
    key: { pk: 'USERNAME#shaped', sk: 'USERNAME' },
    async write(table) {
      await createUserStore(table).create(user);
      await createUserStore(table).reserveName('shaped', 'shaped');
    },
    reads: [(table) => createUserStore(table).findByName('shaped')],
  },
};

/** Of a page in which a malformed item stops no other. */
async function readAll<Value>(reading: Promise<Batch<Value>>): Promise<readonly Value[]> {
  const { values, malformed } = await reading;
  if (malformed[0]) throw malformed[0];
  return values;
}

const typeOf = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value);

describe.each(Object.entries(kinds))('an item of kind %s', (kind, { key, write, reads, wrong = {} }) => {
  let item: Key & Item;
  beforeAll(async () => {
    await write(world.table);
    item = { ...key, ...(await world.table.get(key)) };
  });
  afterAll(() => world.table.remove(key));

  const refusals = async () => {
    const outcomes = await Promise.allSettled(reads.map((read) => read(world.table)));
    return outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : outcome.value));
  };

  it('is a fault with any attribute of another type, and the message quotes nothing', async () => {
    // The table itself refuses keys of another type.
    const attributes = Object.keys(item).filter((name) => !['pk', 'sk', 'listed_in', 'listed_as'].includes(name));
    for (const [index, name] of attributes.entries()) {
      const others = [null, QUOTED, 7, true, [], {}].filter((value) => typeOf(value) !== typeOf(item[name]));
      for (const value of [...sampled(others, 3, index), ...(wrong[name] ?? [])]) {
        await world.table.put({ ...item, [name]: value });
        for (const refusal of await refusals()) {
          expect(refusal, `${name}: ${JSON.stringify(value)}`).toBeInstanceOf(MalformedItem);
          expect((refusal as Error).message).toBe(`an item of kind ${kind} is malformed: ${name}`);
        }
      }
    }
    expect(attributes.length).toBeGreaterThan(0);
  });

  it('is a fault when it is empty', async () => {
    await world.table.put({ ...key });
    for (const refusal of await refusals()) expect(refusal).toBeInstanceOf(MalformedItem);
  });

  it('may have attributes that this version does not know', async () => {
    await world.table.put({ ...item, deleted_at: 1, future: { nested: [QUOTED] } });
    for (const found of await refusals()) {
      expect(found).toBeDefined();
      expect(found).not.toBeInstanceOf(Error);
    }
  });
});

it('a change keeps the attributes that this version does not know', async () => {
  const clients = createClientStore(world.table);
  const key = { pk: 'CLIENT#newer', sk: 'CLIENT' };
  await world.table.put({ ...key, ...client('newer'), version: 3, future: { nested: true } });
  const { value, version } = (await clients.findVersion('newer'))!;
  expect(await clients.replace({ ...value, enabled: false }, version)).toBe(true);
  expect(await world.table.get(key)).toMatchObject({ version: 4, enabled: false, future: { nested: true } });
});

it('a consent that has no revision yet is changed once, and does not come back when it was withdrawn', async () => {
  const consents = createConsentStore(world.table);
  const key = { pk: 'CONSENT#bob', sk: 'CONSENT#web' };
  const old = { ...consent, sub: 'bob' };
  await world.table.put({ ...key, ...old });
  expect(await consents.replace(old, old)).toBe(true);
  expect(await consents.replace(old, old)).toBe(false);
  await world.table.put({ ...key, ...old });
  await consents.remove('bob', 'web');
  expect(await consents.replace(old, old)).toBe(false);
  expect(await consents.find('bob', 'web')).toBeUndefined();
});

describe('at the endpoints, a malformed item is a fault of the service:', () => {
  const PASSWORD = 'correct horse battery staple';
  const lines: string[] = [];
  const { log } = console;
  let handlers: Handlers;
  let put: Key[] = [];

  beforeAll(async () => {
    console.log = (line: string) => void lines.push(line);
    handlers = world.handlers;
    const context = { users: createUserStore(world.table), clock };
    await createUser({ username: 'carol', password: PASSWORD, claims: {} }, context);
    await world.clients.create(app('web', { grant_types: ['authorization_code', 'refresh_token', 'password'] }));
  });
  afterEach(async () => {
    for (const key of put) await world.table.remove(key);
    put = [];
    lines.length = 0;
  });
  afterAll(() => {
    console.log = log;
  });

  /** Changes an attribute of an item, or puts an item that has no other. */
  async function spoil(key: Key, attribute: string): Promise<void> {
    const before = await world.table.get(key);
    if (!before) put.push(key);
    await world.table.put({ ...before, ...key, [attribute]: [QUOTED, 1] });
  }

  const status = async (answer: ReturnType<typeof post>) => (await answer).status;
  const signIn = () =>
    status(post(handlers.token, 'web', { grant_type: 'password', username: 'carol', password: PASSWORD }));
  const subOf = async () => (await createUserStore(world.table).findByName('carol'))?.sub ?? '';
  const tokens = async () => {
    const { code, grant_id } = await newCode(world, 'web', { clock });
    return { ...tokensOf(await redeem(handlers, 'web', code)), grant_id };
  };
  const spoiledClient = async (id: string, method: (id: string) => Promise<unknown>) => {
    await world.clients.create(client(id));
    await spoil({ pk: `CLIENT#${id}`, sk: 'CLIENT' }, 'scope');
    return method(id);
  };
  const cases: [kind: string, attribute: string, run: () => Promise<unknown>, outcome: unknown][] = [
    [
      'CLIENT',
      'scope',
      () => spoiledClient('spoiled', (id) => status(post(handlers.token, id, { grant_type: 'client_credentials' }))),
      503,
    ],
    [
      'RESOURCE',
      'secrets',
      async () => {
        await world.resourceServers.create(resourceServer('spoiled-api'));
        await spoil({ pk: 'RESOURCE#spoiled-api', sk: 'RESOURCE' }, 'secrets');
        return status(post(handlers.introspection, 'spoiled-api', { token: 'x' }));
      },
      503,
    ],
    [
      'REVOKED',
      'kind',
      async () => {
        const token = await getToken(handlers, 'machine-jwt');
        await spoil({ pk: 'REVOKED#0', sk: `${clock()}#token#spoiled` }, 'kind');
        const shown = [introspectionDoor, ...authorizerDoors].map((door) =>
          door.show(world.restart(door.variables), token),
        );
        return [...new Set(await Promise.all(shown))];
      },
      ['fault'],
    ],
    [
      'TOKEN',
      'claims',
      async () => {
        const token = await getToken(handlers, 'machine-reference');
        for (const { pk } of await world.table.scan('TOKEN')) await spoil({ pk: String(pk), sk: 'TOKEN' }, 'claims');
        const shown = [introspectionDoor, ...authorizerDoors].map((door) =>
          door.show(world.restart(door.variables), token),
        );
        return [...new Set(await Promise.all(shown))];
      },
      ['fault'],
    ],
    [
      'GRANT',
      'amr',
      async () => {
        const { refresh_token, grant_id } = await tokens();
        await spoil({ pk: `GRANT#${grant_id}`, sk: 'GRANT' }, 'amr');
        return status(refresh(handlers, 'web', refresh_token));
      },
      503,
    ],
    [
      'EPOCH',
      'issued_until',
      async () => {
        const { refresh_token } = await tokens();
        await spoil({ pk: `EPOCH#subject#${subjectTag('alice')}`, sk: 'EPOCH' }, 'issued_until');
        return status(refresh(handlers, 'web', refresh_token));
      },
      503,
    ],
    [
      'USERNAME',
      'sub',
      async () => {
        await world.table.put({ pk: 'USERNAME#carol', sk: 'USERNAME', sub: await subOf() });
        const sub = await subOf();
        await spoil({ pk: 'USERNAME#carol', sk: 'USERNAME' }, 'sub');
        const answer = await signIn();
        await world.table.put({ pk: 'USERNAME#carol', sk: 'USERNAME', sub });
        return answer;
      },
      503,
    ],
    [
      'SESSION',
      'sub',
      async () => {
        const { text, id } = handlesOf(world).session.mint();
        await spoil({ pk: `SESSION#${id}`, sk: 'SESSION' }, 'sub');
        const query = new URLSearchParams({
          ...{ client_id: 'web', response_type: 'code', redirect_uri: 'https://app.example/callback', scope: 'openid' },
          ...{ code_challenge: 'v'.repeat(43), code_challenge_method: 'S256' },
        });
        const cookies = [`__Host-latchkey=${text}`];
        const event = httpEvent({ method: 'GET', path: '/authorize', query: String(query), cookies });
        return (await handlers.authorization(event)).statusCode;
      },
      503,
    ],
    [
      'KEYS',
      'keys',
      async () => {
        await spoil(keyOfKeyRegistry, 'keys');
        const registry = { KEY_REGISTRY: 'on', SIGNING_KEYS: '', VERIFICATION_KEYS: '' };
        const { jwks, discovery } = world.restart(registry);
        const get = (path: string) => httpEvent({ method: 'GET', path });
        return [
          readResult(await jwks(get('/.well-known/jwks.json'))).status,
          readResult(await discovery(get('/.well-known/openid-configuration'))).status,
        ];
      },
      [503, 503],
    ],
    [
      'LOGOUT',
      'attempts',
      async () => {
        await spoil({ pk: 'LOGOUT', sk: 'spoiled#web' }, 'sid'); // of version 0.1.0
        return createDeliverer(world.env, clock)().catch((error: Error) => error.name);
      },
      'JobFault',
    ],
  ];
  it.each(cases)('%s with a wrong %s', async (kind, _attribute, run, outcome) => {
    expect(await run()).toEqual(outcome);
    expect(lines.join('\n')).toContain(`"fault":"MalformedItem","message":"an item of kind ${kind} is malformed: `);
    expect(lines.join('\n')).not.toContain(QUOTED);
  });
});
