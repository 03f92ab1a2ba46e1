import type { Clock } from '../clock.ts';
import { type Grant, signInOf } from '../oauth/grant.ts';
import type { GrantState } from '../oauth/grant-state.ts';
import { type HandlesByKind, randomId } from '../oauth/handle.ts';
import { MAX_CLOCK_SKEW_SECONDS } from '../oauth/revocation.ts';
import { parseScope } from '../oauth/scope.ts';
import type { GrantStore } from '../store/grant.ts';
import { type LifetimePolicy, longestLifetimeOf } from './lifetime.ts';

/** Lifetimes are in seconds. */
export interface GrantingContext extends LifetimePolicy {
  readonly clock: Clock;
  readonly grants: GrantStore;
  /** Unless the client has another value. */
  readonly refreshTokenLifetime: number;
  /** After the last refresh, unless the client has another value. */
  readonly refreshTokenIdleLifetime: number;
}

export interface CodeContext extends GrantingContext {
  readonly handles: HandlesByKind<'code'>;
  readonly codeLifetime: number;
}

/** RFC 6749 section 4.1.3, RFC 7636 section 4.4 */
export interface CodeBinding {
  readonly redirect_uri: string;
  readonly redirect_uri_omitted?: true;
  readonly code_challenge?: string;
}

/**
 * The caller makes id and secret with `createGrantId`, so that a hybrid flow can issue tokens from the grant at the same time.
 */
export async function issueCode(
  grant: Grant,
  secret: string,
  binding: CodeBinding,
  context: CodeContext,
): Promise<string> {
  const now = context.clock();
  const [handles] = await Promise.all([
    context.handles.code(),
    context.grants.put({ ...grantState(grant, now, context), ...binding, code_expires_at: now + context.codeLifetime }),
  ]);
  return handles.mint({ secret }).text;
}

/** For a grant without a code, so that it can be refreshed or revoked. */
export const storeGrant = (grant: Grant, context: GrantingContext): Promise<void> =>
  context.grants.put({ ...grantState(grant, context.clock(), context), state: 'active' });

/** OpenID Connect Core section 11 */
export const hasRefreshTokens = (grant: Pick<Grant, 'client' | 'scope'>): boolean =>
  grant.client.grant_types.includes('refresh_token') && scopesOf(grant).includes('offline_access');

const scopesOf = ({ scope }: Pick<Grant, 'scope'>) => (scope === '' ? [] : parseScope(scope));

/** In seconds since the epoch. */
export const idleUntil = ({ client }: Pick<Grant, 'client'>, now: number, context: GrantingContext): number =>
  now + (client.refresh_token_idle_lifetime ?? context.refreshTokenIdleLifetime);

/** When everything issued from a new grant has expired, so that a replayed code is recognised until then. */
export function grantExpiry(grant: Grant, { clock, maxLifetime, ...context }: GrantingContext): number {
  const now = clock();
  const last = hasRefreshTokens(grant) ? endOf(grant, now, context) : now + DAY;
  return last + maxLifetime + MAX_CLOCK_SKEW_SECONDS;
}

const endOf = (
  { client }: Grant,
  now: number,
  { refreshTokenLifetime }: Pick<GrantingContext, 'refreshTokenLifetime'>,
) => now + (client.refresh_token_lifetime ?? refreshTokenLifetime);

function grantState(grant: Grant, now: number, context: GrantingContext): GrantState {
  const { grant_id, client, sub, resources } = grant;
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
    offline: hasRefreshTokens(grant),
    ends_at: endOf(grant, now, context),
    idle_until: idleUntil(grant, now, context),
    transition: randomId(),
    ...signInOf(grant),
    access_token_lifetime: longestLifetimeOf(grant, context),
    expires_at: grantExpiry(grant, context),
  };
}

/** Seconds: longer than the lifetime of any code. */
const DAY = 86_400;
