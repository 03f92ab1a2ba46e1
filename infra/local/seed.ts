import type { Client } from '../../lib/oauth/client.ts';
import type { EncryptionJwk, ResourceServer } from '../../lib/oauth/resource-server.ts';
import { createSecret } from '../../lib/oauth/secret.ts';
import { createClientStore } from '../../lib/store/client.ts';
import { keyOfKeyRegistry } from '../../lib/store/key-registry.ts';
import type { RecordStore } from '../../lib/store/record.ts';
import { createResourceServerStore } from '../../lib/store/resource-server.ts';
import { createSeedTable } from './seed-table.ts';
import type { Table } from './table.ts';

/** What was seeded, by name; secrets in clear, because nobody else knows them. */
export interface Demo {
  clients: Record<string, { client_id: string; client_secret: string }>;
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

const clients: WithoutSecrets<Client>[] = [
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

/**
 * Puts the demo clients and resource servers into the table, each with a new secret.
 * @param encryptionJwks the keys that tokens for the resource servers are encrypted to
 * @param known what an earlier start put there
 */
export async function seed(
  { endpoint, tableName }: Table,
  encryptionJwks: ReadonlyMap<string, EncryptionJwk>,
  known?: Demo,
): Promise<Demo> {
  const table = createSeedTable(endpoint, tableName);
  const clientStore = createClientStore(table);
  const resourceServerStore = createResourceServerStore(table);
  const demo = known ?? { clients: {}, resources: {}, users: {} };
  const newClients = clients.filter(({ client_id }) => !demo.clients[client_id]);
  const newResourceServers = resourceServers.filter(({ identifier }) => !demo.resources[identifier]);

  await Promise.all([
    ...newClients.map(async (client) => {
      const { secret, stored } = createSecret(now());
      await put(clientStore, client.client_id, { ...client, secrets: [stored], enabled: true });
      demo.clients[client.client_id] = { client_id: client.client_id, client_secret: secret };
    }),
    ...newResourceServers.map(async (resourceServer) => {
      const { identifier } = resourceServer;
      const { secret, stored } = createSecret(now());
      const access_token_encryption_jwk = encryptionJwks.get(identifier);
      await put(resourceServerStore, identifier, {
        ...resourceServer,
        ...(access_token_encryption_jwk && { access_token_encryption_jwk }),
        secrets: [stored],
        enabled: true,
      });
      demo.resources[identifier] = { identifier, secret };
    }),
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
