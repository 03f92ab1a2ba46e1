import type { Clock } from '../clock.ts';
import type { Lazy } from '../lazy.ts';
import { type Grant, signInOf } from '../oauth/grant.ts';
import type { GrantState } from '../oauth/grant-state.ts';
import { type Handles, randomId } from '../oauth/handle.ts';
import { MAX_CLOCK_SKEW_SECONDS } from '../oauth/revocation.ts';
import { parseScope } from '../oauth/scope.ts';
import type { GrantStore } from '../store/grant.ts';

/** What it takes to store a grant. Lifetimes are in seconds. */
export interface GrantingContext {
  readonly clock: Clock;
  readonly grants: GrantStore;
  /** How long a grant can be refreshed, unless the client has another value. */
  readonly refreshTokenLifetime: number;
  /** How long it can be refreshed after the last refresh, unless the client has another value. */
  readonly refreshTokenIdleLifetime: number;
  /** The longest lifetime of an access token. */
  readonly maxLifetime: number;
}

export interface CodeContext extends GrantingContext {
  readonly handles: Lazy<Handles>;
  readonly codeLifetime: number;
}

/** What a code is bound to by its authorization request. RFC 6749 section 4.1.3, RFC 7636 section 4.4 */
export interface CodeBinding {
  readonly redirect_uri: string;
  readonly code_challenge?: string;
}

/**
 * Stores a new grant and returns its code, which can be redeemed once. The caller makes the grant's id with `createGrantId`, so
 * that a hybrid flow can issue tokens from the grant at the same time.
 * @throws Unavailable
 */
export async function issueCode(grant: Grant, binding: CodeBinding, context: CodeContext): Promise<string> {
  const now = context.clock();
  const [handles] = await Promise.all([
    context.handles(),
    context.grants.put({ ...grantState(grant, now, context), ...binding, code_expires_at: now + context.codeLifetime }),
  ]);
  return handles.mint('code', { id: grant.grant_id }).text;
}

/** Stores a grant that was obtained without a code, so that it can be refreshed or revoked. @throws Unavailable */
export const storeGrant = (grant: Grant, context: GrantingContext): Promise<void> =>
  context.grants.put({ ...grantState(grant, context.clock(), context), state: 'active' });

/** Whether the client uses refresh tokens, and the grant has the scope `offline_access`. OpenID Connect Core section 11 */
export const hasRefreshTokens = (grant: Pick<Grant, 'client' | 'scope'>): boolean =>
  grant.client.grant_types.includes('refresh_token') && scopesOf(grant).includes('offline_access');

const scopesOf = ({ scope }: Pick<Grant, 'scope'>) => (scope === '' ? [] : parseScope(scope));

/** When a refresh token expires that is not used, in seconds since the epoch. */
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
    // The grant is kept until everything issued from it has expired, so that a replayed code is recognised until then.
    expires_at: (offline ? ends_at : now + DAY) + context.maxLifetime + MAX_CLOCK_SKEW_SECONDS,
  };
}

/** Seconds: longer than the lifetime of any code. */
const DAY = 86_400;
