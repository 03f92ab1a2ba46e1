import { isDeepStrictEqual } from 'node:util';
import { keyOfKeyRegistry } from '../../lib/key-registry/store.ts';
import { type Client, isPublic } from '../../lib/oauth/client.ts';
import { spellingsOf } from '../../lib/oauth/resource-indicator.ts';
import type { EncryptionJwk, ResourceServer } from '../../lib/oauth/resource-server.ts';
import { defaultResponseModes } from '../../lib/oauth/response-type.ts';
import { createSecret } from '../../lib/secrets/secret.ts';
import { createClientStore } from '../../lib/store/client.ts';
import type { RecordStore } from '../../lib/store/record.ts';
import { createResourceServerStore } from '../../lib/store/resource-server.ts';
import { createUserStore, type UserStore } from '../../lib/store/user.ts';
import { createUser } from '../../lib/users/create-user.ts';
import { hashPassword } from '../../lib/users/password.ts';
import { type DemoApi, demoApis } from '../demo-apis.ts';
import { randomPassword } from '../random-password.ts';
import { createSeedTable } from './seed-table.ts';
import type { Table } from './table.ts';

/** The seeded records by name. Secrets are in clear, because the table has only their hashes. */
export interface Demo {
  clients: Record<string, { client_id: string; client_secret?: string }>;
  resources: Record<string, { identifier: string; secret: string }>;
  users: Record<string, { username: string; password: string }>;
}

/** The seeded records of a start, and the settings they were made for. */
export interface Seeded {
  demo: Demo;
  /** The origin of the demo app. */
  app?: string;
  /** The identifier of the API that is the default resource of the demo clients. */
  audience?: string;
}

type WithoutSecrets<T> = Omit<T, 'secrets' | 'enabled'>;

type Identifiers = Readonly<Record<DemoApi, string>>;

const apiNames = Object.keys(demoApis) as DemoApi[];

/**
 * The identifiers of the demo APIs. One that is registered keeps its identifier: in version 0.1.0, it was the name.
 * @param own the API of `--audience`. In a new table, `orders` and `billing` are taken as identifiers of the demo APIs
 */
export function identifiersOf(known: Seeded | undefined, own: string | undefined): Identifiers {
  const entries = apiNames.map((name) => {
    const unregistered = own === name ? name : demoApis[name];
    return [name, known?.demo.resources[name]?.identifier ?? unregistered];
  });
  return Object.fromEntries(entries);
}

const scopeOf = (api: DemoApi) => `${api}:read ${api}:write`;

const machines = (resources: string[]): WithoutSecrets<Client>[] => {
  const machine = { grant_types: ['client_credentials'], scope: apiNames.map(scopeOf).join(' '), resources };
  return [
    { client_id: 'machine-jwt', client_name: 'A service that gets JWTs', ...machine, access_token_format: 'jwt' },
    {
      client_id: 'machine-encrypted',
      client_name: 'A service that gets encrypted JWTs',
      ...machine,
      access_token_format: 'encrypted_jwt',
    },
    {
      client_id: 'machine-sealed',
      client_name: 'A service that gets sealed tokens',
      ...machine,
      access_token_format: 'sealed',
    },
    {
      client_id: 'machine-reference',
      client_name: 'A service that gets reference tokens',
      ...machine,
      access_token_format: 'reference',
    },
  ];
};

/** What the clients that people sign in to may request. */
const signInScope = `openid profile email address phone offline_access ${scopeOf('orders')}`;

/**
 * Clients that people sign in to.
 * @param app the origin of the demo app
 * @param orders the identifier of the demo API `orders`
 */
const signInClients = (app: string, orders: string): WithoutSecrets<Client>[] => [
  {
    client_id: 'web',
    client_name: 'Demo web app',
    scope: signInScope,
    resources: [orders],
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${app}/callback`],
    response_modes: defaultResponseModes,
    post_logout_redirect_uris: [`${app}/`],
    backchannel_logout_uri: `${app}/backchannel-logout`,
    client_uri: `${app}/`,
    logo_uri: `${app}/logo.svg`,
  },
  {
    client_id: 'spa',
    client_name: 'Demo single-page app',
    scope: signInScope,
    resources: [orders],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${app}/spa`],
    response_modes: defaultResponseModes,
    post_logout_redirect_uris: [`${app}/spa`],
    allowed_origins: [app],
    client_uri: `${app}/spa`,
  },
  {
    client_id: 'legacy',
    client_name: 'An app that still asks for passwords itself',
    scope: signInScope,
    resources: [orders],
    grant_types: ['password', 'refresh_token'],
  },
];

const users = {
  alice: {
    name: 'Alice Adams',
    given_name: 'Alice',
    family_name: 'Adams',
    preferred_username: 'alice',
    email: 'alice@example.com',
    email_verified: true,
    phone_number: '+1 425 555 1212',
    address: { formatted: '1 Main Street, Springfield' },
    locale: 'en',
  },
};

interface SeedOptions {
  /** Encryption keys by name of the demo API. */
  encryptionJwks: ReadonlyMap<string, EncryptionJwk>;
  /** The origin of the demo app. */
  app: string;
  /** The identifiers of the demo APIs. */
  apis: Identifiers;
  /** The identifier of the API that the authorizer accepts tokens for. A new API is registered. */
  audience: string;
}

/**
 * Puts the demo clients, resource servers and users into the table, each with a new secret. Existing records keep their
 * settings, except for the URIs of the demo app and what clients need to get tokens for another audience.
 * @param known the seeded records of an earlier start
 */
export async function seed(
  { endpoint, tableName }: Table,
  { encryptionJwks, app, apis, audience }: SeedOptions,
  known?: Seeded,
): Promise<Demo> {
  const table = createSeedTable(endpoint, tableName);
  const clientStore = createClientStore(table);
  const resourceServerStore = createResourceServerStore(table);
  const userStore = createUserStore(table);
  const demo = known?.demo ?? { clients: {}, resources: {}, users: {} };

  async function seedClient(client: WithoutSecrets<Client>, api: Api): Promise<void> {
    const { client_id } = client;
    if (demo.clients[client_id]) {
      const moved = known?.app === app ? {} : appUris(client);
      return update(clientStore, client_id, (existing) => ({
        ...moved,
        ...(known?.audience !== audience && withAccess(existing, api)),
      }));
    }
    const { secret, stored } = createSecret(now());
    const hasSecret = !isPublic({ ...client, secrets: [], enabled: true });
    const secrets = hasSecret ? [stored] : [];
    await put(clientStore, client_id, { ...client, ...withAccess(client, api), secrets, enabled: true });
    demo.clients[client_id] = { client_id, ...(hasSecret && { client_secret: secret }) };
  }

  /** @param name its name in `.latchkey/demo.json` */
  async function seedResourceServer(name: string, { identifier, scope }: Api): Promise<void> {
    const { secret, stored } = createSecret(now());
    // An API without a key of its own uses that of `orders`, which the authorizer can decrypt.
    const access_token_encryption_jwk = encryptionJwks.get(name) ?? encryptionJwks.get('orders');
    await put(resourceServerStore, identifier, {
      identifier,
      audience: identifier,
      scope,
      ...(access_token_encryption_jwk && { access_token_encryption_jwk }),
      secrets: [stored],
      enabled: true,
    });
    demo.resources[name] = { identifier, secret };
  }

  async function seedDemoApi(name: DemoApi): Promise<void> {
    if (!demo.resources[name]) await seedResourceServer(name, { identifier: apis[name], scope: scopeOf(name) });
  }

  /** Registers the API of `--audience`. An existing API is left alone, and its secret is unknown. */
  async function seedApi(): Promise<Api> {
    for (const spelling of spellingsOf(audience)) {
      const existing = await resourceServerStore.findVersion(spelling);
      if (existing) return existing.value;
    }
    const api = { identifier: audience, scope: 'read write' };
    await seedResourceServer(audience, api);
    return api;
  }

  async function seedUser([username, claims]: [string, Record<string, unknown>]): Promise<void> {
    if (demo.users[username]) return;
    const password = randomPassword();
    const user = await createUser({ username, password, claims }, { users: userStore, clock: now });
    // An earlier start made the user but stopped before it saved the password.
    if (!user) await replacePassword(userStore, username, password);
    demo.users[username] = { username, password };
  }

  await Promise.all([
    (async () => {
      await Promise.all(apiNames.map(seedDemoApi));
      const api = await seedApi();
      const clients = [...machines(Object.values(apis)), ...signInClients(app, apis.orders)];
      await Promise.all(clients.map((client) => seedClient(client, api)));
    })(),
    ...Object.entries(users).map(seedUser),
  ]);
  return demo;
}

type Api = Pick<ResourceServer, 'identifier' | 'scope'>;

/** The settings that let a client get tokens for this API by default, with all of its scopes. */
function withAccess({ resources, scope }: Pick<Client, 'resources' | 'scope'>, api: Api) {
  const words = `${scope} ${api.scope}`.split(' ').filter(Boolean);
  return { resources: [...new Set([api.identifier, ...resources])], scope: [...new Set(words)].join(' ') };
}

/** The members with URIs of the demo app. */
function appUris(client: Partial<Client>): Partial<Client> {
  const names = new Set([
    'redirect_uris',
    'post_logout_redirect_uris',
    'backchannel_logout_uri',
    'allowed_origins',
    'client_uri',
    'logo_uri',
  ]);
  return Object.fromEntries(Object.entries(client).filter(([name]) => names.has(name)));
}

/** Removes the key registry when the issuer has changed, because its keys cannot be unwrapped for another issuer. */
export const forgetKeys = ({ endpoint, tableName }: Table): Promise<unknown> =>
  createSeedTable(endpoint, tableName).remove(keyOfKeyRegistry);

const now = () => Math.floor(Date.now() / 1000);

// An existing record is from an earlier start that stopped before it saved its secrets.
async function put<Value>(store: RecordStore<Value>, id: string, value: Value): Promise<void> {
  if (await store.create(value)) return;
  const existing = await store.findVersion(id);
  await store.replace(value, existing?.version ?? 0);
}

async function update<Value extends object>(
  store: RecordStore<Value>,
  id: string,
  change: (existing: Value) => Partial<Value>,
): Promise<void> {
  const existing = await store.findVersion(id);
  if (!existing) return;
  const next = { ...existing.value, ...change(existing.value) };
  if (!isDeepStrictEqual(next, existing.value)) await store.replace(next, existing.version);
}

async function replacePassword(store: UserStore, username: string, password: string): Promise<void> {
  const user = await store.findByName(username);
  if (!user) return;
  const hashed = await hashPassword(password, now());
  await update(store, user.sub, () => ({ password: hashed }));
}
