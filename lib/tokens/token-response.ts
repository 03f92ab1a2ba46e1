import type { ObtainedGrant } from '../oauth/grant.ts';
import type { HandlesByKind } from '../oauth/handle.ts';
import { type IdTokenContext, issueIdToken, wantsIdToken } from './id-token.ts';
import { type AccessTokenContext, type AccessTokenResponse, issueAccessToken } from './issue.ts';

export interface TokenResponseContext extends AccessTokenContext, IdTokenContext {
  readonly handles: HandlesByKind<'reference_token' | 'refresh_token'>;
}

/** RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3 */
export interface TokenResponse extends AccessTokenResponse {
  readonly refresh_token?: string;
  readonly id_token?: string;
}

/**
 * An ID token if the scope requests one. Of a refresh token, the table has only the number. docs/design.md section 3
 */
export async function issueTokens(
  { grant, refresh }: ObtainedGrant,
  context: TokenResponseContext,
): Promise<TokenResponse> {
  const subject = context.describeSubject(grant);
  const response = await issueAccessToken(grant, context, subject);
  const { access_token } = response;
  return {
    ...response,
    ...(refresh && { refresh_token: (await context.handles.refresh_token()).mint(refresh).text }),
    ...(wantsIdToken(grant) && { id_token: await issueIdToken(grant, { access_token }, context, subject) }),
  };
}
