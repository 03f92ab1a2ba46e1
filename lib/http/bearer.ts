import { type ErrorCode, OAuthError } from '../oauth/errors.ts';
import { parseForm, refuseCredentialsInQuery } from './form.ts';
import type { Request } from './message.ts';

/**
 * The token of an `Authorization` header, of which exactly one may have been sent. RFC 6750 section 2.1.
 * @returns undefined when there is none, more than one, or one of another scheme or form
 */
export function parseBearer(headers: readonly string[]): string | undefined {
  const [header, ...others] = headers;
  if (header === undefined || others.length > 0) return undefined;
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(header)?.[1];
}

/**
 * The access token of a request, sent in one of the two ways that keep it out of logs: by header, or in a form body.
 * RFC 6750 section 2
 * @returns undefined when none was sent
 * @throws OAuthError `invalid_request`
 */
export function readBearer(request: Request): string | undefined {
  try {
    refuseCredentialsInQuery(request.query);
    const form = request.method === 'POST' && request.body.length > 0 ? parseForm(request) : undefined;
    const sent = form?.get('access_token');
    const headers = request.header('authorization');
    if (sent !== undefined && headers.length > 0) throw invalid('the access token is sent in two ways');
    if (sent !== undefined || headers.every((header) => !/^Bearer\b/i.test(header))) return sent;
    const token = parseBearer(headers);
    if (token === undefined) throw invalid('the Authorization header is malformed');
    return token;
  } catch (error) {
    if (error instanceof OAuthError) throw bearerError('invalid_request', error.message, 400);
    throw error;
  }
}

/**
 * A refusal that says so in `WWW-Authenticate` too. RFC 6750 section 3
 * @param scope what the token lacks
 * @param reason for the log alone
 */
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

const invalid = (description: string) => new OAuthError('invalid_request', description);
