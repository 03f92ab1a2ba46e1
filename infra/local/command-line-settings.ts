import { handleKeyVariables } from '../handle-keys.ts';
import type { FunctionDefinition } from './stack.ts';

/** Without AUDIENCE, which the command line leaves open, and without the public keys, which the stack publishes. */
const names = [
  ...handleKeyVariables,
  'HANDLE_KEYS',
  'DECRYPTION_KEYS',
  'SEALING_KEYS',
  'CLOCK_SKEW_SECONDS',
  'ACCESS_TOKEN_MAX_LIFETIME_SECONDS',
] as const;

/**
 * The variables with which the command line checks tokens of the local stack as its functions do.
 * @param handleKeys that the variables of the functions do not contain
 */
export function commandLineSettings(
  functions: Iterable<FunctionDefinition>,
  handleKeys: Readonly<Record<string, string>>,
): Record<string, string> {
  const all: Record<string, string | undefined> = Object.assign({}, ...[...functions].map((each) => each.environment));
  const settings: Record<string, string | undefined> = { ...all, ...handleKeys };
  return Object.fromEntries(names.flatMap((name) => (settings[name] ? [[name, settings[name]]] : [])));
}
