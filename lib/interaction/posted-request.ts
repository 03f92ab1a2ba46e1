import type { HttpRequest, HttpResponse } from '../http/message.ts';
import { seeOther } from '../http/message.ts';
import { OAuthError } from '../oauth/errors.ts';

/**
 * Redirects a request that a client posts to the same request as a query: browsers send the cookie with that, but not with a
 * form of another site. OpenID Connect Core section 3.1.2.1, RFC 6265bis section 5.7.1
 * @param toQuery gives the parameters of the form as a query
 * @throws OAuthError `invalid_request` when there are parameters in the query as well
 */
export function redirectAsQuery({ query }: HttpRequest, endpoint: string, toQuery: () => string): HttpResponse {
  if (query !== '') throw new OAuthError('invalid_request', 'parameters are in both the query and the body');
  return seeOther(`${endpoint}?${toQuery()}`);
}
