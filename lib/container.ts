import { createLog, describeFault, type LogContext } from './log.ts';

/** Composes the context at the first event; after a failure, again at the next. Each log line has the request ids. */
export function createContainer<Context extends LogContext>(compose: () => Context) {
  let composed: Context | undefined;
  /** `onFault` is called after a fault has been logged; it returns the result or throws. */
  return async <Result>(
    event: unknown,
    invocation: unknown,
    work: (context: Context) => Result | Promise<Result>,
    onFault: (error: unknown) => Result,
  ): Promise<Result> => {
    const ids = requestIds(event, invocation);
    try {
      composed ??= compose();
      return await work({ ...composed, log: composed.log.with(ids) });
    } catch (error) {
      const log = composed?.log ?? createLog('error');
      log.with(ids).error('fault', describeFault(error));
      return onFault(error);
    }
  };
}

/**
 * A client can choose the `requestId` of a REST API, but not the extended id, which HTTP APIs do not have.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-access-logging.html
 */
function requestIds(event: unknown, invocation: unknown) {
  const { extendedRequestId, requestId } = fields(fields(event)['requestContext']);
  return {
    api_request_id: readId(extendedRequestId ?? requestId),
    lambda_request_id: readId(fields(invocation)['awsRequestId']),
  };
}

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

const readId = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[\w=-]{1,64}$/.test(value) ? value : undefined;
