import { Problem } from '../problem.ts';
import type { Io } from './io.ts';
import { UsageProblem } from './usage-problem.ts';

export interface ConfirmOptions {
  readonly yes?: true;
  readonly json?: true;
}

/**
 * Asks for confirmation at a terminal.
 * @param consequence as in "This will …"
 * @throws UsageProblem without a terminal and without `--yes`; Problem when the answer is no
 */
export async function confirm(
  consequence: string,
  { yes, json }: ConfirmOptions,
  { stdin, stderr }: Io,
): Promise<void> {
  if (yes) return;
  if (json || !stdin.isTTY) throw new UsageProblem(`this would ${consequence}: to confirm, add --yes`);
  stderr.write(`This will ${consequence}.\nContinue? [y/N] `);
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
