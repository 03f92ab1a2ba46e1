import { json } from '../http/message.ts';
import type { Endpoint } from '../http/serve.ts';
import type { LogContext } from '../log.ts';

/**
 * A protected example route: shows what an API behind the authorizer gets to know of its caller. An HTTP API passes the
 * authorizer's context on under `lambda`, a REST API as it is.
 */
export const whoami: Endpoint<LogContext> = {
  methods: ['GET'],
  handle({ authorizer }) {
    const context = typeof authorizer === 'object' && authorizer !== null ? authorizer : {};
    return json(200, 'lambda' in context ? context.lambda : context);
  },
};
