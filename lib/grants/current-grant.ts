import type { Client } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import { type Grant, signInOf } from '../oauth/grant.ts';
import type { GrantState } from '../oauth/grant-state.ts';
import { issuerAsResource, type ResourceServer } from '../oauth/resource-server.ts';
import { availableScope, identityScopes } from '../oauth/scope.ts';
import type { GrantContext } from './grant-type.ts';
import { availableResourceServers, invalidTarget } from './resource-servers.ts';

/** What a request takes of a grant; empty = everything. */
export interface Portion {
  readonly scope: readonly string[];
  readonly resources: readonly string[];
}

/**
 * A stored grant as it counts now: what was granted or asked for of it, without what the client or its resource servers
 * have lost since. The stored grant stays as it is, so that what they get back counts again.
 * @throws OAuthError `invalid_target` or `invalid_scope` when nothing is left
 */
export async function currentGrant(
  state: GrantState,
  portion: Portion,
  client: Client,
  context: GrantContext,
): Promise<Grant> {
  const isNamed = portion.resources.length > 0;
  const identifiers = isNamed ? [...new Set(portion.resources)] : state.resources;
  const [first, ...others] = await resourceServers(identifiers, client, context);
  if (!first || (isNamed && others.length + 1 < identifiers.length)) throw invalidTarget();
  const resources: Grant['resources'] = [first, ...others];

  const wanted = portion.scope.length > 0 ? portion.scope : state.scope;
  const available = availableScope(client, resources, identityScopes);
  const scope = wanted.filter((token) => available.includes(token));
  if (wanted.length > 0 && scope.length === 0) {
    throw new OAuthError('invalid_scope', 'nothing is left of this scope');
  }
  return {
    grant_id: state.grant_id,
    client,
    sub: state.sub,
    scope: scope.join(' '),
    resources,
    ...signInOf(state),
    ...(state.offline && { generation: state.generation }),
  };
}

async function resourceServers(identifiers: readonly string[], client: Client, context: GrantContext) {
  const found: ResourceServer[] = await availableResourceServers(identifiers, client, context);
  const isForIssuer = client.resources.length === 0 && identifiers.includes(context.issuer);
  return isForIssuer ? [issuerAsResource(context.issuer)] : found;
}
