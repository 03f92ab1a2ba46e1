// The HTTP proxy integration of an HTTP API: passes a request to another server and returns its answer.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-http.html
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type HttpRequest, splitTarget } from './http-request.ts';
import type { HttpResponse } from './http-response.ts';
import type { RouteMatch } from './routes.ts';
import type { Upstream } from './stack.ts';

/** The context from the authorizer: `client_id`, `sub`, `scope` ... */
export type CallerContext = Readonly<Record<string, unknown>>;

/** Prefix of the headers with the authorizer's context. Headers of the request with this prefix are dropped. */
const CALLER = 'x-latchkey-';

/** Requests by these methods usually have no body. All others state its length, even if it is 0. RFC 9110 section 8.6 */
const withoutBody = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Why a server gave no answer, as a predicate such as `cannot be reached`. */
export class UpstreamFailure extends Error {}

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
 * @throws UpstreamFailure when the connection is refused or breaks, or when there is no whole answer in time
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
      .once('error', (error) => reject(new UpstreamFailure(describeFailure(error))))
      .end(request.body);
  });
  return toResponse(request, response, await readAnswer(response));
}

async function readAnswer(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch {
    const { length } = Buffer.concat(chunks);
    throw new UpstreamFailure(`broke off its answer after ${length} bytes of the body`);
  }
  return Buffer.concat(chunks);
}

function describeFailure({ code = '', message }: NodeJS.ErrnoException): string {
  if (code.startsWith('HPE_')) return `sent an answer that is not HTTP (${code})`;
  if (code === 'ECONNRESET') return `closed the connection without an answer (${code})`;
  return `cannot be reached (${code || message}): is that server running?`;
}

const DOT_SEGMENT = /(^|[/\\])\.{1,2}($|[/\\;])/;

const encodings: [RegExp, string][] = [
  [/%2e/gi, '.'],
  [/%2f/gi, '/'],
  [/%5c/gi, '\\'],
  [/%3b/gi, ';'],
];

/**
 * Whether a path has a segment `.` or `..` in an encoding that some server resolves. It would lead out of the path that the
 * route allows. RFC 3986 section 5.2.4
 */
export function hasDotSegment({ target }: HttpRequest): boolean {
  const decoded = encodings.reduce(
    (path, [code, character]) => path.replace(code, character),
    splitTarget(target).path,
  );
  return DOT_SEGMENT.test(decoded);
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
    // CGI, WSGI and PHP servers turn `x-latchkey-sub`, `X_Latchkey_Sub` and `X.Latchkey.Sub` into one variable.
    return !hopByHop.has(name.toLowerCase()) && !withDashes(name).startsWith(CALLER);
  });
  const own: [string, string][] = [
    ['host', host],
    ['forwarded', `for=${request.sourceIp};host="${outer}";proto=http`],
    ...Object.entries(context).map(([name, value]): [string, string] => [callerHeader(name), headerValue(value)]),
  ];
  if (request.body.length > 0 || !withoutBody.has(request.method)) {
    own.push(['content-length', String(request.body.length)]);
  }
  return [...passed, ...own].flat();
}

const withDashes = (name: string): string => name.replace(/[^A-Za-z\d]/g, '-').toLowerCase();

/** `x-latchkey-client-id` for `client_id`. */
const callerHeader = (name: string): string => CALLER + withDashes(name);

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
