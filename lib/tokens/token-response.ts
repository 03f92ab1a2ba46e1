import type { Grant } from '../oauth/grant.ts';
import { type IdTokenContext, issueIdToken, wantsIdToken } from './id-token.ts';
import { type AccessTokenContext, type AccessTokenResponse, issueAccessToken } from './issue.ts';
import { mintRefreshToken } from './refresh-token.ts';

export type TokenResponseContext = AccessTokenContext & IdTokenContext;

/** RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3 */
export interface TokenResponse extends AccessTokenResponse {
  readonly refresh_token?: string;
  readonly id_token?: string;
}

/** A refresh token if the grant has a generation, and an ID token if the scope requests one. */
export async function issueTokens(grant: Grant, context: TokenResponseContext): Promise<TokenResponse> {
  const { grant_id, generation } = grant;
  const response = await issueAccessToken(grant, context);
  const { access_token } = response;
  return {
    ...response,
    ...(generation !== undefined && {
      refresh_token: mintRefreshToken(await context.handles(), grant_id, generation),
    }),
    ...(wantsIdToken(grant) && { id_token: await issueIdToken(grant, { access_token }, context) }),
  };
}
