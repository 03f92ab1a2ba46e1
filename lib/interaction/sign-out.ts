import { browserCookie } from '../http/cookie.ts';
import type { Form } from '../http/form.ts';
import type { HttpResponse } from '../http/message.ts';
import { hasGrants, type Session } from '../oauth/session.ts';
import { refusedFormPage } from '../pages/error.ts';
import { confirmSignOutPage } from '../pages/sign-out.ts';
import { type EndSessionContext, endSession } from '../revocation/end-session.ts';
import type { Browser } from './browser-session.ts';
import type { IdTokenHint } from './id-token-hint.ts';
import { createHtmlForm, type PageForm, whyRefused } from './page-form.ts';
import type { Visit, VisitContext } from './visit.ts';

export type SignOutContext = VisitContext & EndSessionContext;

export interface SignOutRequest {
  /** The confirmation page posts to it. */
  readonly query: string;
  /** Whom the client wants to be signed out, and of which session. */
  readonly hint: Pick<IdTokenHint, 'sub' | 'sid'> | undefined;
  /** When nobody is signed in with this browser any more. */
  complete(): HttpResponse;
}

/**
 * Any site can send a browser here, so the person confirms, unless the client named them and their session. RP-Initiated Logout
 * section 2
 */
export async function signOut(
  visit: Visit<SignOutContext>,
  { query, hint, complete }: SignOutRequest,
  form: Form | undefined,
): Promise<HttpResponse> {
  const { browser, site, context } = visit;
  const session = browser.session ?? expiredWithGrants(browser, context);
  const page: PageForm = { page: 'sign_out', query, purpose: ['logout'] };
  const refusal = form && whyRefused(form, page, visit);
  // With another site's form, browsers send no cookie: a missing session then proves nothing.
  if (refusal && (session || refusal === 'foreign')) return refusedFormPage(site, refusal, `?${query}`);
  if (!session) return withoutCookie(complete(), context);

  if (!form && !isNamed(session, hint)) return confirmSignOutPage(site, createHtmlForm(page, visit));
  await endSession(session, context);
  context.log.info('signed out', { client_id: site.client?.client_id });
  return withoutCookie(complete(), context);
}

/** Its grants can outlive a session by weeks, and the person means them too. */
const expiredWithGrants = ({ earlier }: Browser, { clock }: SignOutContext): Session | undefined =>
  earlier && hasGrants(earlier, clock()) ? earlier : undefined;

/** An ID token of an earlier sign-in does not name the present session, even in the same browser. */
const isNamed = (session: Session, hint: SignOutRequest['hint']): boolean =>
  hint?.sid === session.sid && hint.sub === session.sub;

const withoutCookie = (response: HttpResponse, { issuer }: SignOutContext): HttpResponse => ({
  ...response,
  cookies: [browserCookie(issuer).clear()],
});
