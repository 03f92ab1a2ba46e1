import type { Clock } from '../clock.ts';
import type { Extensions } from '../extensions.ts';
import { type AccessTokenFormatName, DEFAULT_FORMAT, MAX_TOKEN_LENGTH } from '../oauth/access-token.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { Grant } from '../oauth/grant.ts';
import { requireUnicode } from '../unicode.ts';
import type { IssuingContext, NewClaims } from './format.ts';
import { formats } from './formats.ts';
import { type LifetimePolicy, lifetimeOf } from './lifetime.ts';

export interface AccessTokenContext extends IssuingContext, LifetimePolicy {
  readonly issuer: string;
  readonly clock: Clock;
  readonly extensions: Extensions;
}

/** RFC 6749 section 5.1 */
export interface AccessTokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly scope?: string;
}

/** @throws OAuthError `invalid_target` or `invalid_request`; Unavailable */
export async function issueAccessToken(grant: Grant, context: AccessTokenContext): Promise<AccessTokenResponse> {
  const { grant_id, root_sid, client, sub, scope, resources } = grant;
  const iat = context.clock();
  const expires_in = lifetimeOf(grant, context);
  const [audience, ...others] = new Set(resources.map((resource) => resource.audience));
  // A claim that this token does not have would not override that of the hook, so the hook's is always dropped.
  const added = context.extensions.accessTokenClaims?.(grant) ?? {};
  const { scope: _, root_sid: __, ...more } = requireUnicode(added, 'accessTokenClaims');
  const claims: NewClaims = {
    ...more,
    iss: context.issuer,
    sub,
    aud: others.length === 0 && audience !== undefined ? audience : [audience ?? '', ...others],
    client_id: client.client_id,
    ...(scope !== '' && { scope }),
    iat,
    exp: iat + expires_in,
    grant_id,
    ...(root_sid !== undefined && { root_sid }),
  };
  const access_token = await formats[formatFor(grant)].issue(claims, context, resources);
  if (access_token.length > MAX_TOKEN_LENGTH) throw new OAuthError('invalid_request', 'the token would be too large');
  return { access_token, token_type: 'Bearer', expires_in, ...(scope !== '' && { scope }) };
}

/** A token has one format, so resource servers with different formats cannot share it. RFC 8707 section 2 */
function formatFor({ client, resources }: Grant): AccessTokenFormatName {
  if (client.access_token_format) return client.access_token_format;
  const [format, ...others] = new Set(resources.map(({ access_token_format = DEFAULT_FORMAT }) => access_token_format));
  if (format === undefined || others.length > 0) {
    throw new OAuthError('invalid_target', 'one token cannot serve these resource servers together');
  }
  return format;
}
