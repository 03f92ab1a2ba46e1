import type { HttpRequest, HttpResponse } from '../http/message.ts';
import { seeOther } from '../http/message.ts';
import { OAuthError } from '../oauth/errors.ts';

/**
 * Redirects a posted request to the same request as a query, because browsers send the cookie with a redirect, but not with a
 * form from another site. OpenID Connect Core section 3.1.2.1, RFC 6265bis section 5.7.1
 * @param toQuery makes a query of the form's parameters
 * @throws OAuthError `invalid_request` when the request has parameters in its query as well
 */
export function redirectAsQuery({ query }: HttpRequest, endpoint: string, toQuery: () => string): HttpResponse {
  if (query !== '') throw new OAuthError('invalid_request', 'parameters are in both the query and the body');
  return seeOther(`${endpoint}?${toQuery()}`);
}
