import type { Extensions } from '../extensions.ts';
import type { ResourceServerContext } from '../grants/resource-servers.ts';
import { type Form, parseForm, parseQuery } from '../http/form.ts';
import type { HttpRequest } from '../http/message.ts';
import type { Endpoint } from '../http/serve.ts';
import { askThenContinue, type InteractionContext } from '../interaction/ask-then-continue.ts';
import type { Continuation } from '../interaction/continuation.ts';
import { createErrorPages } from '../interaction/error-pages.ts';
import type { IdTokenHintContext } from '../interaction/id-token-hint.ts';
import { isFromPage } from '../interaction/page-form.ts';
import { redirectAsQuery } from '../interaction/posted-request.ts';
import { parseSubmission } from '../interaction/submission.ts';
import { openVisit, siteFor } from '../interaction/visit.ts';
import { reachedAcr } from '../oauth/authentication-context.ts';
import { parseAuthorizationRequest, unmetAuthentication } from '../oauth/authorization-request.ts';
import { isConsented } from '../oauth/consent.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { HandlesByKind } from '../oauth/handle.ts';
import type { ResponseParameters } from '../oauth/response-parameters.ts';
import { parseResponseMode } from '../oauth/response-type.ts';
import type { Site } from '../pages/page.ts';
import { authorizeAccess } from './authorization-access.ts';
import { type AuthorizationGrantContext, issueAuthorization, type ValidRequest } from './authorization-grant.ts';
import { toAuthorizationQuery } from './authorization-parameters.ts';
import { type ClientRedirect, findClientRedirect } from './authorization-redirect.ts';
import { createAuthorizationResponse, errorParameters } from './authorization-response.ts';
import { readRequestedSubjects } from './authorization-subject.ts';
import { logIgnoredParameters } from './ignored-parameters.ts';

export interface AuthorizationContext
  extends AuthorizationGrantContext,
    IdTokenHintContext,
    InteractionContext,
    ResourceServerContext {
  readonly handles: HandlesByKind<'reference_token' | 'code' | 'session' | 'page'>;
  readonly extensions: Extensions;
}

/** The authorization endpoint. RFC 6749 section 3.1, OpenID Connect Core section 3.1.2 */
export const authorization: Endpoint<AuthorizationContext> = {
  methods: ['GET', 'POST'],
  async handle(request, context, identify, renderErrorsWith) {
    const { issuer, log } = context;
    const errorPage = createErrorPages(request, context);
    renderErrorsWith(errorPage);
    const form = request.method === 'POST' ? parseForm(request) : undefined;
    if (form && !isFromPage(form)) {
      logIgnoredParameters(form, undefined, log);
      return redirectAsQuery(request, `${issuer}/authorize`, () => toAuthorizationQuery(form));
    }
    const parameters = parseQuery(request);
    const redirect = await findClientRedirect(parameters, context.findClient);
    const { client } = redirect;
    identify(client);
    // Logged once in a visit: the pages carry only parameters that are known here.
    logIgnoredParameters(parameters, client.client_id, log);

    const site = siteFor(request, context, client);
    // A fault is shown to the person. It is reported to the client only with prompt=none, because nobody would see a page.
    const isForClient = (error: unknown) => error instanceof OAuthError || parameters.get('prompt') === 'none';
    renderErrorsWith((error) =>
      isForClient(error)
        ? createAuthorizationResponse(redirect, errorParameters(error), issuer, site, request)
        : errorPage(error),
    );
    const continuation = await createContinuation(parameters, redirect, site, request, context);
    const submission = form && parseSubmission(form);
    return askThenContinue(await openVisit(request, context, client), continuation, submission);
  },
};

/** What follows sign-in and consent: a redirect to the client, with a code, tokens or an error. */
async function createContinuation(
  parameters: Form,
  clientRedirect: ClientRedirect,
  site: Site,
  httpRequest: HttpRequest,
  context: AuthorizationContext,
): Promise<Continuation> {
  const { client } = clientRedirect;
  const parsed = parseAuthorizationRequest(parameters, client);
  const response_mode = parseResponseMode(parameters.get('response_mode'), parameters.get('response_type'), client);
  const access = await authorizeAccess(parsed, client, context);
  const redirect = { ...clientRedirect, response_mode };
  const request: ValidRequest = { ...parsed, redirect, access };
  const { prompt, max_age, login_hint, essentialAcr } = request;
  const send = (answer: ResponseParameters) =>
    createAuthorizationResponse(redirect, answer, context.issuer, site, httpRequest);
  const refuse = (error: OAuthError) => send(errorParameters(error));
  return {
    endpoint: 'authorize',
    requirements: { prompt, max_age, subjects: await readRequestedSubjects(request, client, context) },
    query: toAuthorizationQuery(parameters),
    login_hint,
    consent: {
      client_id: client.client_id,
      access: access.toAllow,
      destination: hostOf(redirect.redirect_uri),
      isCovered: (remembered) => isConsented(access.toAllow, redirect, remembered),
    },
    async complete(session, consented_at) {
      if (essentialAcr && !essentialAcr.includes(reachedAcr(session.amr))) return refuse(unmetAuthentication());
      return send(await issueAuthorization(request, session, consented_at, context));
    },
    refuse,
  };
}

/** Undefined for a redirect URI of an app on the device. */
const hostOf = (uri: string): string | undefined => (uri.startsWith('https:') ? new URL(uri).host : undefined);
