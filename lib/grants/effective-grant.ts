import type { Client } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import { type Grant, type ObtainedGrant, signInOf } from '../oauth/grant.ts';
import type { GrantState } from '../oauth/grant-state.ts';
import { issuerAsResource, type ResourceServer } from '../oauth/resource-server.ts';
import { availableScope, identityScopes } from '../oauth/scope.ts';
import type { GrantContext } from './grant-type.ts';
import { availableResourceServers, invalidTarget } from './resource-servers.ts';

/** An empty list = all of it. */
interface RequestedPart {
  readonly scope: readonly string[];
  readonly resources: readonly string[];
}

/**
 * Without what the client may no longer use. The stored grant stays as it is, in case the client gets it back.
 * @param secret of the grant, from the code or refresh token that was presented
 * @throws OAuthError `invalid_target` or `invalid_scope` when nothing is left
 */
export async function effectiveGrant(
  state: GrantState,
  secret: string,
  requested: RequestedPart,
  client: Client,
  context: GrantContext,
): Promise<ObtainedGrant> {
  const isNamed = requested.resources.length > 0;
  const identifiers = isNamed ? [...new Set(requested.resources)] : state.resources;
  const [first, ...others] = await resourceServers(identifiers, client, context);
  if (!first || (isNamed && others.length + 1 < identifiers.length)) throw invalidTarget();
  const resources: Grant['resources'] = [first, ...others];

  const wanted = requested.scope.length > 0 ? requested.scope : state.scope;
  const available = availableScope(client, resources, identityScopes);
  const scope = wanted.filter((token) => available.includes(token));
  if (wanted.length > 0 && scope.length === 0) {
    throw new OAuthError('invalid_scope', 'the client may not use any of this scope any more');
  }
  const { grant_id, sub, generation, access_token_lifetime } = state;
  const noted = access_token_lifetime !== undefined && { access_token_lifetime };
  return {
    grant: { grant_id, client, sub, scope: scope.join(' '), resources, ...signInOf(state), ...noted },
    ...(state.offline && { refresh: { secret, generation } }),
  };
}

async function resourceServers(identifiers: readonly string[], client: Client, context: GrantContext) {
  const found: ResourceServer[] = await availableResourceServers(identifiers, client, context);
  const isForIssuer = client.resources.length === 0 && identifiers.includes(context.issuer);
  return isForIssuer ? [issuerAsResource(context.issuer)] : found;
}
