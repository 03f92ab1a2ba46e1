/**
 * What an id can be mistaken for where people paste it: an option of a command, a formula or a number in a spreadsheet.
 * One in 64 base64url texts begins with a dash.
 */
const MISTAKABLE = /^[-=+@]|^\d+(e\d+)?$/i;

/** Whether an id is taken for nothing but an id on a command line and in a spreadsheet. */
export const isPlainId = (id: string): boolean => !MISTAKABLE.test(id);

/** If each attempt fails one time in 64, all of these fail together less than once in 2^120. */
const ATTEMPTS = 20;

/**
 * Makes something anew until its id is plain. Every id that this service makes, and can choose, is made here.
 * @throws Error when `make` does not seem to be random
 */
export function withPlainId<Made>(make: () => Made, idOf: (made: Made) => string): Made {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const made = make();
    if (isPlainId(idOf(made))) return made;
  }
  throw new Error('no plain id could be made');
}
