import { type CallerId, OAuthError, Unavailable } from '../oauth/errors.ts';
import { type HttpResponse, json } from './message.ts';

const RETRY_AFTER = { 'retry-after': '1' };

export const describeRefusal = ({ code, reason, caller }: OAuthError, known: CallerId = {}) => ({
  error: code,
  reason,
  client_id: caller.client_id ?? known.client_id,
  resource_server: caller.resource_server ?? known.resource_server,
});

/** A bug is a fault of the service: 503 without a description. docs/design.md promise 1 */
export function errorResponse(error: unknown): HttpResponse {
  if (error instanceof OAuthError) {
    return json(error.status, { error: error.code, error_description: error.message }, error.headers);
  }
  if (error instanceof Unavailable) return json(503, { error: 'temporarily_unavailable' }, RETRY_AFTER);
  return json(503, { error: 'server_error' }, RETRY_AFTER);
}
