import type { AccessTokenFormatName } from '../oauth/access-token.ts';
import { encryptedJwtExplanation } from './encrypted-jwt.ts';
import type { FormatExplanation } from './explanation.ts';
import { jwtExplanation } from './jwt.ts';
import { referenceExplanation } from './reference.ts';
import { sealedExplanation } from './sealed.ts';

/** For the command line. */
export const explanations: Readonly<Record<AccessTokenFormatName, FormatExplanation>> = {
  jwt: jwtExplanation,
  encrypted_jwt: encryptedJwtExplanation,
  sealed: sealedExplanation,
  reference: referenceExplanation,
};
