import { type Command, Option } from 'commander';
import { findChosenTable, type TableOptions } from './chosen-table.ts';
import { type ConfirmOptions, confirm } from './confirm.ts';
import type { Io } from './io.ts';
import { createOutput, type Output } from './output.ts';
import { port, region, stageName, tableName } from './parse.ts';
import type { Store } from './store.ts';
import { type ExitCode, UsageProblem } from './usage-problem.ts';

/** What the action of a command works with. */
export interface CommandContext {
  readonly io: Io;
  readonly out: Output;
  /** Connects to the table that the options name, and notes which deployed table that is. @throws UsageProblem for none */
  open(): Promise<Store>;
  /** Does the same, but returns undefined when no table is named. */
  openIfNamed(): Promise<Store | undefined>;
  /**
   * Asks before a change that cannot be undone, unless the command has `--yes`.
   * @param consequence as in "This will …"
   * @throws Problem when the answer is no
   */
  confirm(consequence: string): Promise<void>;
  /** Sets the exit code of a command that succeeds but reports its result in the exit code. */
  exitWith(code: ExitCode): void;
}

type Action<Options> = (context: CommandContext, options: Options, ...args: string[]) => Promise<void>;

/** Adds the options that may stand before the command as well as after it. */
export const withCommonOptions = (command: Command): Command =>
  command
    .optionsGroup('Choice of the table:')
    .addOption(
      new Option('--stage <name>', 'deployed stage, such as prod; its table is latchkey-NAME').argParser(stageName),
    )
    .addOption(new Option('--table <name>', 'name of a deployed table (default: TABLE_NAME)').argParser(tableName))
    .addOption(new Option('--local', 'use the table of npm start (the default when no table is named)'))
    .addOption(
      new Option('--port <port>', 'port of the npm start whose table to use, if several are running').argParser(port),
    )
    .addOption(regionOption())
    .optionsGroup('Output:')
    .option('--json', 'print one JSON document instead of text');

/** Without it, the region is that of `serverless deploy`. */
export const regionOption = (): Option =>
  new Option(
    '--region <region>',
    'AWS region, such as eu-west-1 (default: AWS_REGION, AWS_DEFAULT_REGION, that of the AWS profile, or us-east-1)',
  ).argParser(region);

/** For a command that revokes many tokens at once. */
export const withYes = (command: Command): Command => command.option('--yes', 'do not ask for confirmation');

type CommonOptions = TableOptions & ConfirmOptions;

/** Gives a command its action, and the options that all commands share. */
export function withTableAction<Options>(command: Command, io: Io, action: Action<Options>): Command {
  return withCommonOptions(command).action(async () => {
    const options = command.optsWithGlobals<Options & CommonOptions>();
    const out = createOutput(io, options.json === true);
    const openIfNamed = async () => {
      const target = await findChosenTable(options, io);
      if (!target) return undefined;
      // Loaded only when needed: this brings in the AWS SDK, most of the program.
      const { openStore } = await import('./store.ts');
      const store = await openStore(target, io.env, options.region);
      if (!store.local) out.note(store.where);
      return store;
    };
    const open = async () => {
      const store = await openIfNamed();
      if (store) return store;
      throw new UsageProblem(
        'which table? Give --stage NAME or --table NAME, set TABLE_NAME, or run npm start for a local table',
      );
    };
    const context: CommandContext = {
      io,
      out,
      open,
      openIfNamed,
      confirm: (consequence) => confirm(consequence, options, io),
      exitWith: (code) => {
        io.exitCode = code;
      },
    };
    await action(context, options, ...(command.processedArgs as string[]));
  });
}

/** Example lines for the end of a command's help. */
export const examples = (...lines: readonly string[]): string =>
  ['', lines.length === 1 ? 'Example:' : 'Examples:', ...lines.map((line) => `  $ ${line}`)].join('\n');
