import type { Form } from '../http/form.ts';
import type { HttpRequest } from '../http/message.ts';
import { type Client, isPublic } from '../oauth/client.ts';
import type { CallerId } from '../oauth/errors.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import type { PresentedSecret } from '../secrets/presented-secret.ts';
import { callerIdOf, invalidClient } from './invalid-client.ts';
import type { ClientAuthenticationMethod } from './method.ts';
import { identifyCaller } from './methods.ts';
import { requireSecret, type SecretsContext } from './require-secret.ts';

interface AuthenticationContext extends SecretsContext {
  readonly issuer: string;
}

export interface ClientAuthenticationContext extends AuthenticationContext {
  findClient(client_id: string): Promise<Client | undefined>;
}

export type Caller = { readonly resourceServer: ResourceServer } | { readonly client: Client };

export interface CallerAuthenticationContext extends AuthenticationContext {
  /** Prefers the resource server if both have the same id. */
  findCaller(id: string): Promise<Caller | undefined>;
}

/**
 * @throws OAuthError `invalid_client`; `invalid_request` for two clients or two methods; `temporarily_unavailable` with status 429
 * for too many wrong secrets; Unavailable
 */
export async function authenticateClient(
  request: HttpRequest,
  form: Form,
  context: ClientAuthenticationContext,
): Promise<Client> {
  const { method, ids } = identifyCaller(request, form);
  const { id, found: client } = await findFirst(ids, context.findClient);
  requireUsable(client, method);
  await method.authenticate(request, form, client, proofContext(request, id, client, context));
  return client;
}

/** Refuses public clients. @throws as above */
export async function authenticateCaller(
  request: HttpRequest,
  form: Form,
  context: CallerAuthenticationContext,
): Promise<Caller> {
  const { method, ids } = identifyCaller(request, form);
  const { id, found: caller } = await findFirst(ids, context.findCaller);
  if ('resourceServer' in caller) {
    const { resourceServer } = caller;
    if (!resourceServer.enabled) throw invalidClient('disabled client', resourceServer);
    if (!method.usesSecret) throw methodNotAllowed(resourceServer);
    await method.authenticate(request, form, resourceServer, proofContext(request, id, resourceServer, context));
  } else {
    const { client } = caller;
    requireUsable(client, method);
    if (isPublic(client)) throw invalidClient('not for a public client', client);
    await method.authenticate(request, form, client, proofContext(request, id, client, context));
  }
  return caller;
}

export const callerId = (caller: Caller): CallerId =>
  callerIdOf('resourceServer' in caller ? caller.resourceServer : caller.client);

/** One after the other, as nearly always the first is it. @throws OAuthError `invalid_client` */
async function findFirst<Found>(ids: readonly string[], find: (id: string) => Promise<Found | undefined>) {
  for (const id of ids) {
    const found = await find(id);
    if (found !== undefined) return { id, found };
  }
  throw invalidClient('unknown client');
}

function requireUsable(client: Client, { name, usesSecret }: ClientAuthenticationMethod): void {
  const { token_endpoint_auth_method: registered } = client;
  if (registered === undefined ? !usesSecret : registered !== name) throw methodNotAllowed(client);
  if (!client.enabled) throw invalidClient('disabled client', client);
}

/** The registry of methods knows nothing of hashes and counters, because the metadata name the methods, too. */
const proofContext = (
  request: HttpRequest,
  id: string,
  client: Client | ResourceServer,
  context: AuthenticationContext,
) => ({
  clock: context.clock,
  issuer: context.issuer,
  id,
  requireSecret: (secret: PresentedSecret | undefined) => requireSecret(secret, client, request.sourceIp, context),
});

const methodNotAllowed = (client: Client | ResourceServer) =>
  invalidClient('method not allowed for this client', client);
