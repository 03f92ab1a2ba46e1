import { isDeepStrictEqual } from 'node:util';
import { type Client, isPublic } from '../../lib/oauth/client.ts';
import type { EncryptionJwk, ResourceServer } from '../../lib/oauth/resource-server.ts';
import { createSecret } from '../../lib/oauth/secret.ts';
import { createClientStore } from '../../lib/store/client.ts';
import { keyOfKeyRegistry } from '../../lib/store/key-registry.ts';
import type { RecordStore } from '../../lib/store/record.ts';
import { createResourceServerStore } from '../../lib/store/resource-server.ts';
import { createUserStore, type UserStore } from '../../lib/store/user.ts';
import { createUser } from '../../lib/users/create-user.ts';
import { hashPassword } from '../../lib/users/password.ts';
import { randomPassword } from '../cli/new-password.ts';
import { createSeedTable } from './seed-table.ts';
import type { Table } from './table.ts';

/** What was seeded, by name; secrets in clear, because nobody else knows them. */
export interface Demo {
  clients: Record<string, { client_id: string; client_secret?: string }>;
  resources: Record<string, { identifier: string; secret: string }>;
  users: Record<string, { username: string; password: string }>;
}

type WithoutSecrets<T> = Omit<T, 'secrets' | 'enabled'>;

const resourceServers: WithoutSecrets<ResourceServer>[] = [
  { identifier: 'orders', audience: 'orders', scope: 'orders:read orders:write' },
  { identifier: 'billing', audience: 'billing', scope: 'billing:read billing:write' },
];

const machine = {
  grant_types: ['client_credentials'],
  scope: 'orders:read orders:write billing:read billing:write',
  resources: ['orders', 'billing'],
};

const machines: WithoutSecrets<Client>[] = [
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

/** What may be asked for when somebody signs in. */
const people = {
  scope: 'openid profile email address phone offline_access orders:read orders:write',
  resources: ['orders'],
};

/** Clients that people sign in to; those of the demo app are where that is. */
const forPeople = (app: string): WithoutSecrets<Client>[] => [
  {
    client_id: 'web',
    client_name: 'Demo web app',
    ...people,
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${app}/callback`],
    post_logout_redirect_uris: [`${app}/`],
    backchannel_logout_uri: `${app}/backchannel-logout`,
    client_uri: `${app}/`,
    logo_uri: `${app}/logo.svg`,
  },
  {
    client_id: 'spa',
    client_name: 'Demo single-page app',
    ...people,
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${app}/spa`],
    post_logout_redirect_uris: [`${app}/spa`],
    allowed_origins: [app],
    client_uri: `${app}/spa`,
  },
  {
    client_id: 'legacy',
    client_name: 'An app that still asks for passwords itself',
    ...people,
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

/**
 * Puts the demo clients, resource servers and users into the table, each with a new secret.
 * @param encryptionJwks the keys that tokens for the resource servers are encrypted to
 * @param app the origin of the demo app
 * @param known what an earlier start put there
 */
export async function seed(
  { endpoint, tableName }: Table,
  encryptionJwks: ReadonlyMap<string, EncryptionJwk>,
  app: string,
  known?: Demo,
): Promise<Demo> {
  const table = createSeedTable(endpoint, tableName);
  const clientStore = createClientStore(table);
  const resourceServerStore = createResourceServerStore(table);
  const userStore = createUserStore(table);
  const demo = known ?? { clients: {}, resources: {}, users: {} };

  async function seedClient(client: WithoutSecrets<Client>): Promise<void> {
    const { client_id } = client;
    if (demo.clients[client_id]) return update(clientStore, client_id, client);
    const { secret, stored } = createSecret(now());
    const hasSecret = !isPublic({ ...client, secrets: [], enabled: true });
    await put(clientStore, client_id, { ...client, secrets: hasSecret ? [stored] : [], enabled: true });
    demo.clients[client_id] = { client_id, ...(hasSecret && { client_secret: secret }) };
  }

  async function seedResourceServer(resourceServer: WithoutSecrets<ResourceServer>): Promise<void> {
    const { identifier } = resourceServer;
    if (demo.resources[identifier]) return;
    const { secret, stored } = createSecret(now());
    const access_token_encryption_jwk = encryptionJwks.get(identifier);
    await put(resourceServerStore, identifier, {
      ...resourceServer,
      ...(access_token_encryption_jwk && { access_token_encryption_jwk }),
      secrets: [stored],
      enabled: true,
    });
    demo.resources[identifier] = { identifier, secret };
  }

  async function seedUser([username, claims]: [string, Record<string, unknown>]): Promise<void> {
    if (demo.users[username]) return;
    const password = randomPassword();
    const user = await createUser({ username, password, claims }, { users: userStore, clock: now });
    // Somebody else's: from a start that ended before it could write down the password.
    if (!user) await replacePassword(userStore, username, password);
    demo.users[username] = { username, password };
  }

  await Promise.all([
    ...[...machines, ...forPeople(app)].map(seedClient),
    ...resourceServers.map(seedResourceServer),
    ...Object.entries(users).map(seedUser),
  ]);
  return demo;
}

/** What was wrapped for another issuer cannot be unwrapped for this one, and the tokens of another are not accepted here. */
export const forgetKeys = ({ endpoint, tableName }: Table): Promise<void> =>
  createSeedTable(endpoint, tableName).remove(keyOfKeyRegistry);

const now = () => Math.floor(Date.now() / 1000);

// What is there already is from a start that ended before it could write down its secrets.
async function put<Value>(store: RecordStore<Value>, id: string, value: Value): Promise<void> {
  if (await store.create(value)) return;
  const existing = await store.findVersion(id);
  await store.replace(value, existing?.version ?? 0);
}

/** The demo app may be somewhere else than it was at an earlier start. */
async function update<Value extends object>(
  store: RecordStore<Value>,
  id: string,
  value: Partial<Value>,
): Promise<void> {
  const existing = await store.findVersion(id);
  if (!existing) return;
  const next = { ...existing.value, ...value };
  if (!isDeepStrictEqual(next, existing.value)) await store.replace(next, existing.version);
}

async function replacePassword(store: UserStore, username: string, password: string): Promise<void> {
  const user = await store.findByName(username);
  if (user) await update(store, user.sub, { password: await hashPassword(password, now()) });
}
