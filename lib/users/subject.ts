import { lazy } from '../lazy.ts';
import { parseClaimsRequest } from '../oauth/claims-request.ts';
import type { Grant } from '../oauth/grant.ts';
import { membershipNames, selectMemberships } from '../oauth/membership.ts';
import type { Subject } from '../oauth/subject.ts';
import { findUserClaims, selectClaims, type UserClaimsContext } from './claims.ts';

type Described = Pick<Grant, 'sub' | 'client' | 'scope' | 'claims' | 'auth_time'>;

export function describeSubject(grant: Described, context: UserClaimsContext): Subject {
  const { sub, client, claims, auth_time } = grant;
  const scope = grant.scope.split(' ');
  const asksFor: readonly string[] = membershipNames.filter((name) => scope.includes(name));
  // Without `auth_time` nobody has signed in.
  const findUser = lazy(async () => (auth_time === undefined ? undefined : findUserClaims(sub, context)));
  return {
    findUser,
    async memberships() {
      if (asksFor.length === 0) return {};
      const known = auth_time === undefined ? { ...client } : await findUser();
      return selectMemberships(known ?? {}, asksFor);
    },
    async idTokenClaims(byScope) {
      const requested = parseClaimsRequest(claims).id_token;
      if (!byScope && requested.size === 0 && asksFor.length === 0) return {};
      const known = (await findUser()) ?? {};
      return selectClaims(known, { scope: byScope ? scope : asksFor, requested, allowed: client.scope.split(' ') });
    },
  };
}
