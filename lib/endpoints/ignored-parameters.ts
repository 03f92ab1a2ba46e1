import type { Form } from '../http/form.ts';
import type { Log } from '../log.ts';

/**
 * Logs that a parameter was ignored which other servers understand. RFC 6749 sections 3.1 and 3.2 demand that a server ignores
 * unknown parameters, so the client is not told; without the log, somebody who comes from such a server would search in vain.
 */
export function logIgnoredParameters(parameters: Form, client_id: string | undefined, log: Log): void {
  if (parameters.get('audience') === undefined) return;
  log.info('parameter ignored', {
    parameter: 'audience',
    reason: 'the API that a token is for is named by the parameter resource (RFC 8707)',
    client_id,
  });
}
