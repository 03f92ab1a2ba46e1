import type { LogoutContext } from '../context.ts';
import { browserCookie } from '../http/cookie.ts';
import { type Form, parseForm, parseQuery } from '../http/form.ts';
import type { Request, Response } from '../http/message.ts';
import type { Endpoint } from '../http/serve.ts';
import { InvalidToken, OAuthError } from '../oauth/errors.ts';
import { isIdentifier } from '../oauth/identifier.ts';
import { type LogoutRequest, postLogoutRedirect } from '../oauth/logout-request.ts';
import { isPageToken, mintPageToken } from '../oauth/page-token.ts';
import { endSession } from '../revocation/end-session.ts';
import { verifyIdTokenHint } from '../tokens/id-token-hint.ts';
import { readBrowser } from '../users/browser-session.ts';

/** OpenID Connect RP-Initiated Logout section 2; what is not among them is not carried on. */
const PARAMETERS = [
  'id_token_hint',
  'logout_hint',
  'client_id',
  'post_logout_redirect_uri',
  'state',
  'ui_locales',
] as const;

/** What the form of the confirmation page carries. */
const PAGE_TOKEN = 'page';

/** OpenID Connect RP-Initiated Logout 1.0, with back-channel logout for the clients of the session. */
export const logout: Endpoint<LogoutContext> = {
  methods: ['GET', 'POST'],
  async handle(request, context) {
    try {
      return await answer(request, context);
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      context.log.info('refused', { error: error.code, reason: error.message });
      return context.pages.refused(error);
    }
  },
};

async function answer(request: Request, context: LogoutContext): Promise<Response> {
  const form = request.method === 'POST' ? parseForm(request) : undefined;
  const page = form?.get(PAGE_TOKEN);
  // Posted by a client: from another site, so that the browser kept the cookie back. It sends it when it comes by GET.
  if (form && page === undefined) return redirect(`${context.issuer}/logout?${carryOn(form)}`);

  const parameters = parseQuery(request);
  const [logoutRequest, { session }, handles] = await Promise.all([
    readLogoutRequest(parameters, context),
    readBrowser(request, context),
    context.handles(),
  ]);
  if (!session) return goodbye(logoutRequest, context);
  const isConfirmed = page !== undefined && isPageToken(handles, page, session.sid, PURPOSE);
  // Anybody can send a browser here. So either the client knows who is signed in, or the person is asked. Section 2
  if (!isConfirmed && logoutRequest.sub !== session.sub) {
    return context.pages.confirmSignOut({
      action: `${context.issuer}/logout?${carryOn(parameters)}`,
      fields: { [PAGE_TOKEN]: mintPageToken(handles, session.sid, PURPOSE) },
      ...logoutRequest,
    });
  }
  await endSession(session, context);
  context.log.info('signed out', { client_id: logoutRequest.client?.client_id });
  return goodbye(logoutRequest, context);
}

/** What page tokens of this endpoint are for. */
const PURPOSE = 'logout';

const carryOn = (parameters: Form): string =>
  new URLSearchParams(
    PARAMETERS.flatMap((name): [string, string][] => {
      const value = parameters.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  ).toString();

/** @throws OAuthError `invalid_request`: with a hint that cannot be relied on nothing is done. Section 4 */
async function readLogoutRequest(parameters: Form, context: LogoutContext): Promise<LogoutRequest> {
  const hint = readHint(parameters.get('id_token_hint'), context);
  const named = parameters.get('client_id');
  if (hint && named !== undefined && named !== hint.client_id) throw invalid('client_id is not that of id_token_hint');
  const client_id = hint?.client_id ?? named;
  const client = client_id !== undefined && isIdentifier(client_id) ? await context.findClient(client_id) : undefined;
  if (client_id !== undefined && !client?.enabled) throw invalid('there is no such client');
  const redirectTo = postLogoutRedirect(parameters.get('post_logout_redirect_uri'), parameters.get('state'), client);
  return { ...(client && { client }), ...(hint && { sub: hint.sub }), ...(redirectTo !== undefined && { redirectTo }) };
}

function readHint(token: string | undefined, context: LogoutContext) {
  if (token === undefined) return undefined;
  try {
    return verifyIdTokenHint(token, context);
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    context.log.info('id_token_hint refused', { reason: error.message });
    throw invalid('id_token_hint is no ID token of ours');
  }
}

function goodbye({ client, redirectTo }: LogoutRequest, context: LogoutContext): Response {
  const response = redirectTo === undefined ? context.pages.signedOut(client) : redirect(redirectTo);
  return { ...response, headers: { ...response.headers, 'set-cookie': browserCookie(context.issuer).clear() } };
}

const redirect = (location: string): Response => ({
  status: 303,
  headers: { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  body: '',
});

const invalid = (description: string) => new OAuthError('invalid_request', description);
