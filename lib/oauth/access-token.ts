/** The formats whose tokens are signed by a signing key, and verified by its public half. */
const signedFormats = ['jwt', 'encrypted_jwt'] as const;

/** The formats whose tokens hold their claims themselves: nothing but the revocation list is asked about them. */
const selfContainedFormats = [...signedFormats, 'sealed'] as const;

/** How an access token is made. Not the "token type", which is always `Bearer`. */
export const accessTokenFormats = [...selfContainedFormats, 'reference'] as const;

export type AccessTokenFormatName = (typeof accessTokenFormats)[number];

/** The format where neither the client nor its resource servers name one. */
export const DEFAULT_FORMAT: AccessTokenFormatName = 'jwt';

/** Whether a token of this format speaks for itself until it expires, rather than its item in the table for it. */
export const isSelfContained = (format: AccessTokenFormatName): boolean =>
  selfContainedFormats.some((candidate) => candidate === format);

/** Whether a token of this format ends with its signing key. */
export const isSigned = (format: AccessTokenFormatName): boolean =>
  signedFormats.some((candidate) => candidate === format);

/** How old the copy of the revocation list may be for each access token format, in seconds; 0 = strict. */
export type RevocationMaxAge = Readonly<Record<AccessTokenFormatName, number>>;

export const revocationMaxAge = (secondsOf: (format: AccessTokenFormatName) => number): RevocationMaxAge =>
  Object.fromEntries(accessTokenFormats.map((format) => [format, secondsOf(format)])) as RevocationMaxAge;

/** Whatever the format, revoked means refused from the next request on. */
export const STRICT: RevocationMaxAge = revocationMaxAge(() => 0);

/** The claims of an access token of any format, as on the wire. RFC 9068 section 2.2; `grant_id` is ours. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
  readonly client_id: string;
  readonly scope?: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  /** The grant this token came from: it names the whole family of tokens. */
  readonly grant_id: string;
  readonly [extension: string]: unknown;
}

/** An access token whose authenticity has been verified. */
export interface AccessToken {
  readonly format: AccessTokenFormatName;
  readonly claims: AccessTokenClaims;
  /** The key that made it: the signing key's `kid`, or the id of the handle key or sealing key. */
  readonly key: string;
}

/** The members of `aud` as a list. RFC 7519 section 4.1.3. */
export const audiences = (aud: string | readonly string[]): readonly string[] =>
  typeof aud === 'string' ? [aud] : aud;
