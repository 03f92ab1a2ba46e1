// One execution environment of a function: a worker thread with its own environment variables that answers one event at a
// time. Not imitated: freezing between events, /tmp, memory limits beyond the JavaScript heap, the 6 MB limit of events and
// answers, IAM.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { FunctionDefinition } from './stack.ts';
import type { Timers } from './timers.ts';

/** The result of an invocation: the value of the handler, or an error. */
export type Outcome = ({ payload: unknown } | { error: FunctionError }) & {
  /** The last part of what the function wrote during the invocation, if anything. */
  log?: string;
};

export interface FunctionError {
  /** `Error`, `Sandbox.Timedout`, `Runtime.ExitError`, `TooManyRequestsException` ... */
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

export interface Container {
  /** Never rejects. Call it only after the previous event was answered. */
  invoke(event: unknown, requestId: string): Promise<Outcome>;
  /** False after a crash, a timeout or a stop: the next event needs another container. */
  readonly alive: boolean;
  /** Resolves when the code has been loaded. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

interface Reply {
  ready?: true;
  payload?: string;
  error?: FunctionError;
  broken?: true;
  log?: string;
}

const workerFile = fileURLToPath(new URL('container-worker.mjs', import.meta.url));

/**
 * @param bundle path of the bundle of the function
 * @param environment the whole `process.env` of the worker, which inherits nothing from this process
 * @param log receives the output of the function, chunk by chunk
 */
export function startContainer(
  definition: FunctionDefinition,
  bundle: string,
  environment: Record<string, string>,
  timers: Timers,
  log: (text: string) => void,
): Container {
  const worker = new Worker(workerFile, {
    workerData: { bundle, exported: definition.handler.slice(definition.handler.lastIndexOf('.') + 1) },
    env: environment,
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: definition.memory },
  });
  let alive = true;
  let resolveEvent: ((outcome: Outcome) => void) | undefined;
  let loaded = () => {};
  const ready = new Promise<void>((resolve) => {
    loaded = resolve;
  });

  // Lambda allows ten seconds for loading the code, apart from the timeout of the function.
  const cancelLoading = timers.after(10_000, () => {
    die('Sandbox.Timedout', 'Init timed out after 10.00 seconds');
    void worker.terminate();
  });
  void ready.then(cancelLoading);

  const settle = (outcome: Outcome) => {
    resolveEvent?.(outcome);
    resolveEvent = undefined;
  };
  let failure: FunctionError = { errorType: 'Runtime.ExitError', errorMessage: 'the runtime exited' };
  const die = (errorType: string, errorMessage: string) => {
    if (alive) failure = { errorType, errorMessage };
    alive = false;
    loaded();
    settle({ error: failure });
  };

  for (const stream of [worker.stdout, worker.stderr]) stream.setEncoding('utf8').on('data', log);
  worker.on('message', ({ ready: isReady, payload, error, broken, log: written }: Reply) => {
    if (isReady) return loaded();
    if (broken) alive = false;
    settle({ ...(error ? { error } : { payload: JSON.parse(payload ?? 'null') }), ...(written && { log: written }) });
    if (broken) void worker.terminate();
  });
  worker.on('error', (error: Error) => die(error.name, error.message));
  worker.on('exit', (code) => die('Runtime.ExitError', `the runtime exited with status ${code}`));

  return {
    ready,
    get alive() {
      return alive;
    },
    async invoke(event, requestId) {
      const milliseconds = definition.timeout * 1000;
      await ready;
      if (!alive) return { error: failure };
      return new Promise((resolve) => {
        const cancel = timers.after(milliseconds, () => {
          die('Sandbox.Timedout', `Task timed out after ${definition.timeout.toFixed(2)} seconds`);
          void worker.terminate();
        });
        resolveEvent = (outcome) => {
          cancel();
          resolve(outcome);
        };
        worker.postMessage({
          event: JSON.stringify(event),
          context: invocationContext(definition, requestId),
          deadline: Date.now() + milliseconds,
        });
      });
    },
    async stop() {
      die('Runtime.ExitError', 'the runtime was stopped');
      await worker.terminate();
    },
  };
}

// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html
const invocationContext = ({ name, arn, memory }: FunctionDefinition, awsRequestId: string) => ({
  awsRequestId,
  callbackWaitsForEmptyEventLoop: true,
  functionName: name,
  functionVersion: '$LATEST',
  invokedFunctionArn: arn,
  logGroupName: `/aws/lambda/${name}`,
  logStreamName: 'local',
  memoryLimitInMB: String(memory),
});

/**
 * The variables that Lambda sets for every function, and those of this function.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
export function containerEnvironment(
  { name, handler, memory, environment }: FunctionDefinition,
  region: string,
  taskRoot: string,
): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
    AWS_DEFAULT_REGION: region,
    AWS_REGION: region,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory),
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    LAMBDA_TASK_ROOT: taskRoot,
    _HANDLER: handler,
    ...environment,
  };
}

/** The file of a handler: `dist/token/index.handler` is an export of `dist/token/index.cjs`. */
export const bundlePath = (root: string, handler: string): string =>
  join(root, `${handler.slice(0, handler.lastIndexOf('.'))}.cjs`);
