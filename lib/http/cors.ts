import type { CallerId } from '../oauth/errors.ts';
import type { HttpRequest, HttpResponse } from './message.ts';

/**
 * Which origins may read an endpoint's responses: any, or those registered for the client that made the request. Endpoints that
 * use the cookie have no policy, so no script of another origin can read their pages.
 */
export type CorsPolicy = 'any' | 'client';

/**
 * Called by an endpoint as soon as it knows who the caller is. From then on the log names the caller, and the client's allowed
 * origins may read the response, errors included.
 */
export type Identify = (caller: CallerId & { readonly allowed_origins?: readonly string[] | undefined }) => void;

/** Seconds; no browser caches a preflight for longer than two hours. */
const PREFLIGHT_MAX_AGE = 7_200;

/**
 * The response to a preflight; undefined for any other request. A preflight does not name the client, so every origin gets the
 * same response. That is safe: it only lets a page send what any program can send, and without cookies, which `*` excludes.
 * Whether the page may read the response is decided by `corsHeaders`. Fetch standard, section 3.3
 */
export function preflightResponse(
  { method, header }: HttpRequest,
  methods: readonly string[],
): HttpResponse | undefined {
  if (method !== 'OPTIONS' || header('origin').length === 0) return undefined;
  if (header('access-control-request-method').length === 0) return undefined;
  const headers = {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': 'authorization, content-type',
    'access-control-max-age': String(PREFLIGHT_MAX_AGE),
  };
  return { status: 204, headers, body: '' };
}

/**
 * The headers that let a page read a response. They contain an origin as the client registered it, never as the request sent
 * it.
 */
export function corsHeaders(
  policy: CorsPolicy | undefined,
  request: HttpRequest,
  allowedOrigins: readonly string[],
): Record<string, string> {
  if (policy === undefined) return {};
  if (policy === 'any') return { 'access-control-allow-origin': '*' };
  const [origin, ...others] = request.header('origin');
  const allowed = others.length === 0 ? allowedOrigins.find((candidate) => candidate === origin) : undefined;
  return {
    vary: 'Origin',
    ...(allowed !== undefined && {
      'access-control-allow-origin': allowed,
      'access-control-expose-headers': 'www-authenticate, retry-after',
    }),
  };
}
