import type { Command } from 'commander';
import { UsageProblem } from './problem.ts';

// Ids that were made by earlier versions, thumbprints of keys and ids from elsewhere may begin with a dash. They are taken
// as values wherever a value stands, while a mistyped option is still refused.

/** How long the random ids are, with a dash or not: a jti, kid, sub or client; a grant; a thumbprint. */
const LENGTHS = new Set([22, 32, 43]);

/**
 * Whether an argument is an id and no option: no option of ours is that long with a capital or a digit in it. Two dashes
 * look more like an option than one, so such an id needs the exact length of ours, and a digit.
 */
export function isDashId(arg: string): boolean {
  if (arg.startsWith('--')) return LENGTHS.has(arg.length) && /^[\w-]*\d[\w-]*$/.test(arg);
  return arg.startsWith('-') && arg.length >= 22 && /^[\w-]*[A-Z\d][\w-]*$/.test(arg);
}

/** What an argument begins with while the parser must not take it for an option. */
const MARK = '\0';

/** Lets a command take such an id as its argument, and no option as the value of another one. */
export function acceptDashIds(command: Command): void {
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (args) => {
    const { operands, unknown } = parse(marked(args, command));
    return { operands: operands.map(unmarked), unknown: unknown.map(unmarked) };
  };
}

/** The arguments with each id marked that stands where an argument can. @throws UsageProblem where a value is missing */
function marked(args: readonly string[], { options, registeredArguments }: Command): string[] {
  const result: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (arg === '--') return [...result, ...args.slice(index)];
    const takesId = registeredArguments.length > 0 && isDashId(arg);
    result.push(takesId ? MARK + arg : arg);
    if (!options.find(({ long, short }) => arg === long || arg === short)?.required || index + 1 === args.length)
      continue;
    const value = args[++index] ?? '';
    if (value.startsWith('--') && !isDashId(value)) {
      throw new UsageProblem(`${arg} has no value; one that begins with -- is written ${arg}=${value}`);
    }
    result.push(value);
  }
  return result;
}

const unmarked = (arg: string) => (arg.startsWith(MARK) ? arg.slice(MARK.length) : arg);
