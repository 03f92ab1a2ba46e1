import type { Io } from './io.ts';
import { Problem, UsageProblem } from './problem.ts';

export interface ConfirmOptions {
  readonly yes?: true;
  readonly json?: true;
}

/**
 * Asks before much ends at once, if somebody is there to answer.
 * @param ends what ends, as in "This ends …."
 * @throws UsageProblem where nobody can be asked and there is no `--yes`; Problem when the answer is no
 */
export async function confirm(ends: string, { yes, json }: ConfirmOptions, { stdin, stderr }: Io): Promise<void> {
  if (yes) return;
  if (json || !stdin.isTTY) throw new UsageProblem(`this ends ${ends}; give --yes if that is what you want`);
  stderr.write(`This ends ${ends}.\nContinue? [y/N] `);
  if (!/^y(es)?$/i.test(await readLine(stdin))) throw new Problem('nothing was changed');
}

async function readLine(stdin: Io['stdin']): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += Buffer.from(chunk).toString();
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0]?.trim() ?? '';
}
