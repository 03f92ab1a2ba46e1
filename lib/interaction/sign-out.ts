import { browserCookie } from '../http/cookie.ts';
import type { Form } from '../http/form.ts';
import type { HttpResponse } from '../http/message.ts';
import { isSameOrigin } from '../http/same-origin.ts';
import { outdatedPage } from '../pages/error.ts';
import { confirmSignOutPage } from '../pages/sign-out.ts';
import { type EndSessionContext, endSession } from '../revocation/end-session.ts';
import { createHtmlForm, isGenuineSubmission, type PageForm } from './page-form.ts';
import type { Visit, VisitContext } from './visit.ts';

export type SignOutContext = VisitContext & EndSessionContext;

/** A request to sign a person out, and what follows. */
export interface SignOutRequest {
  /** The request as a query, to which the confirmation page posts. */
  readonly query: string;
  /** The subject that the client wants to be signed out. */
  readonly sub: string | undefined;
  /** Where the response may lead besides this service, as in a `Continuation`. */
  readonly formAction: readonly string[];
  /** The response when nobody is signed in with this browser any more. */
  complete(): HttpResponse;
}

/**
 * Signs the person out of this browser. Any site can send a browser here, so the person is asked to confirm, unless the client
 * has named the subject who is signed in. OpenID Connect RP-Initiated Logout section 2
 * @param form submitted from the confirmation page
 * @throws Unavailable
 */
export async function signOut(
  visit: Visit<SignOutContext>,
  { query, sub, formAction, complete }: SignOutRequest,
  form: Form | undefined,
): Promise<HttpResponse> {
  const { request, browser, site, context } = visit;
  const { session } = browser;
  const page: PageForm = { page: 'sign_out', query, purpose: ['logout'] };
  // Checked first, because browsers send no cookie with a form from another site: then a missing session proves nothing.
  if (form && !isSameOrigin(request, context.issuer)) return outdatedPage(site, `?${query}`);
  if (!session) return withoutCookie(complete(), context);

  if (form && !isGenuineSubmission(form, page, visit)) return outdatedPage(site, `?${query}`);
  if (!form && sub !== session.sub) return confirmSignOutPage(site, { form: createHtmlForm(page, visit), formAction });
  await endSession(session, context);
  context.log.info('signed out', { client_id: site.client?.client_id });
  return withoutCookie(complete(), context);
}

const withoutCookie = (response: HttpResponse, { issuer }: SignOutContext): HttpResponse => ({
  ...response,
  headers: { ...response.headers, 'set-cookie': browserCookie(issuer).clear() },
});
