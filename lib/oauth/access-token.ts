/** The formats whose tokens are signed with a signing key and verified with its public key. */
const signedFormats = ['jwt', 'encrypted_jwt'] as const;

/** The formats whose tokens contain their claims. Validating them takes no read of the table but the revocation list. */
const selfContainedFormats = [...signedFormats, 'sealed'] as const;

/** The access token formats. Not to be confused with the token type, which is always `Bearer`. */
export const accessTokenFormats = [...selfContainedFormats, 'reference'] as const;

export type AccessTokenFormatName = (typeof accessTokenFormats)[number];

/** The format when neither the client nor its resource servers name one. */
export const DEFAULT_FORMAT: AccessTokenFormatName = 'jwt';

/** Whether tokens in this format contain their claims, instead of referring to an item in the table. */
export const isSelfContained = (format: AccessTokenFormatName): boolean =>
  selfContainedFormats.some((candidate) => candidate === format);

/** Whether tokens in this format become invalid when their signing key is withdrawn. */
export const isSigned = (format: AccessTokenFormatName): boolean =>
  signedFormats.some((candidate) => candidate === format);

/** For each access token format, how old the container's copy of the revocation list may be, in seconds; 0 = strict. */
export type RevocationMaxAge = Readonly<Record<AccessTokenFormatName, number>>;

export const revocationMaxAge = (secondsOf: (format: AccessTokenFormatName) => number): RevocationMaxAge =>
  Object.fromEntries(accessTokenFormats.map((format) => [format, secondsOf(format)])) as RevocationMaxAge;

/** A revoked token of any format is refused from the next request on. */
export const STRICT: RevocationMaxAge = revocationMaxAge(() => 0);

/** The claims of an access token in any format. RFC 9068 section 2.2, and `grant_id`, which is Latchkey's own. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
  readonly client_id: string;
  readonly scope?: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  /** The grant that the token was issued from. */
  readonly grant_id: string;
  readonly [extension: string]: unknown;
}

/** A verified access token. */
export interface AccessToken {
  readonly format: AccessTokenFormatName;
  readonly claims: AccessTokenClaims;
  /** The key that the token was made with: the `kid` of the signing key, or the id of the handle key or sealing key. */
  readonly key: string;
}

/** The members of `aud` as a list. RFC 7519 section 4.1.3. */
export const audiences = (aud: string | readonly string[]): readonly string[] =>
  typeof aud === 'string' ? [aud] : aud;
