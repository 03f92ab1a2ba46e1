import { parseClaimsRequest } from '../oauth/claims-request.ts';
import type { Grant } from '../oauth/grant.ts';
import type { UserClaims } from '../oauth/user.ts';
import { findUserClaims, selectClaims, type UserClaimsContext } from './claims.ts';

/** As requested by `claims` (OpenID Connect Core section 5.5); `byScope` adds those of the scopes (section 5.4). */
export async function idTokenClaims(
  { sub, client, scope, claims }: Pick<Grant, 'sub' | 'client' | 'scope' | 'claims'>,
  byScope: boolean,
  context: UserClaimsContext,
): Promise<UserClaims> {
  const requested = parseClaimsRequest(claims).id_token;
  if (!byScope && requested.size === 0) return {};
  const known = (await findUserClaims(sub, context)) ?? {};
  return selectClaims(known, { scope: byScope ? scope.split(' ') : [], requested, allowed: client.scope.split(' ') });
}
