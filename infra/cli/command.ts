import { type Command, Option } from 'commander';
import type { Io } from './io.ts';
import { createOutput, type Output } from './output.ts';
import { region, stageName, tableName } from './parse.ts';
import { UsageProblem } from './problem.ts';
import { findTarget, openStore, type Store, type TableChoice } from './store.ts';

/** What an action gets. `open` connects to the table that the options name, and says which one it is. */
export interface Session {
  readonly io: Io;
  readonly out: Output;
  open(): Promise<Store>;
  /** The same, or undefined where no table is named. */
  openIfNamed(): Promise<Store | undefined>;
}

type Action<Options> = (session: Session, options: Options, ...args: string[]) => Promise<void>;

/** The options that may stand before the command as well as after it. */
export const withCommonOptions = (command: Command): Command =>
  command
    .optionsGroup('Which table:')
    .addOption(new Option('--stage <name>', 'the table latchkey-NAME of a deployed stage').argParser(stageName))
    .addOption(new Option('--table <name>', 'a deployed table by its name (default: TABLE_NAME)').argParser(tableName))
    .addOption(new Option('--local', 'the table of npm start; so it is when nothing is named'))
    .addOption(new Option('--region <region>', 'AWS region (default: AWS_REGION, or the profile)').argParser(region))
    .optionsGroup('Output:')
    .option('--json', 'one JSON document instead of text');

/** Gives a command the options that all have which use the table, and its action. */
export function onTable<Options>(command: Command, io: Io, action: Action<Options>): Command {
  return withCommonOptions(command).action(async () => {
    const options = command.optsWithGlobals<Options & TableChoice & { json?: true }>();
    const out = createOutput(io, options.json === true);
    const openIfNamed = async () => {
      const target = findTarget(options, io);
      if (!target) return undefined;
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
    await action({ io, out, open, openIfNamed }, options, ...(command.processedArgs as string[]));
  });
}

/** Example lines for the end of a command's help. */
export const examples = (...lines: readonly string[]): string =>
  ['', lines.length === 1 ? 'Example:' : 'Examples:', ...lines.map((line) => `  $ ${line}`)].join('\n');
