import { createHash } from 'node:crypto';
import { compose as composeAuthorization } from '../../functions/authorization.ts';
import { compose as composeAuthorizer } from '../../functions/authorizer.ts';
import { compose as composeDiscovery } from '../../functions/discovery.ts';
import { compose as composeHealth } from '../../functions/health.ts';
import { compose as composeIntrospection } from '../../functions/introspection.ts';
import { compose as composeJwks } from '../../functions/jwks.ts';
import { compose as composeLogout } from '../../functions/logout.ts';
import { compose as composeRevocation } from '../../functions/revocation.ts';
import { compose as composeToken } from '../../functions/token.ts';
import { compose as composeUserinfo } from '../../functions/userinfo.ts';
import { compose as composeWhoami } from '../../functions/whoami.ts';
import { newKeyPair } from '../../infra/key-pair.ts';
import { startTable } from '../../infra/local/table.ts';
import { createAuthorizer } from '../../lib/authorizer/authorizer.ts';
import type { AuthorizerResponse } from '../../lib/authorizer/response.ts';
import type { Clock } from '../../lib/clock.ts';
import { authorization } from '../../lib/endpoints/authorization.ts';
import { discovery } from '../../lib/endpoints/discovery.ts';
import { health } from '../../lib/endpoints/health.ts';
import { introspection } from '../../lib/endpoints/introspection.ts';
import { jwks } from '../../lib/endpoints/jwks.ts';
import { logout } from '../../lib/endpoints/logout.ts';
import { revocation } from '../../lib/endpoints/revocation.ts';
import { token } from '../../lib/endpoints/token.ts';
import { userinfo } from '../../lib/endpoints/userinfo.ts';
import { whoami } from '../../lib/endpoints/whoami.ts';
import type { ProxyEvent, ProxyResult } from '../../lib/http/proxy-event.ts';
import { serve } from '../../lib/http/serve.ts';
import type { AccessTokenFormatName } from '../../lib/oauth/access-token.ts';
import type { Client } from '../../lib/oauth/client.ts';
import type { EncryptionJwk, ResourceServer } from '../../lib/oauth/resource-server.ts';
import { createClientStore } from '../../lib/store/client.ts';
import { openTable } from '../../lib/store/dynamodb.ts';
import type { RecordStore } from '../../lib/store/record.ts';
import { createResourceServerStore } from '../../lib/store/resource-server.ts';
import type { Table } from '../../lib/store/table.ts';
import { createFoundation, createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { rsaKeyPair } from './rsa-keys.ts';

export type Variables = Record<string, string>;

/**
 * `LOCAL_PATIENCE` of containers: the factor by which they wait longer for the embedded table and KMS, which are slow on a busy
 * machine. In tests of faults where no answer comes, `passTime` skips the wait. Tests for which the usual timeouts matter set it to 1.
 */
export const PATIENCE = 50;

export const ISSUER = 'https://issuer.example';

/** A 256-bit secret in the form that the service makes, and its record. */
export const SECRET = `lk_cs_${Buffer.alloc(32, 1).toString('base64url')}`;
export const STORED_SECRET = {
  secret_id: 'test',
  hash: `sha256$${createHash('sha256').update(SECRET).digest('base64url')}`,
  created_at: 0,
};

/** The two variables for a new key pair. */
export function keyVariables(alg = 'ES256'): { SIGNING_KEYS: string; VERIFICATION_KEYS: string } {
  const { privateKey, publicKey } = generate(alg);
  const set = (key: typeof privateKey) => JSON.stringify({ keys: [{ ...key.export({ format: 'jwk' }), alg }] });
  return { SIGNING_KEYS: set(privateKey), VERIFICATION_KEYS: set(publicKey) };
}

function generate(alg: string) {
  if (alg === 'EdDSA') return newKeyPair('ed25519');
  if (alg.startsWith('ES')) return newKeyPair('ec', { namedCurve: alg === 'ES384' ? 'P-384' : 'P-256' });
  return rsaKeyPair();
}

const keys = keyVariables();

/** A private key for encryption: on the given curve, or RSA. */
export function decryptionKey(kid: string, namedCurve?: string) {
  const pair = namedCurve ? newKeyPair('ec', { namedCurve }) : rsaKeyPair();
  const alg = namedCurve ? 'ECDH-ES+A256KW' : 'RSA-OAEP-256';
  return { ...pair.privateKey.export({ format: 'jwk' }), kid, alg, use: 'enc' };
}

/** The public half, as in the record of a resource server. */
export const encryptionJwk = ({ d, p, q, dp, dq, qi, ...jwk }: ReturnType<typeof decryptionKey>) =>
  jwk as unknown as EncryptionJwk;

/** The decryption keys for the two resource servers: one on a curve, one RSA. */
export const DECRYPTION_KEYS = { orders: decryptionKey('of-orders', 'P-256'), billing: decryptionKey('of-billing') };

/** The variables for encrypted JWTs and sealed tokens. */
export const encryptionVariables = {
  DECRYPTION_KEYS: JSON.stringify({ keys: Object.values(DECRYPTION_KEYS) }),
  SEALING_KEYS: Buffer.alloc(32, 3).toString('base64url'),
};

/** The variables of a region and credentials, which no stand-in for AWS looks at. */
export const awsVariables = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
};

/** A client for each access token format. */
export const machines = {
  'machine-jwt': 'jwt',
  'machine-encrypted': 'encrypted_jwt',
  'machine-sealed': 'sealed',
  'machine-reference': 'reference',
} as const satisfies Record<string, AccessTokenFormatName>;

export const MACHINES = Object.keys(machines) as (keyof typeof machines)[];

/** New containers of a deployment, all with the same variables. */
export function createHandlers(env: Variables, clock?: Clock) {
  const base = () => createFoundation(env, clock);
  const baseWithTable = () => createFoundationWithTable(env, clock);
  return {
    authorization: serve(authorization, () => composeAuthorization(baseWithTable())),
    token: serve(token, () => composeToken(baseWithTable())),
    introspection: serve(introspection, () => composeIntrospection(baseWithTable())),
    revocation: serve(revocation, () => composeRevocation(baseWithTable())),
    discovery: serve(discovery, () => composeDiscovery(base())),
    jwks: serve(jwks, () => composeJwks(base())),
    userinfo: serve(userinfo, () => composeUserinfo(baseWithTable())),
    logout: serve(logout, () => composeLogout(baseWithTable())),
    health: serve(health, () => composeHealth(base())),
    whoami: serve(whoami, () => composeWhoami(base())),
    authorizer: createAuthorizer(() => composeAuthorizer(baseWithTable())),
  };
}

export type Handlers = ReturnType<typeof createHandlers>;

/** A deployment for tests: an embedded table with two resource servers and the clients above, and containers. */
export interface World {
  readonly env: Variables;
  readonly handlers: Handlers;
  readonly table: Table;
  readonly clients: RecordStore<Client>;
  readonly resourceServers: RecordStore<ResourceServer>;
  /** Makes further containers of the same deployment, if necessary with other variables. */
  restart(variables?: Variables, clock?: Clock): Handlers;
  stop(): Promise<void>;
}

export const resourceServer = (identifier: string, more: Partial<ResourceServer> = {}): ResourceServer => ({
  identifier,
  audience: identifier,
  scope: 'read write',
  secrets: [STORED_SECRET],
  enabled: true,
  ...more,
});

export const client = (client_id: string, more: Partial<Client> = {}): Client => ({
  client_id,
  grant_types: ['client_credentials'],
  scope: 'read write',
  resources: ['orders', 'billing'],
  secrets: [STORED_SECRET],
  enabled: true,
  ...more,
});

export async function startWorld(variables: Variables = {}, clock?: Clock): Promise<World> {
  const { endpoint, tableName, stop } = await startTable();
  const env: Variables = {
    ISSUER,
    TABLE_NAME: tableName,
    ...keys,
    ...encryptionVariables,
    HANDLE_KEYS: Buffer.alloc(32, 2).toString('base64url'),
    AUDIENCE: 'orders',
    REVOCATION_MAX_AGE_SECONDS: '0',
    CLIENT_CACHE_SECONDS: '0',
    LOG_LEVEL: 'silent',
    ...awsVariables,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    LOCAL_PATIENCE: String(PATIENCE),
    ...variables,
  };
  const table = openTable({
    tableName,
    endpoint,
    // Not under test, so it may be slow on a busy machine.
    patience: 30,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const clients = createClientStore(table);
  const resourceServers = createResourceServerStore(table);
  await Promise.all([
    ...(['orders', 'billing'] as const).map((id) =>
      resourceServers.create(resourceServer(id, { access_token_encryption_jwk: encryptionJwk(DECRYPTION_KEYS[id]) })),
    ),
    ...MACHINES.map((id) => clients.create(client(id, { access_token_format: machines[id] }))),
  ]);
  const restart = (more: Variables = {}, otherClock = clock) => createHandlers({ ...env, ...more }, otherClock);
  return { env, table, clients, resourceServers, restart, handlers: restart(), stop };
}

/** A clock that tests control, in whole seconds. */
export function createTestClock(start = 1_800_000_000) {
  let now = start;
  return {
    clock: () => now,
    advance(seconds: number) {
      now += seconds;
    },
    set(time: number) {
      now = time;
    },
  };
}

export const basic = (id: string, secret = SECRET) =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

/** A short description of a request with a form body. */
export interface FormRequest {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Record<string, string>;
  readonly cookies?: readonly string[];
  readonly sourceIp?: string;
  readonly form?: Record<string, string | string[]> | string;
}

/** Encodes form parameters. A parameter with a list is repeated. */
export const formBody = (form: NonNullable<FormRequest['form']>): string =>
  typeof form === 'string'
    ? form
    : new URLSearchParams(
        Object.entries(form).flatMap(([name, values]) =>
          [values].flat().map((value): [string, string] => [name, value]),
        ),
      ).toString();

/** The event of an HTTP API for a request: payload format 2.0, with form bodies in base64. */
export function httpEvent({
  method = 'POST',
  path = '/',
  query = '',
  headers = {},
  form,
  cookies,
  sourceIp,
}: FormRequest): ProxyEvent {
  const type = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  return {
    version: '2.0',
    routeKey: `${method} ${path}`,
    rawPath: path,
    rawQueryString: query,
    headers: { ...type, ...headers },
    ...(cookies && { cookies }),
    requestContext: { http: { method, path, sourceIp } },
    ...(form !== undefined && { body: Buffer.from(formBody(form)).toString('base64') }),
    isBase64Encoded: form !== undefined,
  } as unknown as ProxyEvent;
}

/** An answer with its JSON body parsed. */
export interface JsonResult {
  readonly status: number;
  readonly headers: ProxyResult['headers'];
  readonly json: Record<string, unknown>;
}

export const readResult = ({ statusCode, headers, body }: ProxyResult): JsonResult => ({
  status: statusCode,
  headers,
  json: body === '' ? {} : (JSON.parse(body) as Record<string, unknown>),
});

/** Posts a form as a client that authenticates with `client_secret_basic`. */
export async function post(
  handler: (event: ProxyEvent) => Promise<ProxyResult>,
  id: string,
  form: NonNullable<FormRequest['form']>,
): Promise<JsonResult> {
  return readResult(await handler(httpEvent({ headers: { authorization: basic(id) }, form })));
}

/** Gets a new access token for a client. @throws Error when that fails */
export async function getToken({ token }: Pick<Handlers, 'token'>, id: string, form = {}): Promise<string> {
  const { status, json } = await post(token, id, { grant_type: 'client_credentials', ...form });
  if (status !== 200) throw new Error(`no token: ${JSON.stringify(json)}`);
  return String(json['access_token']);
}

export const HTTP_ARN = 'arn:aws:execute-api:eu-west-1:123456789012:abc123/$default/GET/whoami';
export const REST_ARN = 'arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/GET/whoami';

/** The four shapes of authorizer events. */
export const authorizerEvents = {
  'HTTP API 2.0': (token: string) => ({
    version: '2.0',
    type: 'REQUEST',
    routeArn: HTTP_ARN,
    identitySource: [`Bearer ${token}`],
    routeKey: 'GET /whoami',
    headers: { authorization: `Bearer ${token}` },
  }),
  'HTTP API 1.0': (token: string) => ({
    version: '1.0',
    type: 'REQUEST',
    methodArn: HTTP_ARN,
    identitySource: `Bearer ${token}`,
    authorizationToken: `Bearer ${token}`,
    headers: { Authorization: `Bearer ${token}` },
  }),
  'REST REQUEST': (token: string) => ({
    type: 'REQUEST',
    methodArn: REST_ARN,
    headers: { Authorization: `Bearer ${token}` },
    multiValueHeaders: { Authorization: [`Bearer ${token}`] },
  }),
  'REST TOKEN': (token: string) => ({
    type: 'TOKEN',
    methodArn: REST_ARN,
    authorizationToken: `Bearer ${token}`,
  }),
} as const;

/** The decision that a gateway would take from the answer of an authorizer. */
export async function verdict(answer: Promise<AuthorizerResponse>): Promise<'allow' | 'refuse' | 'fault'> {
  try {
    const given = await answer;
    const isAllowed =
      'isAuthorized' in given ? given.isAuthorized : given.policyDocument.Statement[0].Effect === 'Allow';
    return isAllowed ? 'allow' : 'refuse';
  } catch (error) {
    return error instanceof Error && error.message === 'Unauthorized' ? 'refuse' : 'fault';
  }
}
