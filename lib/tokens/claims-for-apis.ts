import { type AccessTokenFormatName, hasSoleReader } from '../oauth/access-token.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { Grant } from '../oauth/grant.ts';
import { type Memberships, membershipNames } from '../oauth/membership.ts';
import type { NewClaims } from './format.ts';

type Resources = Grant['resources'];

/** What APIs were registered for with `latchkey resource`. */
export function audienceFor(resources: Resources, format: AccessTokenFormatName): NewClaims['aud'] {
  const further = hasSoleReader(format) ? [] : resources.map((resource) => resource.access_token_static_audience ?? []);
  const [audience = '', ...others] = new Set([...resources.map((resource) => resource.audience), ...further.flat()]);
  return others.length === 0 ? audience : [audience, ...others];
}

/** @throws OAuthError `invalid_target` when the APIs differ */
export function scopeFor(scope: string, resources: Resources): Pick<NewClaims, 'scope'> | undefined {
  const [isList, ...others] = new Set(resources.map(({ access_token_scope_list = false }) => access_token_scope_list));
  if (others.length > 0) throw notTogether();
  return scope === '' ? undefined : { scope: isList ? scope.split(' ') : scope };
}

export const notBefore = (resources: Resources, iat: number) =>
  resources.some((resource) => resource.access_token_nbf) ? { nbf: iat } : undefined;

/** By the name that each API has for them. @throws OAuthError `invalid_target` when one's groups have the name of another's roles */
export function membershipClaims(memberships: Memberships, resources: Resources): Readonly<Record<string, unknown>> {
  const claimsOf = (name: keyof Memberships) => resources.map((api) => api[`${name}_claim`] ?? name);
  const present = membershipNames.filter((name) => memberships[name] !== undefined);
  const roles = claimsOf('roles');
  if (present.length > 0 && claimsOf('groups').some((claim) => roles.includes(claim))) throw notTogether();
  const entries = present.flatMap((name) => claimsOf(name).map((claim) => [claim, memberships[name]]));
  return Object.fromEntries(entries);
}

const notTogether = () => new OAuthError('invalid_target', 'one token cannot serve these resource servers together');
