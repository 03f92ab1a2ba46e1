import type { FunctionDefinition } from './stack.ts';

/** Without AUDIENCE, which the command line leaves open, and without the public keys, which the stack publishes. */
const names = [
  'HANDLE_KEYS',
  'DECRYPTION_KEYS',
  'SEALING_KEYS',
  'CLOCK_SKEW_SECONDS',
  'ACCESS_TOKEN_MAX_LIFETIME_SECONDS',
] as const;

/** The variables with which the command line checks tokens of the local stack as its functions do. */
export function commandLineSettings(
  functions: Iterable<FunctionDefinition>,
  handleKeys: string | undefined,
): Record<string, string> {
  const all: Record<string, string | undefined> = Object.assign({}, ...[...functions].map((each) => each.environment));
  const settings: Record<string, string | undefined> = { ...all, ...(handleKeys && { HANDLE_KEYS: handleKeys }) };
  return Object.fromEntries(names.flatMap((name) => (settings[name] ? [[name, settings[name]]] : [])));
}
