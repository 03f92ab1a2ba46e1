import { Command, CommanderError } from 'commander';
import { Unavailable } from '../../lib/oauth/errors.ts';
import { version } from '../../package.json';
import { examples, withCommonOptions } from './command.ts';
import { acceptDashIds } from './dash-ids.ts';
import type { Io } from './io.ts';
import { printable } from './output.ts';
import { type ExitCode, Problem, UsageProblem } from './problem.ts';

export type { Io };

interface Group {
  readonly description: string;
  load(): Promise<(io: Io) => Command>;
}

/** The commands, by their first word. Each group is loaded when it is named. */
const groups: Readonly<Record<string, Group>> = {
  client: {
    description: 'Clients: the programs that get tokens. Each has an id, secrets, and what it may ask for.',
    load: async () => (await import('./client.ts')).clientCommand,
  },
  resource: {
    description: 'Resource servers: the APIs that tokens are for. Each has an identifier, an audience and scopes.',
    load: async () => (await import('./resource.ts')).resourceCommand,
  },
  secret: {
    description: 'Secrets of clients and resource servers: add a new one, move over to it, retire the old one.',
    load: async () => (await import('./secret.ts')).secretCommand,
  },
  user: {
    description: 'Users: the people who sign in. Each has a name, a password, and claims that clients may be told.',
    load: async () => (await import('./user.ts')).userCommand,
  },
  token: {
    description: 'Access tokens of every format: end one or many, or learn what one is.',
    load: async () => (await import('./token.ts')).tokenCommand,
  },
  keys: {
    description: 'Signing keys: publish a new one, let it sign, withdraw the old one.',
    load: async () => (await import('./keys.ts')).keysCommand,
  },
  grants: {
    description: 'Grants: what people allowed clients to do in their name. Each can be ended with all its tokens.',
    load: async () => (await import('./grants.ts')).grantsCommand,
  },
  consents: {
    description: 'Consents: what users allowed clients, and are not asked for again. Each can be withdrawn.',
    load: async () => (await import('./consents.ts')).consentsCommand,
  },
  init: {
    description: 'Make the keys of a new stage, before it is deployed.',
    load: async () => (await import('./init.ts')).initCommand,
  },
};

/** Runs one command line. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const options = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  const json = options.includes('--json');
  const fail = (message: string, code: 1 | 2) => {
    const text = json ? JSON.stringify({ error: message }) : `latchkey: ${printable(message)}`;
    io.stderr.write(`${text}\n`);
    return code;
  };
  try {
    const wanted = Object.keys(groups).filter((name) => args.includes(name));
    await (await createProgram(io, json, wanted)).parseAsync([...args], { from: 'user' });
    return io.exitCode ?? 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // Called without a subcommand: its help has been shown.
      if (error.code === 'commander.help') return json ? fail('which command? (see --help)', 2) : 2;
      const hint = error.code === 'commander.unknownOption' ? '; an id that begins with - goes after --' : '';
      return fail(`${error.message.replace(/^error: /, '').replaceAll('\n', ' ')} (see --help${hint})`, 2);
    }
    if (error instanceof UsageProblem) return fail(error.message, 2);
    if (error instanceof Problem || isConfigError(error)) return fail(error.message, 1);
    if (error instanceof Unavailable) return fail(describe(error), 1);
    throw error;
  }
}

/** The class itself would load everything that reads a variable. */
const isConfigError = (error: unknown): error is Error => error instanceof Error && error.name === 'ConfigError';

/** @param wanted the groups to load; of the others there is only the name */
export async function createProgram(io: Io, json = false, wanted = Object.keys(groups)): Promise<Command> {
  const program = withCommonOptions(new Command('latchkey'))
    .description('Administers a Latchkey token service: on its table, local or deployed.')
    .usage('<command> <subcommand> [options]')
    .version(version, '--version', 'show the version')
    .addHelpText('after', HELP);
  for (const [name, { description, load }] of Object.entries(groups)) {
    const command = wanted.includes(name) ? (await load())(io) : new Command(name);
    program.addCommand(command.summary(description).description(command.description() || description));
  }
  const asJson = (text: string) => {
    const plain = text.trimEnd();
    return `${JSON.stringify(plain === version ? { version } : { help: plain })}\n`;
  };
  forAll(program, (command) => {
    if (command.commands.length === 0) acceptDashIds(command);
    command
      .exitOverride()
      .enablePositionalOptions()
      .helpCommand(false)
      .helpOption('-h, --help', 'show this')
      .configureOutput({
        writeOut: (text) => void io.stdout.write(json ? asJson(text) : text),
        writeErr: (text) => void (json || io.stderr.write(text)),
        outputError: () => {}, // said by run()
      })
      .configureHelp({ showGlobalOptions: false });
  });
  return program;
}

const HELP = `
A resource server is an API that tokens are for; a client is a program that gets them. Register the first before the
second. Secrets are shown once and stored as hashes.

The table is that of npm start unless one is named: --stage NAME, --table NAME or TABLE_NAME, with the usual variables
and profiles of AWS. Exit code 1: it could not be done; 2: the command line makes no sense. token explain has its own.
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
