import type { Figure } from './figure.ts';
import type { Effort } from './measure.ts';

/** Runs a subject in the process that the runner started for it. */
export async function report(measure: (effort: Effort) => Promise<Figure[]>): Promise<void> {
  const figures = await measure(JSON.parse(process.argv[2] ?? '') as Effort);
  process.stdout.write(JSON.stringify(figures), () => process.exit());
}
