import type { Form } from '../http/form.ts';
import type { Log } from '../log.ts';

/** Helps developers who come from a server that knows `audience`. RFC 6749 section 3.1 requires servers to ignore it. */
export function logIgnoredParameters(parameters: Form, client_id: string | undefined, log: Log): void {
  if (parameters.get('audience') === undefined) return;
  log.info('parameter ignored', {
    parameter: 'audience',
    reason: 'the API that a token is for is named by the parameter resource (RFC 8707)',
    client_id,
  });
}
