import type { Client } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import type { GrantContext } from './grant-type.ts';

/**
 * The resource servers that were asked for, or the client's default one. RFC 8707 section 2.
 * @throws OAuthError `invalid_target`, with one answer for those that are unknown, disabled, or not for this client
 */
export async function getResourceServers(
  requested: readonly string[],
  client: Client,
  { findResourceServer }: GrantContext,
): Promise<[ResourceServer, ...ResourceServer[]]> {
  const identifiers = requested.length > 0 ? [...new Set(requested)] : client.resources.slice(0, 1);
  if (!identifiers.every((identifier) => client.resources.includes(identifier))) throw invalidTarget();

  const found = await Promise.all(identifiers.map((identifier) => findResourceServer(identifier)));
  const [first, ...others] = found.filter((resource) => resource !== undefined).filter(({ enabled }) => enabled);
  if (!first || others.length + 1 < identifiers.length) throw invalidTarget();
  return [first, ...others];
}

const invalidTarget = () => new OAuthError('invalid_target', 'this client may have no token for this resource');
