import type { Form } from '../http/form.ts';
import type { Log } from '../log.ts';

/**
 * Logs that a parameter was ignored that other servers know. RFC 6749 sections 3.1 and 3.2 demand that a server ignores what it
 * does not know, so the client is not told, and somebody who comes from such a server would look for the reason in vain.
 */
export function logIgnoredParameters(parameters: Form, client_id: string | undefined, log: Log): void {
  if (parameters.get('audience') === undefined) return;
  log.info('parameter ignored', {
    parameter: 'audience',
    reason: 'the API that a token is for is named by the parameter resource (RFC 8707)',
    client_id,
  });
}
