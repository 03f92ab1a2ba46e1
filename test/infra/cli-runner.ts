import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { run } from '../../infra/cli/main.ts';
import type { Variables } from '../support/world.ts';

/** What a command line did. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as the one JSON document that it must be. */
  json<Document = Record<string, unknown>>(): Document;
}

export interface CliOptions {
  readonly stdin?: string;
  readonly env?: Variables;
  readonly cwd?: string;
  /** Standard input is a terminal, where somebody types this. */
  readonly typed?: string;
}

export type Cli = (args: readonly string[], options?: CliOptions) => Promise<CliResult>;

export const emptyDirectory = () => mkdtempSync(join(tmpdir(), 'latchkey-cli-'));

/** The program in this process, with an environment of its own and in a directory where there is no local stack. */
export function createCli(env: Variables, directory = emptyDirectory()): Cli {
  return async (args, { stdin = '', env: more = {}, cwd = directory, typed } = {}) => {
    const written = { stdout: '', stderr: '' };
    const writer = (name: keyof typeof written) => ({
      write(text: string) {
        written[name] += text;
      },
    });
    const code = await run(args, {
      env: { ...env, ...more },
      cwd,
      stdin: Object.assign(Readable.from([typed ?? stdin]), { isTTY: typed !== undefined }),
      stdout: writer('stdout'),
      stderr: writer('stderr'),
    });
    return { code, ...written, json: () => JSON.parse(written.stdout) };
  };
}

/** The same, for a command that must succeed. */
export const succeeding =
  (cli: Cli): Cli =>
  async (args, options) => {
    const result = await cli(args, options);
    if (result.code !== 0) throw new Error(`${args.join(' ')}: ${result.code} ${result.stderr}`);
    return result;
  };
