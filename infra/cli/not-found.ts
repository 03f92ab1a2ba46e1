import { printable } from './output.ts';
import { Problem } from './problem.ts';

/** What belongs to a sentence when it stands at the end of something that was pasted. */
const PUNCTUATION = /[.,;:!?]$/;

/** That there is no record of this id. */
export function notFound(kind: string, id: string): Problem {
  const hint = PUNCTUATION.test(id) ? ` (does the "${id.at(-1)}" at its end belong to it?)` : '';
  return new Problem(`there is no ${kind} ${printable(id)}${hint}`);
}
