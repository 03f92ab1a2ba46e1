import type { Extensions } from '../extensions.ts';
import { isRequestedValue, type RequestedClaims } from '../oauth/claims-request.ts';
import { requireMemberships } from '../oauth/membership.ts';
import type { User, UserClaims } from '../oauth/user.ts';
import { requireJsonObject } from '../unicode.ts';

/** OpenID Connect Core section 5.4, and the scopes of Latchkey */
const claimsByScope = {
  profile: [
    'name',
    'family_name',
    'given_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
  groups: ['groups'],
  roles: ['roles'],
} as const satisfies Record<string, readonly string[]>;

const entries = Object.entries(claimsByScope);

export const userClaimNames: readonly string[] = Object.values(claimsByScope).flat();

/** A client may only have a claim if it may have the scope. */
export const scopesOfClaims = (requested: RequestedClaims): string[] =>
  entries.filter(([, names]) => names.some((name) => requested.has(name))).map(([scope]) => scope);

export interface UserClaimsContext {
  readonly extensions: Pick<Extensions, 'authenticateUser' | 'claimsFor'>;
  findUser(sub: string): Promise<Pick<User, 'claims' | 'enabled'> | undefined>;
}

/**
 * `claimsFor` supplies those of users in the table, or with `authenticateUser` of all others. Undefined when gone or disabled.
 */
export async function findUserClaims(sub: string, context: UserClaimsContext): Promise<UserClaims | undefined> {
  const { authenticateUser, claimsFor } = context.extensions;
  if (authenticateUser) {
    // One after the other, so that users in the table do not depend on the directory.
    const user = await context.findUser(sub);
    if (user) return user.enabled ? user.claims : undefined;
    return claimsFor ? supplied(await claimsFor(sub)) : {};
  }
  const [user, claims] = await Promise.all([context.findUser(sub), claimsFor?.(sub)]);
  if (!user?.enabled) return undefined;
  return claimsFor ? withStoredMemberships(supplied(claims), user.claims) : user.claims;
}

const supplied = (claims: UserClaims | undefined) => claims && requireJsonObject(claims, 'claimsFor');

/** Those of the table count as far as the hook says nothing of them. */
const withStoredMemberships = (claims: UserClaims | undefined, { groups, roles }: UserClaims) =>
  claims && { ...(groups !== undefined && { groups }), ...(roles !== undefined && { roles }), ...claims };

/**
 * Those granted by scope, or requested with an acceptable value; none outside `allowed`. OpenID Connect Core section 5.3.2
 * @throws TypeError for malformed groups or roles
 */
export function selectClaims(
  known: UserClaims,
  {
    scope,
    requested,
    allowed,
  }: {
    readonly scope: readonly string[];
    readonly requested: RequestedClaims;
    readonly allowed: readonly string[];
  },
): UserClaims {
  const names = entries.flatMap(([name, claims]) => {
    if (!allowed.includes(name)) return [];
    if (scope.includes(name)) return claims;
    return claims.filter((claim) => {
      const request = requested.get(claim);
      return request !== undefined && isRequestedValue(known[claim], request);
    });
  });
  if (names.includes('groups') || names.includes('roles')) requireMemberships(known);
  return Object.fromEntries(names.filter((claim) => isFilledIn(known[claim])).map((claim) => [claim, known[claim]]));
}

const isFilledIn = (value: unknown) =>
  value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
