import type { Form } from '../http/form.ts';
import type { Log } from '../log.ts';

/**
 * Logs that `audience` was ignored, which some other servers support. RFC 6749 sections 3.1 and 3.2 require servers to ignore
 * unknown parameters, so the response says nothing. The log helps developers who come from such a server.
 */
export function logIgnoredParameters(parameters: Form, client_id: string | undefined, log: Log): void {
  if (parameters.get('audience') === undefined) return;
  log.info('parameter ignored', {
    parameter: 'audience',
    reason: 'the API that a token is for is named by the parameter resource (RFC 8707)',
    client_id,
  });
}
