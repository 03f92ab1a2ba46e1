import { createPublicKey, randomBytes } from 'node:crypto';
import { compose as composeAuthorizer } from '../../functions/authorizer.ts';
import { compose as composeIntrospection } from '../../functions/introspection.ts';
import { compose as composeRevocation } from '../../functions/revocation.ts';
import { compose as composeToken } from '../../functions/token.ts';
import { createAuthorizer } from '../../lib/authorizer/authorizer.ts';
import { systemClock } from '../../lib/clock.ts';
import { introspection } from '../../lib/endpoints/introspection.ts';
import { revocation } from '../../lib/endpoints/revocation.ts';
import { token } from '../../lib/endpoints/token.ts';
import { serve } from '../../lib/http/serve.ts';
import { joseToDer } from '../../lib/keys/ecdsa-signature.ts';
import { createRevocationList } from '../../lib/revocation/list.ts';
import { cacheLookup } from '../../lib/store/cached-lookup.ts';
import { createEpochStore } from '../../lib/store/epoch.ts';
import { createGrantStore } from '../../lib/store/grant.ts';
import { createReferenceTokenStore } from '../../lib/store/reference-token.ts';
import { createRevocationStore } from '../../lib/store/revocation.ts';
import type { Table } from '../../lib/store/table.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { app } from '../support/grants.ts';
import {
  awsVariables,
  client,
  DECRYPTION_KEYS,
  encryptionJwk,
  encryptionVariables,
  ISSUER,
  keyVariables,
  MACHINES,
  machines,
  resourceServer,
  type Variables,
} from '../support/world.ts';
import { createMemoryTable } from './memory-table.ts';

export const CLIENTS = MACHINES.map((id) => client(id, { access_token_format: machines[id] }));
/** Those that people sign in to. */
export const APPS = MACHINES.map((id) =>
  app(id.replace('machine', 'web'), { access_token_format: machines[id], resources: ['orders'] }),
);
export const ORDERS = resourceServer('orders', { access_token_encryption_jwk: encryptionJwk(DECRYPTION_KEYS.orders) });

/** What tokens are issued from, where the endpoint is not asked. */
export const GRANT = { resources: [ORDERS] } as const;

export const variables = (alg: string): Variables => ({
  ISSUER,
  TABLE_NAME: 'latchkey',
  ...awsVariables,
  ...keyVariables(alg),
  ...encryptionVariables,
  HANDLE_KEYS: randomBytes(32).toString('base64url'),
  AUDIENCE: 'orders',
  REVOCATION_MAX_AGE_SECONDS: '3600',
  LOG_LEVEL: 'warn',
});

/** The handlers as composed for Lambda, but on a table in this process and with everything about clients cached. */
export function createDeployment(alg: string, table: Table = createMemoryTable()) {
  const env = variables(alg);
  const onTable = () => ({
    referenceTokens: createReferenceTokenStore(table),
    grants: createGrantStore(table),
    epochs: createEpochStore(table),
    revocations: createRevocationList(createRevocationStore(table), systemClock),
    findClient: cacheLookup(
      async (id) => [...CLIENTS, ...APPS].find(({ client_id }) => client_id === id),
      3600,
      systemClock,
    ),
    findResourceServer: cacheLookup(async () => ORDERS, 3600, systemClock),
    findCaller: cacheLookup(async () => ({ resourceServer: ORDERS }), 3600, systemClock),
  });
  return {
    env,
    table,
    token: serve(token, () => ({ ...composeToken(createFoundationWithTable(env)), ...onTable() })),
    introspection: serve(introspection, () => ({
      ...composeIntrospection(createFoundationWithTable(env)),
      ...onTable(),
    })),
    /** Makes another container each time it is called, because each one remembers what it has revoked. */
    startRevocation: () =>
      serve(revocation, () => ({ ...composeRevocation(createFoundationWithTable(env)), ...onTable() })),
    authorizer: createAuthorizer(() => ({ ...composeAuthorizer(createFoundationWithTable(env)), ...onTable() })),
  };
}

/** What an HTTP API sends besides, for a request from the internet. */
export const HEADERS = {
  accept: 'application/json',
  'accept-encoding': 'gzip, deflate, br',
  'accept-language': 'en',
  'content-length': '57',
  host: 'abc123.execute-api.eu-west-1.amazonaws.com',
  'user-agent': 'bench/1.0',
  'x-amzn-trace-id': 'Root=1-65f2c0de-0123456789abcdef01234567',
  'x-forwarded-for': '192.0.2.1',
  'x-forwarded-port': '443',
  'x-forwarded-proto': 'https',
};

/** Copies as the Lambda runtime makes them: parsed from text, so that no string has its hash yet. */
export function createEvents<Event>(events: readonly Event[]) {
  const texts = events.map((event) => JSON.stringify(event));
  let parsed: Event[] = [];
  return {
    prepare: (count: number) => {
      parsed = Array.from({ length: count }, (_, index) => JSON.parse(texts[index % texts.length]!) as Event);
    },
    at: (index: number): Event => parsed[index]!,
  };
}

/** What a bare `crypto.verify` needs of each token: the public key, and buffers in the form that it takes. */
export function prepareSignatures(alg: 'RS256' | 'ES256', env: Variables, tokens: readonly string[]) {
  const [jwk] = (JSON.parse(env['VERIFICATION_KEYS']!) as { keys: [Record<string, string>] }).keys;
  const signatures = tokens.map((token) => {
    const end = token.lastIndexOf('.');
    const signature = Buffer.from(token.slice(end + 1), 'base64url');
    return {
      data: Buffer.from(token.slice(0, end)),
      signature: alg === 'ES256' ? joseToDer(signature, 32) : signature,
    };
  });
  return { jwk, key: createPublicKey({ key: jwk, format: 'jwk' }), signatures };
}
