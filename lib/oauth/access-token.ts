/** How an access token is made. Not the "token type", which is always `Bearer`. */
export const accessTokenFormats = ['jwt', 'reference'] as const;

export type AccessTokenFormatName = (typeof accessTokenFormats)[number];

/** How old the copy of the revocation list may be for each access token format, in seconds; 0 = strict. */
export type RevocationMaxAge = Readonly<Record<AccessTokenFormatName, number>>;

/** Whatever the format, revoked means refused from the next request on. */
export const STRICT: RevocationMaxAge = { jwt: 0, reference: 0 };

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
  /** The key that made it: the signing key's `kid`, or the id of the handle key. */
  readonly key: string;
}

/** The members of `aud` as a list. RFC 7519 section 4.1.3. */
export const audiences = (aud: string | readonly string[]): readonly string[] =>
  typeof aud === 'string' ? [aud] : aud;
