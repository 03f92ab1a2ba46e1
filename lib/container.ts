import { createLog, describeFault, type LogContext } from './log.ts';

/**
 * Makes what every Lambda function does around its own work. The context is composed at the first event, and again at the
 * next one after that failed. Every line that is logged names the request as API Gateway and Lambda do.
 */
export function createContainer<Context extends LogContext>(compose: () => Context) {
  let composed: Context | undefined;
  /**
   * @param invocation what Lambda passes beside the event
   * @param work gets the context, with a log for this event
   * @param onFault what follows from a fault, once it has been logged: an answer, or an error of our own
   */
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
 * What API Gateway and Lambda call this request in their own logs. A client can choose the `requestId` of a REST API, but not
 * the extended one, which an HTTP API does not have.
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
