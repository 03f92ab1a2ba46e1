import { OAuthError } from '../oauth/errors.ts';
import {
  confirmRotationTransition,
  type Refresh,
  rotationTransition,
  undoRotationTransition,
} from '../oauth/grant-state.ts';
import { randomId } from '../oauth/handle.ts';
import { parseScope } from '../oauth/scope.ts';
import { whyNotRotated } from '../oauth/transition-failure.ts';
import { idleUntil } from '../tokens/code.ts';
import { effectiveGrant } from './effective-grant.ts';
import type { GrantType } from './grant-type.ts';
import { invalidGrant, type OneTimeUse, useOnce } from './one-time-use.ts';
import { invalidTarget } from './resource-servers.ts';

/** Each scope is a clause of the conditional write, whose length DynamoDB limits. A request without scope asks for all. */
const MAX_SCOPES = 64;

/** RFC 6749 section 6, with rotation: RFC 9700 section 4.14.2 */
export const refreshToken: GrantType = {
  name: 'refresh_token',
  async obtain(request, context) {
    const { form, client } = request;
    const token = form.require('refresh_token');
    const requested = parseScope(form.get('scope') ?? '');
    // Clients send again what they asked for first, so what they may not have at all is left out, as it was then.
    const own = client.scope.split(' ');
    const scope = requested.filter((token) => own.includes(token));
    if (scope.length > MAX_SCOPES || (scope.length === 0 && requested.length > 0)) throw invalidScope();
    const handle = (await context.handles.refresh_token()).parse(token);
    if (!handle) throw invalidGrant('it is not a refresh token of this service');

    const now = context.clock();
    const refresh: Refresh = {
      request: randomId(),
      client_id: client.client_id,
      generation: handle.generation,
      scope,
      resources: request.resources,
      now,
      idle_until: idleUntil({ client }, now, context),
    };
    const reuseInterval = client.refresh_reuse_interval ?? context.reuseInterval;
    const use: OneTimeUse = {
      grant_id: handle.id,
      transition: rotationTransition(refresh),
      undo: undoRotationTransition(refresh),
      confirm: confirmRotationTransition(refresh),
      whyNot: (grant) => whyNotRotated(grant, refresh, reuseInterval),
      excess: ({ resources }) =>
        refresh.resources.every((identifier) => resources.includes(identifier)) ? invalidScope() : invalidTarget(),
    };
    const state = await useOnce(use, request, context);
    // An ID token from a refresh has no nonce, which belongs to the authorization request. OpenID Connect Core section 12.2
    const obtained = await effectiveGrant(state, handle.secret, refresh, client, context);
    const { nonce, ...grant } = obtained.grant;
    return { ...obtained, grant };
  },
};

const invalidScope = () => new OAuthError('invalid_scope', 'scope exceeds what was granted');
