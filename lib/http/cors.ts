import type { CallerId } from '../oauth/errors.ts';
import type { HttpRequest, HttpResponse } from './message.ts';

/** Any origin, or those registered for the client. Endpoints that use the cookie have no policy. */
export type CorsPolicy = 'any' | 'client';

/** Called as soon as the caller is known: the log then names it, and its origins may read the response, errors included. */
export type Identify = (caller: CallerId & { readonly allowed_origins?: readonly string[] | undefined }) => void;

/** Seconds; no browser caches a preflight for longer than two hours. */
const PREFLIGHT_MAX_AGE = 7_200;

/**
 * The same for every origin, because a preflight does not name the client. That is safe: a page may only send what any program
 * can send, and without cookies, which `*` excludes. Whether it may read the response is decided by `corsHeaders`. Fetch
 * section 3.3
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
    // The star does not stand for `authorization`, and means itself to browsers that do not know it.
    'access-control-allow-headers': '*, authorization, content-type',
    'access-control-max-age': String(PREFLIGHT_MAX_AGE),
  };
  return { status: 204, headers, body: '' };
}

/** Origins as the client registered them, never as the request sent them. */
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
