import { MAX_TOKEN_LENGTH } from '../oauth/access-token.ts';
import { type ErrorCode, InvalidToken, OAuthError } from '../oauth/errors.ts';
import { parseForm, refuseCredentialsInQuery } from './form.ts';
import type { HttpRequest } from './message.ts';

const SCHEME = /^Bearer\b/i;

const USUAL_SCHEME = 'Bearer ';

export const usesBearer = (header: string): boolean => SCHEME.test(header.slice(0, USUAL_SCHEME.length));

/** With the scheme. */
const MAX_HEADER_LENGTH = USUAL_SCHEME.length + MAX_TOKEN_LENGTH;

/**
 * What `parseBearer` returns if it accepts the header, which is as clients nearly always write it. Nothing is checked but the
 * length, so it serves only to find tokens that `parseBearer` has returned before.
 */
export function presumedToken(headers: readonly string[]): string | undefined {
  const header = headers[0];
  if (header === undefined || headers.length > 1 || header.length > MAX_HEADER_LENGTH) return undefined;
  return header.startsWith(USUAL_SCHEME) ? header.slice(USUAL_SCHEME.length) : undefined;
}

/**
 * RFC 6750 section 2.1. Undefined when there is not exactly one header, or it has another scheme or is malformed.
 * @throws InvalidToken when it is too long
 */
export function parseBearer(headers: readonly string[]): string | undefined {
  const [header, ...others] = headers;
  if (header === undefined || others.length > 0) return undefined;
  if (header.length > MAX_HEADER_LENGTH) throw new InvalidToken('is too long');
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(header)?.[1];
}

/**
 * Refuses a token in the query, because URLs end up in logs. RFC 6750 section 2. @throws OAuthError `invalid_request`;
 * `invalid_token` when it is too long
 */
export function readBearerToken(request: HttpRequest): string | undefined {
  try {
    refuseCredentialsInQuery(request.query);
    const form = request.method === 'POST' && request.body.length > 0 ? parseForm(request) : undefined;
    const sent = form?.get('access_token');
    const headers = request.header('authorization');
    if (sent !== undefined && headers.length > 0) throw invalid('the request has two access tokens');
    if (sent !== undefined || !headers.some(usesBearer)) return sent;
    const token = parseBearer(headers);
    if (token === undefined) throw invalid('the Authorization header is malformed');
    return token;
  } catch (error) {
    if (error instanceof OAuthError) throw bearerError('invalid_request', error.message, 400);
    if (error instanceof InvalidToken) throw invalidBearerToken(error);
    throw error;
  }
}

/** RFC 6750 section 3. @param scope that the token would need @param reason only for the log */
export function bearerError(
  code: ErrorCode,
  description: string,
  status: number,
  { scope, reason = description }: { scope?: string; reason?: string } = {},
): OAuthError {
  const parameters = { error: code, error_description: description, ...(scope && { scope }) };
  const challenge = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  return new OAuthError(code, description, {
    status,
    reason,
    headers: { 'www-authenticate': `Bearer ${challenge.join(', ')}` },
  });
}

export const invalidBearerToken = ({ message }: InvalidToken): OAuthError =>
  bearerError('invalid_token', 'the access token is expired, revoked or invalid', 401, {
    reason: `the access token ${message}`,
  });

const invalid = (description: string) => new OAuthError('invalid_request', description);
