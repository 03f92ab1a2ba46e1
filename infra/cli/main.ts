import { Command, CommanderError } from 'commander';
import { ConfigError } from '../../lib/config.ts';
import { Unavailable } from '../../lib/oauth/errors.ts';
import { clientCommand } from './client.ts';
import { examples, withCommonOptions } from './command.ts';
import { consentsCommand } from './consents.ts';
import { grantsCommand } from './grants.ts';
import { initCommand } from './init.ts';
import type { Io } from './io.ts';
import { keysCommand } from './keys.ts';
import { printable } from './output.ts';
import { Problem, UsageProblem } from './problem.ts';
import { resourceCommand } from './resource.ts';
import { secretCommand } from './secret.ts';
import { tokenCommand } from './token.ts';
import { userCommand } from './user.ts';

export type { Io };

/** Runs one command line. @returns the exit code: 0, 1 for what could not be done, 2 for what makes no sense */
export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  const json = args.includes('--json');
  const fail = (message: string, code: 1 | 2) => {
    const text = json ? JSON.stringify({ error: message }) : `latchkey: ${printable(message)}`;
    io.stderr.write(`${text}\n`);
    return code;
  };
  try {
    await createProgram(io).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // Called without a subcommand: its help has been shown.
      if (error.code === 'commander.help') return 2;
      return fail(`${error.message.replace(/^error: /, '').replaceAll('\n', ' ')} (see --help)`, 2);
    }
    if (error instanceof UsageProblem) return fail(error.message, 2);
    if (error instanceof Problem || error instanceof ConfigError) return fail(error.message, 1);
    if (error instanceof Unavailable) return fail(describe(error), 1);
    throw error;
  }
}

function createProgram(io: Io): Command {
  const program = withCommonOptions(new Command('latchkey'))
    .description('Administers a Latchkey token service: on its table, local or deployed.')
    .usage('<command> <subcommand> [options]')
    .addCommand(clientCommand(io))
    .addCommand(resourceCommand(io))
    .addCommand(secretCommand(io))
    .addCommand(userCommand(io))
    .addCommand(tokenCommand(io))
    .addCommand(keysCommand(io))
    .addCommand(grantsCommand(io))
    .addCommand(consentsCommand(io))
    .addCommand(initCommand(io))
    .addHelpText('after', HELP);
  forAll(program, (command) =>
    command
      .exitOverride()
      .enablePositionalOptions()
      .helpCommand(false)
      .helpOption('-h, --help', 'show this')
      .configureOutput({
        writeOut: (text) => void io.stdout.write(text),
        writeErr: (text) => void io.stderr.write(text),
        outputError: () => {}, // said by run()
      })
      .configureHelp({ showGlobalOptions: false }),
  );
  return program;
}

const HELP = `
A resource server is an API that tokens are for; a client is a program that gets them. Register the first before the
second. Secrets are shown once and stored as hashes.

The table is that of npm start unless one is named: --stage NAME, --table NAME or TABLE_NAME, with the usual variables
and profiles of AWS. Exit code 1: it could not be done; 2: the command line makes no sense.
${examples(
  'latchkey resource create orders --scope "orders:read orders:write"',
  'latchkey client create reports --resource orders --scope orders:read',
  'latchkey client disable reports --stage prod',
  'latchkey user create alice --email alice@example.com',
  'latchkey token explain - --audience orders < token.txt',
  'latchkey keys list --stage prod',
  'latchkey init --stage prod --dry-run',
)}`;

function forAll(command: Command, configure: (command: Command) => void): void {
  configure(command);
  for (const each of command.commands) forAll(each, configure);
}

/** The store's own words are for the administrator: they name actions and resources. */
function describe({ message, cause }: Unavailable): string {
  if (!(cause instanceof Error)) return message;
  const { code = cause.name } = cause as Error & { code?: string };
  return `${message}: ${cause.message.split('\n')[0] || code}`;
}
