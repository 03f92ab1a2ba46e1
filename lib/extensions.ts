import type { AccessToken } from './oauth/access-token.ts';
import type { Grant } from './oauth/grant.ts';

/** The places where a deployment may add its own rules. What is not set costs nothing. */
export interface Extensions {
  /** More claims for an access token. They never replace a claim of ours. */
  readonly accessTokenClaims?: (grant: Grant) => Readonly<Record<string, unknown>>;
  /**
   * At the authorizer, for each request with a valid token: more values for `context`, which never replace one of ours.
   * Throw `InvalidToken` to refuse. The gateway may cache the answer, so decide by the token alone.
   */
  readonly tokenValidated?: (token: AccessToken) => Readonly<Record<string, string | number | boolean>>;
}

/** Yours to fill in. */
export const extensions: Extensions = {};
