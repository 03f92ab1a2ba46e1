import { type AccessToken, isSelfContained, type RevocationMaxAge } from '../oauth/access-token.ts';
import { InvalidToken } from '../oauth/errors.ts';
import type { RevokingContext } from './format.ts';
import { formatOf, formats } from './formats.ts';

/**
 * Any presented text to the access token that it is: authentic, in force, not revoked. Who it is for is the caller's
 * question.
 * @throws InvalidToken saying why not; Unavailable when that could not be found out
 */
export async function validateAccessToken(
  token: string,
  maxAge: RevocationMaxAge,
  context: RevokingContext,
): Promise<AccessToken> {
  const format = formatOf(token);
  // A forgery ends here, before the store is asked anything. A token that is in the table is read beside the list.
  const verifying = formats[format].verify(token, context);
  const verified = isSelfContained(format) ? await verifying : verifying;
  const [accessToken, revocations] = await Promise.all([verified, context.revocations.fresh(maxAge[format])]);
  if (revocations.isRevoked(accessToken)) throw new InvalidToken('was revoked');
  return accessToken;
}
