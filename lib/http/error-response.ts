import { OAuthError, Unavailable } from '../oauth/errors.ts';
import { json, type Response } from './message.ts';

const RETRY_AFTER = { 'retry-after': '1' };

/** The one place where an error becomes an answer. A bug is our fault, so it reads as one: 503, and no text. */
export function errorResponse(error: unknown): Response {
  if (error instanceof OAuthError) {
    return json(error.status, { error: error.code, error_description: error.message }, error.headers);
  }
  if (error instanceof Unavailable) return json(503, { error: 'temporarily_unavailable' }, RETRY_AFTER);
  return json(503, { error: 'server_error' }, RETRY_AFTER);
}
