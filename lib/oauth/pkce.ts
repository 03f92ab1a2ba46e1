import { createHash } from 'node:crypto';
import { OAuthError } from './errors.ts';

/** The one method there is: `plain` shows the verifier to whoever sees the request. RFC 9700 section 2.1.1 */
export const CODE_CHALLENGE_METHOD = 'S256';

/** RFC 7636 section 4.1. */
const VERIFIER = /^[\w.~-]{43,128}$/;

/** SHA-256 in base64url. RFC 7636 section 4.2 */
const CHALLENGE = /^[\w-]{43}$/;

export const isCodeChallenge = (text: string): boolean => CHALLENGE.test(text);

/**
 * The challenge that a verifier answers. RFC 7636 section 4.6
 * @throws OAuthError `invalid_grant` for what can be no verifier
 */
export function deriveCodeChallenge(verifier: string): string {
  if (!VERIFIER.test(verifier)) throw new OAuthError('invalid_grant', 'code_verifier is malformed');
  return createHash('sha256').update(verifier).digest('base64url');
}
