import { OAuthError } from '../oauth/errors.ts';

/** One answer for an unknown caller, a wrong secret and a disabled record. RFC 6749 section 5.2, RFC 7617 section 2.1. */
export const invalidClient = () =>
  new OAuthError('invalid_client', 'client authentication failed', {
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="latchkey", charset="UTF-8"' },
  });
