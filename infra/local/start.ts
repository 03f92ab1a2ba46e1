import { Problem } from '../problem.ts';
import { diskProblem } from './disk-problem.mjs';
import { type Build, run } from './local-service.ts';
import { help, parseOptions } from './options.ts';

/** Runs until Ctrl-C or SIGTERM. An error that the user can correct is printed as one line, with exit code 1. */
export async function main(args: string[], build: Build): Promise<void> {
  const controller = new AbortController();
  let running: Promise<(() => Promise<void>) | undefined> = Promise.resolve(undefined);
  // The embedded table throws outside of any request when it cannot write, and cannot continue after that.
  process.on('uncaughtException', fail);
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, async () => {
      if (controller.signal.aborted) process.exit(0); // the second signal ends the process at once
      controller.abort();
      const stop = await running.catch(() => undefined);
      await stop?.();
      process.exit(0);
    });
  }

  try {
    const options = parseOptions(args, process.env);
    if (options.help) {
      process.stdout.write(help);
      return;
    }
    running = run(options, build, controller.signal);
    await running;
  } catch (error) {
    if (controller.signal.aborted) return;
    // esbuild is a separate process that prints an error when this process exits first.
    await build.functions.catch(() => {});
    fail(error);
  }
}

function fail(error: unknown): never {
  const problem = error instanceof Problem ? error.message : diskProblem(error);
  process.stderr.write(`latchkey: ${problem ?? (error instanceof Error ? error.stack : error)}\n`);
  process.exit(1);
}
