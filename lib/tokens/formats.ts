import { type AccessTokenFormatName, accessTokenFormats, MAX_TOKEN_LENGTH } from '../oauth/access-token.ts';
import { InvalidToken } from '../oauth/errors.ts';
import { encryptedJwt } from './encrypted-jwt.ts';
import type { AccessTokenFormat } from './format.ts';
import { jwt } from './jwt.ts';
import { reference } from './reference.ts';
import { sealed } from './sealed.ts';

/** A new format is a file and a line here and in `explanations.ts`. */
export const formats: { readonly [Name in AccessTokenFormatName]: AccessTokenFormat<Name> } = {
  jwt,
  encrypted_jwt: encryptedJwt,
  sealed,
  reference,
};

/** By the token's form alone. @throws InvalidToken */
export function formatOf(token: string): AccessTokenFormatName {
  if (token.length > MAX_TOKEN_LENGTH) throw new InvalidToken('is too long');
  const name = accessTokenFormats.find((candidate) => formats[candidate].matches(token));
  if (!name) throw new InvalidToken('is not in the form of an access token');
  return name;
}
