import type { Clock } from '../clock.ts';
import { type Client, isPublic } from '../oauth/client.ts';
import type { CallerId } from '../oauth/errors.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import { verifySecret, whyNotVerified } from '../oauth/secret.ts';
import { invalidClient } from './invalid-client.ts';
import type { PresentedCredentials } from './methods.ts';

export interface ClientAuthenticationContext {
  readonly clock: Clock;
  findClient(client_id: string): Promise<Client | undefined>;
}

/** Who asks about a token: a resource server, or a client. */
export type Caller = { readonly resourceServer: ResourceServer } | { readonly client: Client };

export interface CallerAuthenticationContext {
  readonly clock: Clock;
  /** Where a resource server and a client have the same id, it is the resource server. */
  findCaller(id: string): Promise<Caller | undefined>;
}

/** @throws OAuthError `invalid_client` unless this is a registered, enabled client by a method that it may use */
export async function authenticateClient(
  credentials: PresentedCredentials,
  { clock, findClient }: ClientAuthenticationContext,
): Promise<Client> {
  return proveClient(await findClient(credentials.id), credentials, clock);
}

/** @throws OAuthError `invalid_client` unless this is a resource server, or a client that can keep a secret */
export async function authenticateCaller(
  credentials: PresentedCredentials,
  { clock, findCaller }: CallerAuthenticationContext,
): Promise<Caller> {
  const caller = await findCaller(credentials.id);
  if (!caller) throw invalidClient('unknown client');
  const id = callerId(caller);
  if ('resourceServer' in caller) await proveSecret(caller.resourceServer, id, credentials, clock);
  else if (isPublic(await proveClient(caller.client, credentials, clock))) {
    throw invalidClient('not for a public client', id);
  }
  return caller;
}

/** What a log line may call it. */
export const callerId = (caller: Caller): CallerId =>
  'resourceServer' in caller
    ? { resource_server: caller.resourceServer.identifier }
    : { client_id: caller.client.client_id };

async function proveClient(
  client: Client | undefined,
  credentials: PresentedCredentials,
  clock: Clock,
): Promise<Client> {
  if (!client) throw invalidClient('unknown client');
  const id = { client_id: client.client_id };
  if (!mayUse(client, credentials)) throw invalidClient('method not allowed for this client', id);
  if (!isPublic(client)) await proveSecret(client, id, credentials, clock);
  else if (!client.enabled) throw invalidClient('disabled client', id);
  return client;
}

const mayUse = ({ token_endpoint_auth_method: registered }: Client, { method }: PresentedCredentials) =>
  registered === undefined ? method !== 'none' : method === registered;

async function proveSecret(
  { enabled, secrets }: Pick<Client, 'enabled' | 'secrets'>,
  id: CallerId,
  { secret }: PresentedCredentials,
  clock: Clock,
): Promise<void> {
  if (!enabled) throw invalidClient('disabled client', id);
  if (secret === undefined) throw invalidClient('method not allowed for this client', id);
  if (!(await verifySecret(secret, secrets, clock))) throw invalidClient(whyNotVerified(secret, secrets, clock), id);
}
