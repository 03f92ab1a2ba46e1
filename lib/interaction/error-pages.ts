import type { HttpRequest, HttpResponse } from '../http/message.ts';
import { OAuthError } from '../oauth/errors.ts';
import { errorPage, faultPage } from '../pages/error.ts';
import { siteFor, type VisitContext } from './visit.ts';

/** The browser must not be redirected to an unregistered URI. RFC 6749 section 4.1.2.1, RFC 9700 section 4.11 */
export class UntrustedClient extends OAuthError {}

/** A refusal gives its reason; a fault, which is any other error, does not. */
export function createErrorPages(request: HttpRequest, context: Pick<VisitContext, 'service'>) {
  const site = siteFor(request, context);
  return (error: unknown): HttpResponse => {
    if (!(error instanceof OAuthError)) return faultPage(site);
    const { code, message: description, status } = error;
    const kind = error instanceof UntrustedClient ? 'client' : 'request';
    return errorPage(site, { status, kind, code, description });
  };
}
