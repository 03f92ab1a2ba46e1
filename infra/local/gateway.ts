// An HTTP API of API Gateway on a local port, driven by a packaged template. Not imitated, besides what template.ts refuses:
// throttling, CORS settings, custom domains and TLS, access logs, the 6 MB limit of Lambda payloads.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Problem } from '../problem.ts';
import { ignoredParameters, type LoggedReason, loggedRefusal } from './function-log.ts';
import { type Authorize, createHttpAuthorizer, within } from './http-authorizer.ts';
import { httpEvent, withAuthorizer } from './http-event.ts';
import { type CallerContext, hasDotSegment, proxy, UpstreamFailure } from './http-proxy.ts';
import { type Arrival, type HttpRequest, splitTarget } from './http-request.ts';
import {
  gatewayResponse,
  type HttpResponse,
  internalServerError,
  serviceUnavailable,
  toHttpResponse,
} from './http-response.ts';
import type { Invoke } from './lambda.ts';
import { matchRoute } from './routes.ts';
import type { Stack } from './stack.ts';
import { systemTimers, type Timers } from './timers.ts';

export interface Gateway {
  port: number;
  /** Switches to another stack and clears the authorizer cache. Before the first call, every answer is 503. */
  serve(stack: Stack): void;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  invoke: Invoke;
  /** 0 = any free port. */
  port?: number;
  timers?: Timers;
  /** Receives errors of functions, whose details the caller does not see. */
  log?: (line: string) => void;
  /** Receives each refused request with the reason, which the caller does not always see. */
  refused?: (line: string) => void;
}

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const maxBody = 10 * 1024 * 1024;
const maxHead = 10_240;

/** @throws Problem if the port is taken or not permitted */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { invoke, port = 0, timers = systemTimers, log = () => {}, refused = () => {} } = options;
  let handle: Handle = async () => serviceUnavailable();

  const server = createServer(
    { keepAlive: true, keepAliveTimeout: 0, maxHeaderSize: 64 * 1024 },
    async (incoming, outgoing) => {
      const requestId = `${randomBytes(11).toString('base64url')}=`;
      const response = refuseHead(incoming) ?? (await respondTo(incoming, requestId));
      if (response) send(outgoing, response, requestId);
    },
  );

  async function respondTo(incoming: IncomingMessage, requestId: string): Promise<HttpResponse | undefined> {
    const body = await readBody(incoming).catch(() => 'gone' as const);
    if (body === 'gone') return undefined;
    if (!body) return gatewayResponse(413, 'Request Entity Too Large');
    return handle(toRequest(incoming, body), { requestId, time: timers.now() });
  }

  // Only on the loopback address: the demo secrets must not be usable from other machines.
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    const reasons = new Map([
      ['EADDRINUSE', `port ${port} is taken: choose another one with --port or PORT`],
      [
        'EACCES',
        `port ${port} needs privileges that this process does not have: choose another one with --port or PORT`,
      ],
    ]);
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new Problem(reasons.get(code) ?? message);
  }

  return {
    port: (server.address() as AddressInfo).port,
    serve(stack) {
      handle = createHttpApi(stack, invoke, timers, log, refused);
    },
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

type Handle = (request: HttpRequest, arrival: Arrival) => Promise<HttpResponse>;

/** Handles requests like an HTTP API, without a server, for tests that need no port. */
export function createHttpApi(
  stack: Stack,
  invoke: Invoke,
  timers: Timers,
  log: (line: string) => void,
  refused: (line: string) => void = () => {},
): Handle {
  const authorizers = new Map<string, Authorize>();
  for (const { authorizer } of stack.routes) {
    if (!authorizer || authorizers.has(authorizer.logicalId)) continue;
    authorizers.set(
      authorizer.logicalId,
      createHttpAuthorizer(authorizer, stack.api, logged(invoke, stack, log), timers),
    );
  }

  /** Each is shown once. */
  const hinted = new Set<string>();

  return async (request, arrival) => {
    const match = matchRoute(stack.routes, request.method, request.target);
    if (!match) return gatewayResponse(404, 'Not Found');
    const { route } = match;
    let event = httpEvent(request, match, stack.api, arrival);
    const report = (status: number, reason: string) =>
      refused(`${request.method} ${splitTarget(request.target).path} ${status}: ${reason}`);

    const authorize = route.authorizer && authorizers.get(route.authorizer.logicalId);
    if (authorize) {
      const authorization = await authorize(event);
      if ('refusal' in authorization) {
        const { refusal, reason = 'the authorizer refused the request' } = authorization;
        report(
          refusal.status,
          refusal.status === 403 ? `${reason}; for details run npx latchkey token explain` : reason,
        );
        return refusal;
      }
      event = withAuthorizer(event, authorization.context);
    }

    if ('page' in route) return route.page;
    if ('upstream' in route) {
      const context = event.requestContext.authorizer?.lambda as CallerContext | undefined;
      const { upstream } = route;
      if (hasDotSegment(request)) {
        report(400, 'the path has a segment . or .., which could lead out of the route');
        return gatewayResponse(400, 'Bad Request');
      }
      const signal = AbortSignal.timeout(route.timeout);
      try {
        return await proxy(request, match, upstream, context, signal);
      } catch (error) {
        if (!(error instanceof UpstreamFailure)) throw error;
        const timedOut = `did not answer within ${route.timeout / 1000} s`;
        report(503, `${upstream.origin} ${signal.aborted ? timedOut : error.message}`);
        return serviceUnavailable();
      }
    }

    const invocation = logged(invoke, stack, log)(route.function, event, arrival.requestId);
    const outcome = await within(route.timeout, timers, invocation);
    if (!outcome) return serviceUnavailable();
    for (const ignored of ignoredParameters(outcome.log)) {
      const { parameter, reason } = ignored;
      const line = `${[`the parameter ${parameter}`, ...nameOf(ignored)].join(' of ')} is ignored: ${reason}`;
      if (!hinted.has(line)) refused(line);
      hinted.add(line);
    }
    if ('payload' in outcome) {
      const response = withoutHsts(toHttpResponse(outcome.payload));
      const refusal = response.status >= 400 && response.status < 500 ? loggedRefusal(outcome.log) : undefined;
      if (refusal) report(response.status, describeRefusal(refusal));
      return response;
    }
    return outcome.error.errorType === 'TooManyRequestsException' ? serviceUnavailable() : internalServerError();
  };
}

// Here is no https, and with it browsers would remember the header for everything on localhost. RFC 6797 section 7.2
function withoutHsts({ headers, ...response }: HttpResponse): HttpResponse {
  const { 'strict-transport-security': _, ...kept } = headers;
  return { ...response, headers: kept };
}

function describeRefusal({ event, error, reason, ...caller }: LoggedReason): string {
  if (error === undefined) return `${event}: it ${reason}`;
  return `${error} (${[reason, ...nameOf(caller)].join('; ')})`;
}

function nameOf({ client_id, resource_server }: Omit<LoggedReason, 'event' | 'reason'>): string[] {
  if (client_id !== undefined) return [`client ${client_id}`];
  return resource_server === undefined ? [] : [`API ${resource_server}`];
}

// An authorizer throws `Unauthorized` to refuse a request. That is not an error.
function logged(invoke: Invoke, stack: Stack, log: (line: string) => void): Invoke {
  return async (logicalId, event, requestId) => {
    const outcome = await invoke(logicalId, event, requestId);
    if ('error' in outcome && outcome.error.errorMessage !== 'Unauthorized') {
      const { errorType, errorMessage, trace = [] } = outcome.error;
      const [, ...frames] = trace;
      log([`${stack.functions.get(logicalId)?.name}: ${errorType}: ${errorMessage}`, ...frames].join('\n'));
    }
    return outcome;
  };
}

function toRequest({ method = '', url = '', rawHeaders, socket }: IncomingMessage, body: Buffer): HttpRequest {
  const headers = rawHeaders.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : [],
  );
  return { method, target: url, headers, body, sourceIp: socket.remoteAddress ?? '' };
}

function refuseHead({ method = '', url = '', rawHeaders }: IncomingMessage): HttpResponse | undefined {
  if (!url.startsWith('/')) return gatewayResponse(400, 'Bad Request');
  const size = rawHeaders.reduce((total, text, index) => (index % 2 === 0 ? total : total + text.length), 0);
  const requestLine = `${method} ${url} HTTP/1.1`.length;
  return size + requestLine > maxHead ? gatewayResponse(431, 'Request Header Fields Too Large') : undefined;
}

/** Undefined if the body is too large; the rest of it is read and discarded, so that the answer can be sent. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxBody) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size > maxBody ? undefined : Buffer.concat(chunks);
}

// The gateway adds a request id, the date and the length, and nothing else.
function send(outgoing: ServerResponse, { status, headers, cookies, body }: HttpResponse, requestId: string): void {
  outgoing.on('error', () => {});
  outgoing.statusCode = status;
  for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies);
  outgoing.setHeader('apigw-requestid', requestId);
  if (status !== 204 && status !== 304) outgoing.setHeader('content-length', headers['content-length'] ?? body.length);
  outgoing.end(body);
}
