import { createHash } from 'node:crypto';
import { OAuthError } from './errors.ts';

/** With `plain`, whoever sees the request has the verifier. RFC 9700 section 2.1.1 */
export const CODE_CHALLENGE_METHOD = 'S256';

/** RFC 7636 section 4.1 */
const VERIFIER = /^[\w.~-]{43,128}$/;

const CHALLENGE = /^[\w-]{43}$/;

export const isCodeChallenge = (text: string): boolean => CHALLENGE.test(text);

/** RFC 7636 section 4.6. @throws OAuthError `invalid_grant` for a malformed verifier */
export function deriveCodeChallenge(verifier: string): string {
  if (!VERIFIER.test(verifier)) throw new OAuthError('invalid_grant', 'code_verifier is malformed');
  return createHash('sha256').update(verifier).digest('base64url');
}
