const IDENTIFIER = /^(?! )[\x20-\x22\x24-\x7e]{1,255}(?<! )$/;

/**
 * ASCII without `#`, to fit a key, a header and a resource indicator, which has no fragment (RFC 8707 section 2). Only a client that
 * was imported has spaces, inside (RFC 6749 appendix A.1).
 */
export const isIdentifier = (text: string): boolean => IDENTIFIER.test(text);

/** The end of an identifier that was copied with its sentence or quotes. */
const PUNCTUATION = /[.,;:!?'")>\]}]$/;

const DOT_SEGMENT = /(^|\/)\.{1,2}(\/|$)/;

export const isNewIdentifier = (text: string): boolean =>
  isIdentifier(text) && /^\w[^ ]*$/.test(text) && !PUNCTUATION.test(text) && !DOT_SEGMENT.test(text);

/** As an option of a command, or a formula or number in a spreadsheet. One in 64 base64url texts begins with a dash. */
const MISTAKABLE = /^[-=+@]|^\d+(e\d+)?$/i;

/** It can be pasted into a command line or a spreadsheet. */
export const isPlainId = (id: string): boolean => !MISTAKABLE.test(id);

/** One attempt in 64 fails, all of them with a probability below 2^-119. */
const ATTEMPTS = 20;

/** Every id that this service chooses is made here. @throws Error when `make` cannot be random */
export function makeWithPlainId<Made>(make: () => Made, idOf: (made: Made) => string): Made {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const made = make();
    if (isPlainId(idOf(made))) return made;
  }
  throw new Error('no plain id could be made');
}
