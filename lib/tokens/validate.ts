import { type AccessToken, isSelfContained, type RevocationMaxAge } from '../oauth/access-token.ts';
import { LastingRefusal } from '../oauth/errors.ts';
import type { ValidationContext } from './format.ts';
import { formatOf, formats } from './formats.ts';

/** The caller checks the audience. @throws InvalidToken; Unavailable when the revocation list or the token cannot be read */
export async function validateAccessToken(
  token: string,
  maxAge: RevocationMaxAge,
  context: ValidationContext,
): Promise<AccessToken> {
  const format = formatOf(token);
  // A forgery is refused before the store is read. A reference token is read at the same time as the list.
  const verifying = formats[format].verify(token, context);
  const verified = isSelfContained(format) ? await verifying : verifying;
  const [accessToken, revocations] = await Promise.all([verified, context.revocations.fresh(maxAge[format])]);
  if (revocations.isRevoked(accessToken)) throw new LastingRefusal('was revoked');
  return accessToken;
}
