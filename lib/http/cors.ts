import type { CallerId } from '../oauth/errors.ts';
import type { Request, Response } from './message.ts';

/**
 * Whose pages may read what an endpoint answers: everybody's, or those of the client that the answer is about. Endpoints that
 * know people by their cookie say neither, because no script has any business there.
 */
export type CorsPolicy = 'any' | 'client';

/**
 * Says who the caller is, as soon as that is known: pages of that client may read the answer, refusals too, and the log names
 * it.
 */
export type Identify = (caller: CallerId & { readonly allowed_origins?: readonly string[] | undefined }) => void;

/** Seconds; browsers keep it for no longer than two hours. */
const PREFLIGHT_MAX_AGE = 7_200;

/**
 * The answer to a preflight; undefined for any other request. Which client is asking is not said in one, so it is the same for
 * all pages. It gives nothing away: it lets a page send what any program can send, and without cookies, because `*` rules
 * them out. Who may read the answer is decided with the answer. Fetch standard, section 3.3
 */
export function respondToPreflight({ method, header }: Request, methods: readonly string[]): Response | undefined {
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

/** The headers that let a page read an answer. An origin is only ever repeated as the client has registered it. */
export function corsHeaders(
  policy: CorsPolicy | undefined,
  request: Request,
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
