import type { Environment } from '../../lib/config.ts';
import { type ExitCode, Problem } from './problem.ts';

/** Everything the program touches of the process it runs in, so that tests can be that process. */
export interface Io {
  readonly env: Environment;
  readonly cwd: string;
  readonly stdin: AsyncIterable<string | Uint8Array> & { readonly isTTY?: boolean };
  readonly stdout: Writer;
  readonly stderr: Writer;
  /** Set by a command that ends by its result. */
  exitCode?: ExitCode;
}

export interface Writer {
  write(text: string): unknown;
}

/**
 * All of standard input without the line break at its end.
 * @param rules what it may contain
 * @throws Problem at a terminal, which would show what is typed
 */
export async function readStdin({ stdin }: Pick<Io, 'stdin'>, what: string, rules = ''): Promise<string> {
  if (stdin.isTTY) throw new Problem(`pipe the ${what} in${rules}: what is typed here would be shown`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, '');
}
