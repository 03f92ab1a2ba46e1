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

/** What an endpoint asks for when a person is to be signed out, and what follows. */
export interface SignOutRequest {
  /** The request as a query: the confirmation page posts to it. */
  readonly query: string;
  /** The subject that the client means. */
  readonly sub: string | undefined;
  /** Where the answer may lead beside this service, as in a `Continuation`. */
  readonly formAction: readonly string[];
  /** The answer once nobody is signed in with this browser. */
  complete(): HttpResponse;
}

/**
 * Signs the person out of this browser. A client can send any browser here, so the person is asked first, unless the client
 * has shown that it knows who is signed in. OpenID Connect RP-Initiated Logout section 2
 * @param form what was submitted from the confirmation page
 */
export async function signOut(
  visit: Visit<SignOutContext>,
  { query, sub, formAction, complete }: SignOutRequest,
  form: Form | undefined,
): Promise<HttpResponse> {
  const { request, browser, site, context } = visit;
  const { session } = browser;
  const page: PageForm = { page: 'sign_out', query, purpose: ['logout'] };
  // Checked first: browsers send no cookie with a form of another site, which does not mean that nobody is signed in.
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
