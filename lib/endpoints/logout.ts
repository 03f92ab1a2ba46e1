import { parseForm, parseQuery } from '../http/form.ts';
import type { Endpoint } from '../http/serve.ts';
import { createErrorPages } from '../interaction/error-pages.ts';
import { leave } from '../interaction/leave.ts';
import { isFromPage } from '../interaction/page-form.ts';
import { redirectAsQuery } from '../interaction/posted-request.ts';
import { type SignOutContext, signOut } from '../interaction/sign-out.ts';
import { openVisit, siteFor } from '../interaction/visit.ts';
import { signedOutPage } from '../pages/sign-out.ts';
import { type LogoutRequestContext, readLogoutRequest, toLogoutQuery } from './logout-request.ts';

export interface LogoutContext extends SignOutContext, LogoutRequestContext {}

/** The logout endpoint. OpenID Connect RP-Initiated Logout 1.0; Back-Channel Logout 1.0 for the clients of the session */
export const logout: Endpoint<LogoutContext> = {
  methods: ['GET', 'POST'],
  async handle(request, context, _identify, renderErrorsWith) {
    renderErrorsWith(createErrorPages(request, context));
    const form = request.method === 'POST' ? parseForm(request) : undefined;
    if (form && !isFromPage(form)) {
      return redirectAsQuery(request, `${context.issuer}/logout`, () => toLogoutQuery(form));
    }
    const parameters = parseQuery(request);
    const [{ client, hint, redirectTo }, visit] = await Promise.all([
      readLogoutRequest(parameters, context),
      openVisit(request, context),
    ]);
    const site = siteFor(request, context, client);
    const signOutRequest = {
      query: toLogoutQuery(parameters),
      hint,
      complete: () => (redirectTo === undefined ? signedOutPage(site) : leave(request, redirectTo, site)),
    };
    return signOut({ ...visit, site }, signOutRequest, form);
  },
};
