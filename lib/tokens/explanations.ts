import type { AccessTokenFormatName } from '../oauth/access-token.ts';
import { explainedEncryptedJwt } from './encrypted-jwt.ts';
import type { FormatExplanation } from './explanation.ts';
import { explainedJwt } from './jwt.ts';
import { explainedReference } from './reference.ts';
import { explainedSealed } from './sealed.ts';

/** For the command line. */
export const explanations: Readonly<Record<AccessTokenFormatName, FormatExplanation>> = {
  jwt: explainedJwt,
  encrypted_jwt: explainedEncryptedJwt,
  sealed: explainedSealed,
  reference: explainedReference,
};
