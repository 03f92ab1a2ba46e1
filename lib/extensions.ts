import type { AccessToken } from './oauth/access-token.ts';
import type { Grant } from './oauth/grant.ts';
import type { UserClaims } from './oauth/user.ts';

/** The hooks for a deployment's own rules. A hook that is not set costs nothing. */
export interface Extensions {
  /** They never replace a claim of Latchkey. */
  readonly accessTokenClaims?: (grant: Grant) => Readonly<Record<string, unknown>>;
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
   * By their names in OpenID Connect Core section 5.1, before selection by scope; undefined for a user who is gone. With
   * `authenticateUser`, users in the table keep their claims there.
   */
  readonly claimsFor?: (sub: string) => Promise<UserClaims | undefined>;
}

export const extensions: Extensions = {};
