import type { HttpRequest, HttpResponse } from '../http/message.ts';
import { seeOther } from '../http/message.ts';
import { OAuthError } from '../oauth/errors.ts';

/** Browsers send the cookie with a redirect, but not with another site's form. @throws OAuthError `invalid_request` */
export function redirectAsQuery({ query }: HttpRequest, endpoint: string, toQuery: () => string): HttpResponse {
  if (query !== '') throw new OAuthError('invalid_request', 'parameters are in both the query and the body');
  return seeOther(`${endpoint}?${toQuery()}`);
}
