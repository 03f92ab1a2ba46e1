import { ConfigError, type Environment, readConfig, type VariableName, variables } from '../../lib/config.ts';
import { Problem } from '../problem.ts';
import type { Stack } from './stack.ts';

/**
 * Reads the variables of every function as the function will do at its first request, so that an invalid variable is
 * reported at start.
 * @throws Problem naming the function and the variable
 */
export function checkFunctionVariables({ functions }: Stack, over: Environment = {}): void {
  for (const { name, environment } of functions.values()) {
    const all = { ...environment, ...over };
    const known = Object.keys(all).filter((variable): variable is VariableName => Object.hasOwn(variables, variable));
    try {
      const config = readConfig(all);
      for (const variable of known) config.find(variable);
      if (Object.hasOwn(environment, 'AUDIENCE')) config.audience();
    } catch (error) {
      if (error instanceof ConfigError) throw new Problem(`${name}: ${error.message}`);
      throw error;
    }
  }
}
