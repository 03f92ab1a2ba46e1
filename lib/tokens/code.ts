import type { Clock } from '../clock.ts';
import type { Lazy } from '../lazy.ts';
import { type Grant, signInOf } from '../oauth/grant.ts';
import type { GrantState } from '../oauth/grant-state.ts';
import { type Handles, randomId } from '../oauth/handle.ts';
import { MAX_CLOCK_SKEW_SECONDS } from '../oauth/revocation.ts';
import { parseScope } from '../oauth/scope.ts';
import type { GrantStore } from '../store/grant.ts';

/** Where grants are kept, and for how long what comes from them. Seconds. */
export interface GrantingContext {
  readonly clock: Clock;
  readonly grants: GrantStore;
  /** Unless the client says otherwise: no refresh after this long, and none after this long without one. */
  readonly refreshTokenLifetime: number;
  readonly refreshTokenIdleLifetime: number;
  /** The longest an access token can live. */
  readonly maxLifetime: number;
}

export interface CodeContext extends GrantingContext {
  readonly handles: Lazy<Handles>;
  readonly codeLifetime: number;
}

/** What the authorization request bound its code to. RFC 6749 section 4.1.3, RFC 7636 section 4.4 */
export interface CodeBinding {
  readonly redirect_uri: string;
  readonly code_challenge?: string;
}

/**
 * Stores a new grant whose code can be redeemed once, and gives the code. The grant's id is made by `createGrantId`, so
 * that tokens of a hybrid flow can be issued from it beside this.
 */
export async function issueCode(grant: Grant, binding: CodeBinding, context: CodeContext): Promise<string> {
  const now = context.clock();
  const [handles] = await Promise.all([
    context.handles(),
    context.grants.put({ ...grantState(grant, now, context), ...binding, code_expires_at: now + context.codeLifetime }),
  ]);
  return handles.mint('code', { id: grant.grant_id }).text;
}

/** Stores a grant that was obtained without a code, for the sake of its refresh tokens. */
export const storeGrant = (grant: Grant, context: GrantingContext): Promise<void> =>
  context.grants.put({ ...grantState(grant, context.clock(), context), state: 'active' });

/** Whether the client uses refresh tokens, and the subject allowed it access in its absence. OpenID Connect Core section 11 */
export const hasRefreshTokens = (grant: Pick<Grant, 'client' | 'scope'>): boolean =>
  grant.client.grant_types.includes('refresh_token') && scopesOf(grant).includes('offline_access');

const scopesOf = ({ scope }: Pick<Grant, 'scope'>) => (scope === '' ? [] : parseScope(scope));

/** When a refresh token of this client is too old, unless it is used before. */
export const idleUntil = ({ client }: Pick<Grant, 'client'>, now: number, context: GrantingContext): number =>
  now + (client.refresh_token_idle_lifetime ?? context.refreshTokenIdleLifetime);

function grantState(grant: Grant, now: number, context: GrantingContext): GrantState {
  const { grant_id, client, sub, resources } = grant;
  const offline = hasRefreshTokens(grant);
  const ends_at = now + (client.refresh_token_lifetime ?? context.refreshTokenLifetime);
  return {
    grant_id,
    state: 'code',
    client_id: client.client_id,
    sub,
    scope: scopesOf(grant),
    resources: resources.map(({ identifier }) => identifier),
    issued_at: now,
    code_expires_at: now,
    generation: 0,
    rotated_at: now,
    offline,
    ends_at,
    idle_until: idleUntil(grant, now, context),
    transition: randomId(),
    ...signInOf(grant),
    // A replayed code must find it for as long as anything lives that came from the first one.
    expires_at: (offline ? ends_at : now + DAY) + context.maxLifetime + MAX_CLOCK_SKEW_SECONDS,
  };
}

/** Longer than any code lives. */
const DAY = 86_400;
