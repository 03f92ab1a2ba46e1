import type { HttpRequest, HttpResponse } from '../http/message.ts';
import { OAuthError } from '../oauth/errors.ts';
import { errorPage, faultPage } from '../pages/error.ts';
import { siteFor, type VisitContext } from './visit.ts';

/**
 * The request names no client, or no redirect URI of its client, so the browser is sent nowhere: the person is told instead.
 * RFC 6749 section 4.1.2.1, RFC 9700 section 4.11
 */
export class UntrustedClient extends OAuthError {}

/** Makes the pages that tell a person of errors. A refusal says why; a fault, which is any other error, does not. */
export function createErrorPages(request: HttpRequest, context: Pick<VisitContext, 'service'>) {
  const site = siteFor(request, context);
  return (error: unknown): HttpResponse => {
    if (!(error instanceof OAuthError)) return faultPage(site);
    const { code, message: description, status } = error;
    const kind = error instanceof UntrustedClient ? 'client' : 'request';
    return errorPage(site, { status, kind, code, description });
  };
}
