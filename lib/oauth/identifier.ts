const IDENTIFIER = /^[\x21\x22\x24-\x7e]{1,255}$/;

/**
 * Whether a text can be the id of a client or resource server: visible ASCII without `#`, so that it fits a key, a header
 * and a resource indicator, which has no fragment (RFC 8707 section 2).
 */
export const isIdentifier = (text: string): boolean => IDENTIFIER.test(text);
