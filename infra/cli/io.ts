import type { Environment } from '../../lib/config.ts';
import { Problem } from '../problem.ts';
import type { ExitCode } from './usage-problem.ts';

/** Everything that the program uses of its process, so that tests can replace it. */
export interface Io {
  readonly env: Environment;
  readonly cwd: string;
  readonly stdin: AsyncIterable<string | Uint8Array> & { readonly isTTY?: boolean };
  readonly stdout: Writer;
  readonly stderr: Writer;
  /** Set by a command that reports its result in the exit code. */
  exitCode?: ExitCode;
}

export interface Writer {
  write(text: string): unknown;
}

/**
 * Reads standard input to its end, and drops the final line break.
 * @param what the noun for messages, such as `password`
 * @param rules what the input may contain, for messages
 * @throws Problem at a terminal, which would show what is typed
 */
export async function readStdin({ stdin }: Pick<Io, 'stdin'>, what: string, rules = ''): Promise<string> {
  if (stdin.isTTY) throw new Problem(`pipe the ${what} in${rules}: the terminal would show what you type`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, '');
}
