import { type CallerId, OAuthError, Unavailable } from '../oauth/errors.ts';
import { json, type Response } from './message.ts';

const RETRY_AFTER = { 'retry-after': '1' };

/** What the log says of a refusal: the private reason, and the caller if it is a registered one. */
export const describeRefusal = ({ code, reason, caller }: OAuthError, known: CallerId = {}) => ({
  error: code,
  reason,
  client_id: caller.client_id ?? known.client_id,
  resource_server: caller.resource_server ?? known.resource_server,
});

/** The one place where an error becomes an answer. A bug is our fault, so it reads as one: 503, and no text. */
export function errorResponse(error: unknown): Response {
  if (error instanceof OAuthError) {
    return json(error.status, { error: error.code, error_description: error.message }, error.headers);
  }
  if (error instanceof Unavailable) return json(503, { error: 'temporarily_unavailable' }, RETRY_AFTER);
  return json(503, { error: 'server_error' }, RETRY_AFTER);
}
