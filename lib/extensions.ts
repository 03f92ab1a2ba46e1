import type { AccessToken } from './oauth/access-token.ts';
import type { Grant } from './oauth/grant.ts';
import type { Subject } from './oauth/subject.ts';
import type { UserClaims } from './oauth/user.ts';

type AddedClaims = Readonly<Record<string, unknown>>;

/** The hooks for a deployment's own rules. A hook that is not set costs nothing. */
export interface Extensions {
  /**
   * They never replace a claim of Latchkey. The grant has the client and the APIs; `findUser` reads the claims of the user, with one
   * request of the store or `claimsFor`, and is undefined for a client that acts for itself.
   */
  readonly accessTokenClaims?: (grant: Grant, subject: Pick<Subject, 'findUser'>) => AddedClaims | Promise<AddedClaims>;
  /**
   * Additional values for the authorizer's `context`. Throw `InvalidToken` to refuse the request. API Gateway may cache the
   * response, so decide by the token alone.
   */
  readonly tokenValidated?: (token: AccessToken) => Readonly<Record<string, string | number | boolean>>;
  /**
   * Users who are not in the table; undefined for an unknown name as for a wrong password. Called for every name after
   * throttling, so that the time reveals no name. For a name in the table, the password is random and the result is ignored.
   * A directory in which somebody has several names can answer `{ sub, isWrong: true }` to a wrong password: guesses at all names of
   * a subject then count together.
   */
  readonly authenticateUser?: (
    username: string,
    password: string,
  ) => Promise<{ readonly sub: string; readonly amr?: readonly string[]; readonly isWrong?: boolean } | undefined>;
  /**
   * By their names in OpenID Connect Core section 5.1, before selection by scope, and `groups` and `roles`; undefined for a user who
   * is gone. With `authenticateUser`, users in the table keep their claims there; without, they keep the groups and roles of the table
   * if this answer has none.
   */
  readonly claimsFor?: (sub: string) => Promise<UserClaims | undefined>;
}

export const extensions: Extensions = {};
