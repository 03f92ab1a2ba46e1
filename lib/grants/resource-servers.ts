import type { Client } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { Grant } from '../oauth/grant.ts';
import { issuerAsResource, type ResourceServer } from '../oauth/resource-server.ts';

export interface ResourceServerContext {
  findResourceServer(identifier: string): Promise<ResourceServer | undefined>;
}

/** RFC 8707 section 2. @throws OAuthError `invalid_target`, the same for those unknown, disabled or not for this client */
export async function getResourceServers(
  requested: readonly string[],
  client: Client,
  context: ResourceServerContext,
): Promise<Grant['resources']> {
  const identifiers = requested.length > 0 ? [...new Set(requested)] : client.resources.slice(0, 1);
  const [first, ...others] = await availableResourceServers(identifiers, client, context);
  if (!first || others.length + 1 < identifiers.length) throw invalidTarget();
  return [first, ...others];
}

/** For a grant with a subject. @throws OAuthError `invalid_target` */
export async function getResourceServersOrIssuer(
  requested: readonly string[],
  client: Client,
  context: ResourceServerContext & { readonly issuer: string },
): Promise<Grant['resources']> {
  if (client.resources.length > 0 || requested.some((identifier) => identifier !== context.issuer)) {
    return getResourceServers(requested, client, context);
  }
  return [issuerAsResource(context.issuer)];
}

export async function availableResourceServers(
  identifiers: readonly string[],
  client: Client,
  { findResourceServer }: ResourceServerContext,
): Promise<ResourceServer[]> {
  const registered = identifiers.filter((identifier) => client.resources.includes(identifier));
  const found = await Promise.all(registered.map((identifier) => findResourceServer(identifier)));
  return found.filter((resource) => resource !== undefined).filter(({ enabled }) => enabled);
}

export const invalidTarget = () =>
  new OAuthError('invalid_target', 'this client may not have a token for this resource');
