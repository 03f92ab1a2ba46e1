import { Command, CommanderError } from 'commander';
import { Unavailable } from '../../lib/oauth/errors.ts';
import { version } from '../../package.json';
import { demoApis } from '../demo-apis.ts';
import { Problem } from '../problem.ts';
import { examples, withCommonOptions } from './command.ts';
import { acceptDashIds } from './dash-ids.ts';
import type { Io } from './io.ts';
import { printable } from './output.ts';
import { type ExitCode, UsageProblem } from './usage-problem.ts';

export type { Io };

interface Group {
  readonly description: string;
  load(): Promise<(io: Io) => Command>;
}

/** The command groups by name. A group is loaded only when the command line names it. */
const groups: Readonly<Record<string, Group>> = {
  client: {
    description: 'Manage clients: the programs that get tokens.',
    load: async () => (await import('./client.ts')).clientCommand,
  },
  resource: {
    description: 'Manage resource servers: the APIs that tokens are for.',
    load: async () => (await import('./resource.ts')).resourceCommand,
  },
  secret: {
    description:
      'Rotate the secrets of clients and resource servers: add a second one, move over to it, retire the first.',
    load: async () => (await import('./secret.ts')).secretCommand,
  },
  user: {
    description: 'Manage users: the people who sign in, their passwords and their claims.',
    load: async () => (await import('./user.ts')).userCommand,
  },
  token: {
    description: 'Revoke access tokens, one or many, or explain one.',
    load: async () => (await import('./token.ts')).tokenCommand,
  },
  keys: {
    description: 'Rotate signing keys: publish a new key, let it sign, withdraw the old key.',
    load: async () => (await import('./keys.ts')).keysCommand,
  },
  grants: {
    description: 'List and revoke grants: what people allowed clients to do on their behalf.',
    load: async () => (await import('./grants.ts')).grantsCommand,
  },
  consents: {
    description: 'List and withdraw consents: what users have allowed clients to do, and are not asked again.',
    load: async () => (await import('./consents.ts')).consentsCommand,
  },
  sessions: {
    description: 'List the sessions in which a user is signed in.',
    load: async () => (await import('./sessions.ts')).sessionsCommand,
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
  // Commander writes a help text in parts, which become one JSON document.
  let help = '';
  const writeHelp = (text: string) => {
    if (json) help += text;
    else io.stdout.write(text);
  };
  try {
    const wanted = Object.keys(groups).filter((name) => args.includes(name));
    await (await createProgram(io, json, wanted, writeHelp)).parseAsync([...args], { from: 'user' });
    return io.exitCode ?? 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) {
        if (json) io.stdout.write(helpDocument(help));
        return 0;
      }
      // A group without a subcommand: commander has already shown its help.
      if (error.code === 'commander.help') return json ? fail('no subcommand is given (see --help)', 2) : 2;
      const hint = error.code === 'commander.unknownOption' ? '; put an id that begins with - after --' : '';
      return fail(`${error.message.replace(/^error: /, '').replaceAll('\n', ' ')} (see --help${hint})`, 2);
    }
    if (error instanceof UsageProblem) return fail(error.message, 2);
    if (error instanceof Problem || isConfigError(error)) return fail(error.message, 1);
    if (error instanceof Unavailable) return fail(describe(error), 1);
    throw error;
  }
}

/** By name, because importing the class would load everything that reads variables. */
const isConfigError = (error: unknown): error is Error => error instanceof Error && error.name === 'ConfigError';

/** @param wanted the groups to load; the others appear in the help only */
export async function createProgram(
  io: Io,
  json = false,
  wanted = Object.keys(groups),
  writeHelp: (text: string) => void = () => {},
): Promise<Command> {
  const program = withCommonOptions(new Command('latchkey'))
    .description('Administer a Latchkey token service through its table, local or deployed.')
    .usage('<command> <subcommand> [options]')
    .version(version, '--version', 'print the version')
    .addHelpText('after', HELP);
  for (const [name, { description, load }] of Object.entries(groups)) {
    const command = wanted.includes(name) ? (await load())(io) : new Command(name);
    program.addCommand(command.summary(description).description(command.description() || description));
  }
  forAll(program, (command) => {
    if (command.commands.length === 0) acceptDashIds(command);
    command
      .exitOverride()
      .enablePositionalOptions()
      .helpCommand(false)
      .helpOption('-h, --help', 'show this help')
      .configureOutput({
        writeOut: writeHelp,
        writeErr: (text) => void (json || io.stderr.write(text)),
        outputError: () => {}, // run() prints errors
      })
      .configureHelp({ showGlobalOptions: false });
  });
  return program;
}

function helpDocument(text: string): string {
  const plain = text.trimEnd();
  return `${JSON.stringify(plain === version ? { version } : { help: plain })}\n`;
}

const HELP = `
A resource server is an API that tokens are for, and a client is a program that gets tokens. Register resource servers
first. Secrets are shown once and stored as hashes.

Commands work on the table of npm start unless --stage, --table or the variable TABLE_NAME names a deployed one. For a
deployed table, AWS credentials and region come from the usual variables and profiles.

Exit codes: 0 done, 1 failed, 2 wrong command line. latchkey token explain --help lists its own.
${examples(
  `latchkey resource create ${demoApis.orders} --scope "orders:read orders:write"`,
  `latchkey client create reports --resource ${demoApis.orders} --scope orders:read`,
  'latchkey client disable reports --stage prod',
  'latchkey user create alice --email alice@example.com',
  `latchkey token explain - --audience ${demoApis.orders} < token.txt`,
  'latchkey keys list --stage prod',
  'latchkey init --stage prod --dry-run',
)}`;

function forAll(command: Command, configure: (command: Command) => void): void {
  configure(command);
  for (const each of command.commands) forAll(each, configure);
}

/** Adds the store's own message, which names the AWS action and resource: an administrator may see it. */
function describe({ message, cause }: Unavailable): string {
  if (!(cause instanceof Error)) return message;
  const { code = cause.name } = cause as Error & { code?: string };
  return `${message}: ${cause.message.split('\n')[0] || code}`;
}
