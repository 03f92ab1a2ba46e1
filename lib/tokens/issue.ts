import type { Clock } from '../clock.ts';
import type { Extensions } from '../extensions.ts';
import { type AccessTokenFormatName, DEFAULT_FORMAT, MAX_TOKEN_LENGTH, reservedClaims } from '../oauth/access-token.ts';
import { reachedAcr } from '../oauth/authentication-context.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { Grant } from '../oauth/grant.ts';
import type { Subject } from '../oauth/subject.ts';
import { requireJsonObject } from '../unicode.ts';
import { audienceFor, membershipClaims, notBefore, scopeFor } from './claims-for-apis.ts';
import type { IssuingContext, NewClaims } from './format.ts';
import { formats } from './formats.ts';
import { type LifetimePolicy, lifetimeOf } from './lifetime.ts';

export interface AccessTokenContext extends IssuingContext, LifetimePolicy {
  readonly issuer: string;
  readonly clock: Clock;
  readonly extensions: Extensions;
  describeSubject(grant: Grant): Subject;
}

/** RFC 6749 section 5.1 */
export interface AccessTokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly scope?: string;
}

/** @throws OAuthError `invalid_target` or `invalid_request`; Unavailable */
export async function issueAccessToken(
  grant: Grant,
  context: AccessTokenContext,
  subject: Subject = context.describeSubject(grant),
): Promise<AccessTokenResponse> {
  const { grant_id, root_sid, client, sub, scope, resources, auth_time, amr } = grant;
  const format = formatFor(grant);
  const iat = context.clock();
  const expires_in = lifetimeOf(grant, context);
  const { accessTokenClaims } = context.extensions;
  const [added, memberships] = await Promise.all([
    accessTokenClaims ? addedBy(accessTokenClaims, grant, subject) : undefined,
    subject.memberships(),
  ]);
  const acr = auth_time === undefined ? undefined : reachedAcr(amr);
  const claims: NewClaims = {
    ...added,
    ...membershipClaims(memberships, resources),
    iss: context.issuer,
    sub,
    aud: audienceFor(resources, format),
    client_id: client.client_id,
    ...scopeFor(scope, resources),
    ...(auth_time !== undefined && { auth_time }),
    ...(acr !== undefined && { acr }),
    ...(amr !== undefined && { amr }),
    iat,
    ...notBefore(resources, iat),
    exp: iat + expires_in,
    grant_id,
    ...(root_sid !== undefined && { root_sid }),
  };
  const access_token = await formats[format].issue(claims, context, resources);
  if (access_token.length > MAX_TOKEN_LENGTH) throw tooLarge();
  return { access_token, token_type: 'Bearer', expires_in, ...(scope !== '' && { scope }) };
}

/** Without the claims that are reserved, also those that this token does not have. @throws TypeError for a malformed answer */
async function addedBy(hook: NonNullable<Extensions['accessTokenClaims']>, grant: Grant, { findUser }: Subject) {
  const added = requireJsonObject(await hook(grant, { findUser }), 'accessTokenClaims');
  // Reference tokens are short, whatever their claims.
  if (JSON.stringify(added).length > MAX_TOKEN_LENGTH) throw tooLarge();
  return Object.fromEntries(Object.entries(added).filter(([name]) => !reservedClaims.has(name)));
}

const tooLarge = () => new OAuthError('invalid_request', 'the token would be too large');

/** A token has one format, so resource servers with different formats cannot share it. RFC 8707 section 2 */
function formatFor({ client, resources }: Grant): AccessTokenFormatName {
  if (client.access_token_format) return client.access_token_format;
  const [format, ...others] = new Set(resources.map(({ access_token_format = DEFAULT_FORMAT }) => access_token_format));
  if (format === undefined || others.length > 0) {
    throw new OAuthError('invalid_target', 'one token cannot serve these resource servers together');
  }
  return format;
}
