import { type Command, Option } from 'commander';
import * as parse from './parse.ts';

/** A member of a record that an option sets. */
export interface Setting<Value> {
  readonly member: keyof Value;
  readonly flags: string;
  readonly description: string;
  readonly parse: (text: string, before?: never) => unknown;
}

/** A boolean member. `flags` departs from the default, and `opposite` restores it. */
export interface Switch<Value> {
  readonly member: keyof Value;
  readonly flags: string;
  readonly description: string;
  readonly opposite: string;
}

export interface SettingRows<Value> {
  readonly settings: readonly Setting<Value>[];
  readonly switches: readonly Switch<Value>[];
}

/** Options by their attribute names in commander. */
export type RowOptions = Readonly<Record<string, unknown>>;

/** A parser for one value, or `default`, which removes the setting. */
export function single<T>(parser: (text: string) => T) {
  return (text: string) => parse.orDefault(parser)(text);
}

export const optionName = (flags: string) => new Option(flags).attributeName();

export function withRows<Value>(command: Command, title: string, { settings, switches }: SettingRows<Value>): Command {
  command.optionsGroup(title);
  for (const { flags, description, parse: parser } of settings) command.option(flags, description, parser as never);
  for (const { flags, description, opposite } of switches) {
    const options = [new Option(flags, description), new Option(opposite, `undo ${flags}`)];
    // Commander sets a default of true for a negated option that is added before its counterpart.
    for (const option of options.sort((option) => (option.negate ? 1 : -1))) command.addOption(option);
  }
  return command.optionsGroup('Options:');
}

export const hasRows = <Value>({ settings, switches }: SettingRows<Value>, options: RowOptions): boolean =>
  [...settings, ...switches].some(({ flags }) => options[optionName(flags)] !== undefined);

/** The members that the options change; undefined = removed. */
export function rowChanges<Value>({ settings, switches }: SettingRows<Value>, options: RowOptions): Partial<Value> {
  const given = settings.flatMap(({ member, flags }) => {
    const value = options[optionName(flags)];
    return value === undefined ? [] : [[member, value === parse.DEFAULT ? undefined : value] as const];
  });
  const switched = switches.flatMap(({ member, flags }) => {
    const value = options[optionName(flags)];
    const departs = value === !flags.startsWith('--no-');
    return value === undefined ? [] : [[member, departs ? value : undefined] as const];
  });
  return Object.fromEntries([...given, ...switched]) as Partial<Value>;
}
