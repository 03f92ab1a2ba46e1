import type { Extensions } from '../extensions.ts';
import type { ResourceServerContext } from '../grants/resource-servers.ts';
import { describeRefusal } from '../http/error-response.ts';
import { type Form, parseForm, parseQuery } from '../http/form.ts';
import type { Request, Response } from '../http/message.ts';
import type { Endpoint } from '../http/serve.ts';
import { describeFault, type LogContext } from '../log.ts';
import { parseAuthorizationRequest } from '../oauth/authorization-request.ts';
import { OAuthError, Unavailable } from '../oauth/errors.ts';
import { parseResponseMode } from '../oauth/response-type.ts';
import { errorPage, faultPage } from '../pages/error.ts';
import { createSite, type Service, type Site } from '../pages/page.ts';
import type { EndingSessionContext } from '../revocation/end-session.ts';
import type { ConsentStore } from '../store/consent.ts';
import type { CodeContext } from '../tokens/code.ts';
import type { IdTokenHintContext } from '../tokens/id-token-hint.ts';
import type { TokenResponseContext } from '../tokens/token-response.ts';
import type { SignInOutcome } from '../users/authenticate-user.ts';
import type { BrowserContext } from '../users/browser-session.ts';
import type { UserClaimsContext } from '../users/claims.ts';
import { readWanted } from './authorization-access.ts';
import { PAGE, readStep } from './authorization-form.ts';
import { toQuery } from './authorization-parameters.ts';
import { errorParameters, respond, seeOther } from './authorization-response.ts';
import { readSubjects } from './authorization-subject.ts';
import { findTarget, type Target, Untrusted } from './authorization-target.ts';
import { proceed } from './authorization-visit.ts';
import { logIgnoredParameters } from './ignored-parameters.ts';

export interface AuthorizationContext
  extends LogContext,
    BrowserContext,
    CodeContext,
    EndingSessionContext,
    IdTokenHintContext,
    ResourceServerContext,
    TokenResponseContext,
    UserClaimsContext {
  readonly extensions: Extensions;
  readonly consents: ConsentStore;
  readonly service: Service;
  /** Seconds. */
  readonly sessionLifetime: number;
  /** @param address where the attempt comes from, as the gateway saw it */
  authenticateUser(username: string, password: string, address: string): Promise<SignInOutcome>;
}

/** RFC 6749 section 3.1, OpenID Connect Core section 3.1.2. */
export const authorization: Endpoint<AuthorizationContext> = {
  methods: ['GET', 'POST'],
  async handle(request, context) {
    try {
      return await answer(request, context);
    } catch (error) {
      const site = createSite(context.service, localesIn(request.query));
      if (!(error instanceof OAuthError)) {
        context.log.error('fault', describeFault(error));
        return faultPage(site);
      }
      const { code, message, status } = error;
      context.log.info('refused', describeRefusal(error));
      const kind = error instanceof Untrusted ? 'client' : 'request';
      return errorPage(site, { status, kind, code, description: message });
    }
  },
};

async function answer(request: Request, context: AuthorizationContext): Promise<Response> {
  const form = request.method === 'POST' ? parseForm(request) : undefined;
  if (form && form.get(PAGE) === undefined) return carryOver(form, request, context);

  const parameters = parseQuery(request);
  const target = await findTarget(parameters, context.findClient);
  // Only once: the pages carry on no parameter that is not known here.
  logIgnoredParameters(parameters, target.client.client_id, context.log);
  const site = createSite(context.service, parameters.get('ui_locales'), target.client);
  try {
    return await proceedTo(target, parameters, form, request, site, context);
  } catch (error) {
    return respond(target, errorParameters(told(error, target, parameters, context)), context.issuer, site);
  }
}

/**
 * A request that a client posts comes back as a query: browsers send our cookie with that, and with what is posted from
 * elsewhere they do not. OpenID Connect Core section 3.1.2.1, RFC 6265bis section 5.7.1
 */
function carryOver(form: Form, { query }: Request, { issuer, log }: AuthorizationContext): Response {
  if (query !== '') throw new OAuthError('invalid_request', 'parameters are in both the query and the body');
  logIgnoredParameters(form, undefined, log);
  return seeOther(`${issuer}/authorize?${toQuery(form)}`);
}

async function proceedTo(
  target: Target,
  parameters: Form,
  form: Form | undefined,
  request: Request,
  site: Site,
  context: AuthorizationContext,
): Promise<Response> {
  const { client } = target;
  const asked = parseAuthorizationRequest(parameters, client);
  const mode = parseResponseMode(parameters.get('response_mode'), parameters.get('response_type'));
  return proceed(
    {
      target: { ...target, mode },
      asked,
      wanted: await readWanted(asked, client, context),
      subjects: await readSubjects(asked, client, context),
      query: toQuery(parameters),
      site,
      step: form && readStep(form),
    },
    request,
    context,
  );
}

/**
 * What the client is told of an error. Of a fault only where the user is not to be asked anything, and so would not see a
 * page: RFC 6749 section 4.1.2.1
 */
function told(
  error: unknown,
  { client }: Target,
  parameters: Form,
  { log }: AuthorizationContext,
): Pick<OAuthError, 'code' | 'message'> {
  if (error instanceof OAuthError) {
    log.info('refused', describeRefusal(error, client));
    return error;
  }
  if (parameters.get('prompt') !== 'none') throw error;
  log.error('fault', describeFault(error));
  const code = error instanceof Unavailable ? 'temporarily_unavailable' : 'server_error';
  return { code, message: 'try again in a moment' };
}

/** Of a request that may be anything. */
const localesIn = (query: string): string | undefined => new URLSearchParams(query).get('ui_locales') ?? undefined;
