import { type Command, Option } from 'commander';
import { type ConfirmOptions, confirm } from './confirm.ts';
import type { Io } from './io.ts';
import { createOutput, type Output } from './output.ts';
import { port, region, stageName, tableName } from './parse.ts';
import { type ExitCode, UsageProblem } from './problem.ts';
import type { Store } from './store.ts';
import { findTarget, type TableChoice } from './target.ts';

/** What an action gets. `open` connects to the table that the options name, and says which one it is. */
export interface Session {
  readonly io: Io;
  readonly out: Output;
  open(): Promise<Store>;
  /** The same, or undefined where no table is named. */
  openIfNamed(): Promise<Store | undefined>;
  /** Asks before what is named ends, unless the command has `--yes`. @throws Problem when the answer is no */
  confirm(ends: string): Promise<void>;
  /** Sets the exit code of a command that ends by its result. */
  exitWith(code: ExitCode): void;
}

type Action<Options> = (session: Session, options: Options, ...args: string[]) => Promise<void>;

/** The options that may stand before the command as well as after it. */
export const withCommonOptions = (command: Command): Command =>
  command
    .optionsGroup('Which table:')
    .addOption(new Option('--stage <name>', 'the table latchkey-NAME of a deployed stage').argParser(stageName))
    .addOption(new Option('--table <name>', 'a deployed table by its name (default: TABLE_NAME)').argParser(tableName))
    .addOption(new Option('--local', 'the table of npm start; so it is when nothing is named'))
    .addOption(
      new Option('--port <port>', 'the table of the npm start on this port, where several run').argParser(port),
    )
    .addOption(new Option('--region <region>', 'AWS region (default: AWS_REGION, or the profile)').argParser(region))
    .optionsGroup('Output:')
    .option('--json', 'one JSON document instead of text');

/** For a command that ends many things at once. */
export const withYes = (command: Command): Command => command.option('--yes', 'do not ask whether it is meant');

type CommonOptions = TableChoice & ConfirmOptions;

/** Gives a command the options that all have which use the table, and its action. */
export function onTable<Options>(command: Command, io: Io, action: Action<Options>): Command {
  return withCommonOptions(command).action(async () => {
    const options = command.optsWithGlobals<Options & CommonOptions>();
    const out = createOutput(io, options.json === true);
    const openIfNamed = async () => {
      const target = findTarget(options, io);
      if (!target) return undefined;
      // With the AWS SDK, which is most of what there is to load.
      const { openStore } = await import('./store.ts');
      const store = await openStore(target, io.env, options.region);
      if (!store.local) out.note(store.where);
      return store;
    };
    const open = async () => {
      const store = await openIfNamed();
      if (store) return store;
      throw new UsageProblem(
        'which table? Give --stage NAME or --table NAME, set TABLE_NAME, or run npm start for a local one',
      );
    };
    const session: Session = {
      io,
      out,
      open,
      openIfNamed,
      confirm: (ends) => confirm(ends, options, io),
      exitWith: (code) => {
        io.exitCode = code;
      },
    };
    await action(session, options, ...(command.processedArgs as string[]));
  });
}

/** Example lines for the end of a command's help. */
export const examples = (...lines: readonly string[]): string =>
  ['', lines.length === 1 ? 'Example:' : 'Examples:', ...lines.map((line) => `  $ ${line}`)].join('\n');
