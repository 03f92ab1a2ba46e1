import type { AccessToken, RevocationMaxAge } from '../oauth/access-token.ts';
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
  // A forgery throws here, before the store is asked anything; for the rest, token and list are read side by side.
  const verifying = formats[format].verify(token, context);
  const [accessToken, revocations] = await Promise.all([verifying, context.revocations.fresh(maxAge[format])]);
  if (revocations.isRevoked(accessToken)) throw new InvalidToken('was revoked');
  return accessToken;
}
