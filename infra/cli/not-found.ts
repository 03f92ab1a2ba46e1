import { Problem } from '../problem.ts';
import { printable } from './output.ts';

/** A pasted id may bring along the punctuation of its sentence. */
const PUNCTUATION = /[.,;:!?]$/;

/** The error for an id without a record. */
export function notFound(kind: string, id: string): Problem {
  const hint = PUNCTUATION.test(id) ? ` (is the "${id.at(-1)}" at the end part of the id?)` : '';
  return new Problem(`there is no ${kind} ${printable(id)}${hint}`);
}
