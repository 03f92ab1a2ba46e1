import { createLog, describeFault, type Log } from '../log.ts';
import { OAuthError } from '../oauth/errors.ts';
import { errorResponse } from './error-response.ts';
import { type ProxyEvent, type ProxyResult, toRequest, toResult } from './event.ts';
import type { Request, Response } from './message.ts';

/** An endpoint: the methods it takes, and what it answers. */
export interface Endpoint<Context> {
  readonly methods: readonly string[];
  handle(request: Request, context: Context): Response | Promise<Response>;
}

/**
 * Makes a Lambda function of an endpoint. `compose` runs at the container's first request; while it fails (a bad
 * variable, say), every request is answered 503 and the reason is logged.
 */
export function serve<Context extends { readonly log: Log }>(endpoint: Endpoint<Context>, compose: () => Context) {
  let context: Context | undefined;
  return async (event: ProxyEvent): Promise<ProxyResult> => {
    try {
      context ??= compose();
      const request = toRequest(event);
      requireMethod(endpoint.methods, request.method);
      return toResult(await endpoint.handle(request, context));
    } catch (error) {
      const log = context?.log ?? createLog('error');
      if (error instanceof OAuthError) log.info('refused', { error: error.code, reason: error.message });
      else log.error('fault', describeFault(error));
      return toResult(errorResponse(error));
    }
  };
}

function requireMethod(methods: readonly string[], method: string): void {
  if (methods.includes(method)) return;
  const allow = methods.join(', ');
  throw new OAuthError('invalid_request', `only ${allow} is allowed here`, { status: 405, headers: { allow } });
}
