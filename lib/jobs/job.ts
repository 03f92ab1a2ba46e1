import { createContainer } from '../container.ts';
import type { LogContext } from '../log.ts';

/** What runs by the clock, whatever the event that starts it. */
export interface Job<Context> {
  /** What Lambda is told when the job fails. */
  readonly failure: string;
  run(context: Context): Promise<void>;
}

/** Thrown for every fault, so that Lambda counts it and tries again. Lambda logs it, so it quotes nothing. */
export class JobFault extends Error {
  constructor(failure: string) {
    super(failure);
    this.name = 'JobFault';
  }
}

/** Makes a Lambda function of a job. */
export function createJobHandler<Context extends LogContext>({ failure, run }: Job<Context>, compose: () => Context) {
  const handle = createContainer(compose);
  return (event?: unknown, invocation?: unknown): Promise<void> =>
    handle(event, invocation, run, () => {
      throw new JobFault(failure);
    });
}
