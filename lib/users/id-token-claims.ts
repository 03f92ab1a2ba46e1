import { parseClaimsRequest } from '../oauth/claims-request.ts';
import type { Grant } from '../oauth/grant.ts';
import type { UserClaims } from '../oauth/user.ts';
import { findUserClaims, selectClaims, type UserClaimsContext } from './claims.ts';

/**
 * The claims about the subject that belong in an ID token: those that the `claims` parameter requests there (OpenID Connect Core
 * section 5.5).
 * @param byScope whether to add the claims of the scopes, because no access token for the userinfo endpoint is issued (section
 * 5.4)
 */
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
