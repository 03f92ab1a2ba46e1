// The HTTP proxy integration of an HTTP API: passes a request to another server and returns its answer.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-http.html
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type HttpRequest, splitTarget } from './http-request.ts';
import type { HttpResponse } from './http-response.ts';
import type { RouteMatch } from './routes.ts';
import type { Upstream } from './upstream.ts';

/** The context from the authorizer: `client_id`, `sub`, `scope` ... */
export type CallerContext = Readonly<Record<string, unknown>>;

/** Prefix of the headers with the authorizer's context. Headers of the request with this prefix are dropped. */
const CALLER = 'x-latchkey-';

// Headers for one connection only, or that the proxy sets itself. RFC 9110 section 7.6.1
const hopByHop = new Set([
  'connection',
  'content-length',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * @param context absent for a route without an authorizer
 * @throws Error when the connection is refused or breaks, or when there is no answer in time
 */
export async function proxy(
  request: HttpRequest,
  match: RouteMatch,
  upstream: Upstream,
  context: CallerContext | undefined,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { protocol, hostname, port, host } = new URL(upstream.origin);
  const send = protocol === 'https:' ? httpsRequest : httpRequest;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    // The path is passed separately, because a URL would resolve its dot segments.
    const path = targetOf(request, upstream, match);
    const headers = upstreamHeaders(request, host, context);
    const options = { method: request.method, hostname: hostname.replace(/^\[|\]$/g, ''), port, path, headers, signal };
    send({ ...options, agent: false }, resolve)
      .once('error', reject)
      .end(request.body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return toResponse(request, response, Buffer.concat(chunks));
}

function targetOf({ target }: HttpRequest, { path: pattern }: Upstream, { route, pathParameters }: RouteMatch): string {
  const { path, query } = splitTarget(target);
  const encode = (name: string) => {
    const value = pathParameters?.[name] ?? '';
    // Only a greedy variable may contain slashes.
    const parts = route.key.includes(`{${name}+}`) ? value.split('/') : [value];
    return parts.map(encodeURIComponent).join('/');
  };
  const filled = pattern?.replace(/\{(\w+)\}/g, (_, name: string) => encode(name)) ?? path;
  return query === '' ? filled : `${filled}?${query}`;
}

function upstreamHeaders(request: HttpRequest, host: string, context: CallerContext = {}): string[] {
  const outer = request.headers.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? '';
  const passed = request.headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !hopByHop.has(lower) && !lower.startsWith(CALLER);
  });
  const own: [string, string][] = [
    ['host', host],
    ['forwarded', `for=${request.sourceIp};host="${outer}";proto=http`],
    ...Object.entries(context).map(([name, value]): [string, string] => [callerHeader(name), headerValue(value)]),
  ];
  // A request without a body has neither a length nor a transfer encoding.
  if (request.body.length > 0) own.push(['content-length', String(request.body.length)]);
  return [...passed, ...own].flat();
}

/** `x-latchkey-client-id` for `client_id`. */
export const callerHeader = (name: string): string => CALLER + name.replace(/[^A-Za-z\d]/g, '-').toLowerCase();

/** Encodes a value as UTF-8 bytes, since Node.js writes headers in latin1. */
const headerValue = (value: unknown): string => Buffer.from(String(value)).toString('latin1');

function toResponse({ method }: HttpRequest, { statusCode = 502, rawHeaders }: IncomingMessage, body: Buffer) {
  const headers: Record<string, string> = {};
  const cookies: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    const value = rawHeaders[index + 1] ?? '';
    // The answer to HEAD states the length of the answer to GET.
    if (hopByHop.has(name) && !(name === 'content-length' && method === 'HEAD')) continue;
    if (name === 'set-cookie') cookies.push(value);
    else headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { status: statusCode, headers, cookies, body };
}
