import { createLog, describeFault, type Log } from '../log.ts';
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
  handle(request: Request, context: Context, identify: Identify): Response | Promise<Response>;
}

/**
 * Makes a Lambda function of an endpoint. `compose` runs at the container's first request; while it fails (a bad
 * variable, say), every request is answered 503 and the reason is logged.
 */
export function serve<Context extends { readonly log: Log }>(endpoint: Endpoint<Context>, compose: () => Context) {
  let context: Context | undefined;

  const respond = async (request: Request, visit: Visit): Promise<Response> => {
    try {
      context ??= compose();
      requireMethod(endpoint.methods, request.method);
      return await endpoint.handle(request, context, (caller) => {
        visit.caller = caller;
      });
    } catch (error) {
      const log = context?.log ?? createLog('error');
      if (error instanceof OAuthError) log.info('refused', describeRefusal(error, visit.caller));
      else log.error('fault', describeFault(error));
      return errorResponse(error);
    }
  };

  return async (event: ProxyEvent): Promise<ProxyResult> => {
    const request = toRequest(event);
    const preflight = endpoint.cors && respondToPreflight(request, endpoint.methods);
    if (preflight) return toResult(preflight);

    const visit: Visit = { caller: {} };
    const { headers, ...response } = await respond(request, visit);
    const { allowed_origins = [] } = visit.caller;
    return toResult({ ...response, headers: { ...headers, ...corsHeaders(endpoint.cors, request, allowed_origins) } });
  };
}

/** What becomes known of one request. */
interface Visit {
  caller: Parameters<Identify>[0];
}

function requireMethod(methods: readonly string[], method: string): void {
  if (methods.includes(method)) return;
  const allow = methods.join(', ');
  throw new OAuthError('invalid_request', `only ${allow} is allowed here`, { status: 405, headers: { allow } });
}
