import { createContainer, type RequestLog } from '../container.ts';
import type { LogContext } from '../log.ts';
import { OAuthError } from '../oauth/errors.ts';
import { type CorsPolicy, corsHeaders, type Identify, preflightResponse } from './cors.ts';
import { describeRefusal, errorResponse } from './error-response.ts';
import type { HttpRequest, HttpResponse } from './message.ts';
import { type ProxyEvent, type ProxyResult, parseProxyEvent, toProxyResult } from './proxy-event.ts';

export interface Endpoint<Context> {
  /** With `GET`, `HEAD` too: the same without the body. RFC 9110 section 9.3.2 */
  readonly methods: readonly string[];
  /** Absent = pages of other origins cannot read the responses. */
  readonly cors?: CorsPolicy;
  handle(
    request: HttpRequest,
    context: Context,
    identify: Identify,
    renderErrorsWith: RenderErrorsWith,
  ): HttpResponse | Promise<HttpResponse>;
}

/** The error has been logged. An `OAuthError` is a refusal, any other error a fault. */
export type RenderError = (error: unknown) => HttpResponse;

/** From then on. By default, errors are JSON. */
export type RenderErrorsWith = (render: RenderError) => void;

/** Answers 503 as long as the context cannot be composed, because a variable is wrong for example. */
export function serve<Context extends LogContext>(endpoint: Endpoint<Context>, compose: () => Context) {
  const handle = createContainer(compose);

  return async (event: ProxyEvent, invocation?: unknown): Promise<ProxyResult> => {
    const request = parseProxyEvent(event);
    const preflight = endpoint.cors && preflightResponse(request, endpoint.methods);
    if (preflight) return toProxyResult(event, preflight);

    let caller: Parameters<Identify>[0] = {};
    const identify: Identify = (known) => {
      caller = known;
    };
    let renderError: RenderError = errorResponse;
    const renderErrorsWith: RenderErrorsWith = (render) => {
      renderError = render;
    };
    const handleRequest = async (composed: Context, requestLog: RequestLog): Promise<HttpResponse> => {
      const context = { ...composed, log: requestLog() };
      try {
        requireMethod(endpoint.methods, request.method);
        return await endpoint.handle(withoutHead(request), context, identify, renderErrorsWith);
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error;
        context.log.info('refused', describeRefusal(error, caller));
        return renderError(error);
      }
    };
    const { headers, ...response } = await handle(event, invocation, handleRequest, (fault) => renderError(fault));
    const cors = corsHeaders(endpoint.cors, request, caller.allowed_origins ?? []);
    const body = request.method === 'HEAD' ? '' : response.body;
    return toProxyResult(event, { ...response, body, headers: { ...headers, ...cors } });
  };
}

const withoutHead = (request: HttpRequest): HttpRequest =>
  request.method === 'HEAD' ? { ...request, method: 'GET' } : request;

function requireMethod(methods: readonly string[], method: string): void {
  const allowed = methods.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : name));
  if (allowed.includes(method)) return;
  const allow = allowed.join(', ');
  throw new OAuthError('invalid_request', `only ${allow} is allowed here`, { status: 405, headers: { allow } });
}
