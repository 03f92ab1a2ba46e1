/**
 * Ids that would be mistaken for an option of a command, or for a formula or a number in a spreadsheet. One in 64 base64url texts
 * begins with a dash.
 */
const MISTAKABLE = /^[-=+@]|^\d+(e\d+)?$/i;

/** Whether an id can be pasted into a command line and a spreadsheet. */
export const isPlainId = (id: string): boolean => !MISTAKABLE.test(id);

/** An attempt fails one time in 64, all of them with a probability below 2^-119. */
const ATTEMPTS = 20;

/**
 * Calls `make` until the result has a plain id. Every id that this service chooses is made here.
 * @throws Error when no attempt gives one, so `make` cannot be random
 */
export function withPlainId<Made>(make: () => Made, idOf: (made: Made) => string): Made {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const made = make();
    if (isPlainId(idOf(made))) return made;
  }
  throw new Error('no plain id could be made');
}
