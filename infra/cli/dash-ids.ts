import type { Command } from 'commander';
import { UsageProblem } from './usage-problem.ts';

// Ids from earlier versions, key thumbprints and ids from other systems may begin with a dash. Commands accept them wherever a
// value can stand, and still refuse a mistyped option.

/** Lengths of generated ids: a jti, kid, sub or client; a grant; a thumbprint. */
const LENGTHS = new Set([22, 32, 43]);

/**
 * Whether an argument is an id rather than an option: no option of this program is that long and has a capital or a digit.
 * Two dashes look more like an option than one, so such an id must also have the exact length of a generated id.
 */
function isDashId(arg: string): boolean {
  if (arg.startsWith('--')) return LENGTHS.has(arg.length) && /^[\w-]*\d[\w-]*$/.test(arg);
  return arg.startsWith('-') && arg.length >= 22 && /^[\w-]*[A-Z\d][\w-]*$/.test(arg);
}

/** Hides the dash of an id from the parser. */
const MARK = '\0';

/** Lets a command take an id with a dash as its argument, and refuse an option as the value of another option. */
export function acceptDashIds(command: Command): void {
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (args) => {
    const { operands, unknown } = parse(marked(args, command));
    return { operands: operands.map(unmarked), unknown: unknown.map(unmarked) };
  };
}

/** Marks the ids among the arguments. @throws UsageProblem when the value of an option is missing */
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
      throw new UsageProblem(`${arg} has no value; write a value that begins with -- as ${arg}=${value}`);
    }
    result.push(value);
  }
  return result;
}

const unmarked = (arg: string) => (arg.startsWith(MARK) ? arg.slice(MARK.length) : arg);
