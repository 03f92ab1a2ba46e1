import { createContainer } from '../container.ts';
import type { LogContext } from '../log.ts';
import { OAuthError } from '../oauth/errors.ts';
import { type CorsPolicy, corsHeaders, type Identify, respondToPreflight } from './cors.ts';
import { describeRefusal, errorResponse } from './error-response.ts';
import { type ProxyEvent, type ProxyResult, toRequest, toResult } from './event.ts';
import type { Request, Response } from './message.ts';

/** An endpoint: the methods it takes, whose pages may read it, and what it answers. */
export interface Endpoint<Context> {
  readonly methods: readonly string[];
  /** Absent = no page of another origin. */
  readonly cors?: CorsPolicy;
  handle(
    request: Request,
    context: Context,
    identify: Identify,
    renderErrorsWith: RenderErrorsWith,
  ): Response | Promise<Response>;
}

/** Makes an answer of an error, which is logged already: an `OAuthError` is a refusal, any other error a fault. */
export type RenderError = (error: unknown) => Response;

/** Says how errors are answered from now on; until then, and without it, they are answered with JSON. */
export type RenderErrorsWith = (render: RenderError) => void;

/**
 * Makes a Lambda function of an endpoint. While its context cannot be composed (a bad variable, say), every request is
 * answered 503 and the reason is logged.
 */
export function serve<Context extends LogContext>(endpoint: Endpoint<Context>, compose: () => Context) {
  const handle = createContainer(compose);

  return async (event: ProxyEvent, invocation?: unknown): Promise<ProxyResult> => {
    const request = toRequest(event);
    const preflight = endpoint.cors && respondToPreflight(request, endpoint.methods);
    if (preflight) return toResult(preflight);

    let caller: Parameters<Identify>[0] = {};
    const identify: Identify = (known) => {
      caller = known;
    };
    let renderError: RenderError = errorResponse;
    const renderErrorsWith: RenderErrorsWith = (render) => {
      renderError = render;
    };
    const handleRequest = async (context: Context): Promise<Response> => {
      try {
        requireMethod(endpoint.methods, request.method);
        return await endpoint.handle(request, context, identify, renderErrorsWith);
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error;
        context.log.info('refused', describeRefusal(error, caller));
        return renderError(error);
      }
    };
    const { headers, ...response } = await handle(event, invocation, handleRequest, (fault) => renderError(fault));
    const cors = corsHeaders(endpoint.cors, request, caller.allowed_origins ?? []);
    return toResult({ ...response, headers: { ...headers, ...cors } });
  };
}

function requireMethod(methods: readonly string[], method: string): void {
  if (methods.includes(method)) return;
  const allow = methods.join(', ');
  throw new OAuthError('invalid_request', `only ${allow} is allowed here`, { status: 405, headers: { allow } });
}
