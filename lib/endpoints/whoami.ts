import { json } from '../http/message.ts';
import type { Endpoint } from '../http/serve.ts';
import type { LogContext } from '../log.ts';

/** A protected example route. An HTTP API wraps the authorizer's context in `lambda`, a REST API does not. */
export const whoami: Endpoint<LogContext> = {
  methods: ['GET'],
  handle({ authorizer }) {
    const context = typeof authorizer === 'object' && authorizer !== null ? authorizer : {};
    return json(200, 'lambda' in context ? context.lambda : context);
  },
};
