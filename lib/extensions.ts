import type { AccessToken } from './oauth/access-token.ts';
import type { Grant } from './oauth/grant.ts';
import type { UserClaims } from './oauth/user.ts';

/** The places where a deployment may add its own rules. What is not set costs nothing. */
export interface Extensions {
  /** More claims for an access token. They never replace a claim of ours. */
  readonly accessTokenClaims?: (grant: Grant) => Readonly<Record<string, unknown>>;
  /**
   * At the authorizer, for each request with a valid token: more values for `context`, which never replace one of ours.
   * Throw `InvalidToken` to refuse. The gateway may cache the answer, so decide by the token alone.
   */
  readonly tokenValidated?: (token: AccessToken) => Readonly<Record<string, string | number | boolean>>;
  /**
   * Who signs in, of those who are not kept in the table: undefined for anybody unknown and for a wrong password alike.
   * Attempts are slowed down before it is asked. It is asked about every name, so that the time tells nobody who is where;
   * for a name that is in the table it gets a random password, and its answer does not count.
   */
  readonly authenticateUser?: (
    username: string,
    password: string,
  ) => Promise<{ readonly sub: string; readonly amr?: readonly string[] } | undefined>;
  /**
   * What is known of a subject, by the names of OpenID Connect Core section 5.1; scopes decide what of it is told. Undefined
   * for somebody who is not there any more. Where `authenticateUser` is set, users of the table have the claims of the table.
   */
  readonly claimsFor?: (sub: string) => Promise<UserClaims | undefined>;
}

/** Yours to fill in. */
export const extensions: Extensions = {};
