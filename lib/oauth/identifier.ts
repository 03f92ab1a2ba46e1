const IDENTIFIER = /^[\x21\x22\x24-\x7e]{1,255}$/;

/**
 * Whether a text can be the id of a client or resource server: visible ASCII without `#`, so that it fits a key, a header
 * and a resource indicator, which has no fragment (RFC 8707 section 2).
 */
export const isIdentifier = (text: string): boolean => IDENTIFIER.test(text);

/** What an identifier ends with that was copied from a sentence, or with its quotes. */
const PUNCTUATION = /[.,;:!?'")>\]}]$/;

/** Segments that programs remove from a path. RFC 3986 section 5.2.4 */
const DOT_SEGMENT = /(^|\/)\.{1,2}(\/|$)/;

/**
 * Whether a text can be the id of a new client or resource server. Stricter than `isIdentifier`: the text must not be mistakable
 * for an option or a formula by its beginning, for part of a sentence by its end, or for another path by its dots.
 */
export const isNewIdentifier = (text: string): boolean =>
  isIdentifier(text) && /^\w/.test(text) && !PUNCTUATION.test(text) && !DOT_SEGMENT.test(text);

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
