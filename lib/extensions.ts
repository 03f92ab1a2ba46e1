import type { AccessToken } from './oauth/access-token.ts';
import type { Grant } from './oauth/grant.ts';
import type { UserClaims } from './oauth/user.ts';

/** The hooks for a deployment's own rules. A hook that is not set costs nothing. */
export interface Extensions {
  /** Additional claims for an access token. They never replace a claim of Latchkey. */
  readonly accessTokenClaims?: (grant: Grant) => Readonly<Record<string, unknown>>;
  /**
   * Called by the authorizer for each request with a valid token. Returns additional values for `context`, which never replace one
   * of Latchkey. Throw `InvalidToken` to refuse the request. The gateway may cache the response, so decide by the token alone.
   */
  readonly tokenValidated?: (token: AccessToken) => Readonly<Record<string, string | number | boolean>>;
  /**
   * Authenticates users who are not in the table. Returns undefined for an unknown name as well as for a wrong password. Failed
   * attempts are throttled before it is called. It is called for every name, so that the time does not reveal which names are in
   * the table; for those names it gets a random password, and its result is ignored.
   */
  readonly authenticateUser?: (
    username: string,
    password: string,
  ) => Promise<{ readonly sub: string; readonly amr?: readonly string[] } | undefined>;
  /**
   * The claims of a subject, by their names in OpenID Connect Core section 5.1; the client gets those that its scopes allow.
   * Returns undefined for a user who no longer exists. If `authenticateUser` is set, users in the table keep the claims of the
   * table.
   */
  readonly claimsFor?: (sub: string) => Promise<UserClaims | undefined>;
}

/** Set your hooks here. */
export const extensions: Extensions = {};
