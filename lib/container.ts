import { createLog, describeFault, type Log, type LogContext } from './log.ts';

/** Adds the ids of the request to each line. */
export type RequestLog = () => Log;

/** Composes the context at the first event; after a failure, again at the next. */
export function createContainer<Context extends LogContext>(compose: () => Context) {
  let composed: Context | undefined;
  /** No promise if the work returns none. `onFault` is called after a fault has been logged; it returns the result or throws. */
  return <Result>(
    event: unknown,
    invocation: unknown,
    work: (context: Context, requestLog: RequestLog) => Result | Promise<Result>,
    onFault: (error: unknown) => Result,
  ): Result | Promise<Result> => {
    const requestLog = () => (composed?.log ?? createLog('error')).with(requestIds(event, invocation));
    const fail = (error: unknown) => {
      requestLog().error('fault', describeFault(error));
      return onFault(error);
    };
    try {
      composed ??= compose();
      const result = work(composed, requestLog);
      return result instanceof Promise ? result.catch(fail) : result;
    } catch (error) {
      return fail(error);
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
