import { createContainer } from '../container.ts';
import type { LogContext } from '../log.ts';

/** Started by a schedule. The content of the event is ignored. */
export interface Job<Context> {
  /** The message of the error that is thrown when the job fails. */
  readonly failure: string;
  run(context: Context): Promise<void>;
}

/** Thrown for every fault, so that Lambda counts an error and retries. Lambda logs it, so it gives no details. */
export class JobFault extends Error {
  constructor(failure: string) {
    super(failure);
    this.name = 'JobFault';
  }
}

export function createJobHandler<Context extends LogContext>({ failure, run }: Job<Context>, compose: () => Context) {
  const handle = createContainer(compose);
  return async (event?: unknown, invocation?: unknown): Promise<void> =>
    handle(
      event,
      invocation,
      (context, requestLog) => run({ ...context, log: requestLog() }),
      () => {
        throw new JobFault(failure);
      },
    );
}
