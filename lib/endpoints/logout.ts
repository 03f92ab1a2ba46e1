import { browserCookie } from '../http/cookie.ts';
import { describeRefusal } from '../http/error-response.ts';
import { type Form, parseForm, parseQuery } from '../http/form.ts';
import type { Request, Response } from '../http/message.ts';
import { isSameOrigin } from '../http/same-origin.ts';
import type { Endpoint } from '../http/serve.ts';
import type { Lazy } from '../lazy.ts';
import { describeFault, type LogContext } from '../log.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { Handles } from '../oauth/handle.ts';
import { isPageToken, mintPageToken } from '../oauth/page-token.ts';
import { redirectSource } from '../oauth/redirect-uri.ts';
import { errorPage, faultPage, outdatedPage } from '../pages/error.ts';
import { createSite, type Service } from '../pages/page.ts';
import { confirmSignOutPage, signedOutPage } from '../pages/sign-out.ts';
import { type EndingSessionContext, endSession } from '../revocation/end-session.ts';
import type { IdTokenHintContext } from '../tokens/id-token-hint.ts';
import { readBrowser } from '../users/browser-session.ts';
import { seeOther } from './authorization-response.ts';
import { type LogoutRequest, logoutParameters, readLogoutRequest } from './logout-request.ts';

export interface LogoutContext extends LogContext, EndingSessionContext, IdTokenHintContext {
  readonly handles: Lazy<Handles>;
  readonly service: Service;
}

/** Fields of the confirmation page: what tells its form from one that a client posts, and what shows that it is ours. */
const PAGE = 'page';
const TOKEN = 'page_token';
const PURPOSE = 'logout';

/** OpenID Connect RP-Initiated Logout 1.0; Back-Channel Logout 1.0 for the clients of the session. */
export const logout: Endpoint<LogoutContext> = {
  methods: ['GET', 'POST'],
  async handle(request, context) {
    try {
      return await answer(request, context);
    } catch (error) {
      const site = createSite(context.service);
      if (!(error instanceof OAuthError)) {
        context.log.error('fault', describeFault(error));
        return faultPage(site);
      }
      const { code, message, status } = error;
      context.log.info('refused', describeRefusal(error));
      return errorPage(site, { status, kind: 'request', code, description: message });
    }
  },
};

async function answer(request: Request, context: LogoutContext): Promise<Response> {
  const form = request.method === 'POST' ? parseForm(request) : undefined;
  if (form && form.get(PAGE) === undefined) return carryOver(form, request, context);

  const parameters = parseQuery(request);
  const [logoutRequest, { session }, handles] = await Promise.all([
    readLogoutRequest(parameters, context),
    readBrowser(request, context),
    context.handles(),
  ]);
  const { client, sub, redirectTo } = logoutRequest;
  const site = createSite(context.service, logoutRequest.ui_locales, client);
  const action = `?${logoutParameters(parameters)}`;
  // Browsers keep our cookie back with what another site posts: that nobody is signed in cannot be told from it.
  if (form && !isSameOrigin(request, context.issuer)) return outdatedPage(site, action);
  if (!session) return goodbye(logoutRequest, context);

  const isOurs = (token = '') => isPageToken(handles, token, session.sid, PURPOSE);
  if (form && !isOurs(form.get(TOKEN))) return outdatedPage(site, action);
  // Anybody can send a browser here: unless the client knows who is signed in, the person is asked. Section 2
  if (!form && sub !== session.sub) {
    const fields = { [PAGE]: 'sign_out', [TOKEN]: mintPageToken(handles, session.sid, PURPOSE) };
    const formAction = redirectTo === undefined ? [] : [redirectSource(redirectTo)];
    return confirmSignOutPage(site, { form: { action, fields }, formAction });
  }
  await endSession(session, context);
  context.log.info('signed out', { client_id: client?.client_id });
  return goodbye(logoutRequest, context);
}

/**
 * A request that a client posts comes back as a query: browsers send our cookie with that, and with what is posted from
 * elsewhere they do not. RFC 6265bis section 5.7.1
 */
function carryOver(form: Form, { query }: Request, { issuer }: LogoutContext): Response {
  if (query !== '') throw new OAuthError('invalid_request', 'parameters are in both the query and the body');
  return seeOther(`${issuer}/logout?${logoutParameters(form)}`);
}

/** Nobody is signed in with this browser any more, or was in the first place. */
function goodbye({ client, redirectTo, ui_locales }: LogoutRequest, context: LogoutContext): Response {
  const response =
    redirectTo === undefined ? signedOutPage(createSite(context.service, ui_locales, client)) : seeOther(redirectTo);
  return { ...response, headers: { ...response.headers, 'set-cookie': browserCookie(context.issuer).clear() } };
}
