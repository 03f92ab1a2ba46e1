import { type CallerId, OAuthError } from '../oauth/errors.ts';

type Reason =
  | 'no authentication'
  | 'malformed authentication'
  | 'unknown client'
  | 'disabled client'
  | 'method not allowed for this client'
  | 'wrong secret'
  | 'expired secret'
  | 'wrong or expired secret'
  | 'not for a public client';

/**
 * One answer for an unknown caller, a wrong secret and a disabled record; only the log tells them apart. RFC 6749 section
 * 5.2, RFC 7617 section 2.1.
 */
export const invalidClient = (reason: Reason, caller?: CallerId) =>
  new OAuthError('invalid_client', 'client authentication failed', {
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="latchkey", charset="UTF-8"' },
    reason,
    ...(caller && { caller }),
  });
